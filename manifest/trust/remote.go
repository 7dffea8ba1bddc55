package trust

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Option changes how a Remote over HTTP behaves.
type Option func(*settings)

type settings struct {
	stall       time.Duration
	forbidden   bool
	authorities *x509.CertPool // nil: those of the system
	proxy       ProxyFinder
	login       func(scheme, host string) (Tokens, error) // nil: no log-in of the system
}

// Stall sets how long a body may be silent before it is given up; 30 s
// unless told.
func Stall(d time.Duration) Option { return func(s *settings) { s.stall = d } }

// ForbiddenIsMissing takes the status 403 for "no such file". Buckets whose
// content may not be listed answer so, and without this the chain of roots
// never ends there.
func ForbiddenIsMissing() Option { return func(s *settings) { s.forbidden = true } }

// NewRemote makes a Remote from what a person wrote: an http or https URL, a
// directory, such as a USB stick or a share, or a bundle file.
func NewRemote(urlOrDir string, options ...Option) (Remote, error) {
	scheme, _, isURL := strings.Cut(urlOrDir, "://")
	switch {
	case !isURL && isFile(urlOrDir):
		return NewBundle(urlOrDir)
	case !isURL:
		return NewFolder(urlOrDir)
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return NewHTTP(urlOrDir, options...)
	}
	return nil, fmt.Errorf("repository %q: want http, https, a directory or a bundle file", Address(urlOrDir))
}

// isFile reports whether path is there and is no directory.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// Address gives what a person wrote without the password of a URL.
func Address(urlOrDir string) string {
	if !strings.Contains(urlOrDir, "://") {
		return urlOrDir
	}
	u, err := url.Parse(urlOrDir)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}

// folder is a Remote over a directory. It opens the directory anew for every
// file, so that a stick may be pulled and put back.
type folder struct{ dir string }

// NewFolder makes a Remote from a directory with a repository in it, which
// must exist.
func NewFolder(dir string) (Remote, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("repository %q: %w", dir, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, &Error{Reason: CodeUnreachable, File: abs, Cause: err}
	}
	if !info.IsDir() {
		return nil, &Error{Reason: CodeUnreachable, File: abs, Expected: "a directory", Found: "a file"}
	}
	return folder{abs}, nil
}

// Open implements Remote.
func (f folder) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		// A stick that is gone is no repository without this file.
		return nil, 0, &Error{Reason: CodeUnreachable, File: f.dir, Cause: errors.New(err.Error())}
	}
	file, err := openRegular(root, filepath.FromSlash(name), offset)
	if errors.Is(err, fs.ErrNotExist) {
		err = f.missing(root, name, err)
	}
	if closed := root.Close(); err == nil {
		err = closed
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, err
	case err != nil:
		return nil, 0, &Error{Reason: CodeUnreachable, File: filepath.Join(f.dir, name), Cause: err}
	}
	return medium{file, file, f.dir}, offset, nil
}

// missing says what a folder that is a bundle was made for.
func (f folder) missing(root *os.Root, name string, err error) error {
	if !strings.HasPrefix(name, "targets/") {
		return err
	}
	file, bad := openRegular(root, BundleInfoName, 0)
	if bad != nil {
		return err
	}
	data, bad := io.ReadAll(io.LimitReader(file, maxBundleInfo))
	var info BundleInfo
	if errors.Join(bad, file.Close(), json.Unmarshal(data, &info)) != nil || info.Schema == 0 {
		return err
	}
	return notThere(f.dir, name, info)
}

// openRegular refuses anything but a regular file before it opens it: to open
// a pipe would wait for ever.
func openRegular(root *os.Root, name string, offset int64) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", name)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
