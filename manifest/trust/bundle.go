package trust

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// BundleInfoName is the file of a bundle that says what was put into it. It
// is not signed: it serves for sentences, and nothing is decided by it.
const BundleInfoName = "bundle.json"

// BundleInfo is the content of BundleInfoName.
type BundleInfo struct {
	Schema     int      `json:"schema"` // 1
	Channels   []string `json:"channels,omitempty"`
	Platforms  []string `json:"platforms,omitempty"`  // none: all
	Components []string `json:"components,omitempty"` // none: all
}

// Bounds of a bundle file. A repository of thousands of releases stays below.
const (
	maxBundleFiles     = 50_000
	maxBundleDirectory = 16 << 20 // bytes of the directory at the end of the file
	maxBundleInfo      = 16 << 10 // bytes
)

// Signatures and sizes of the records at the end of a zip file. Source:
// PKWARE, APPNOTE.TXT, 4.3.14 to 4.3.16.
const (
	endSignature     = 0x06054b50
	end64Signature   = 0x06064b50
	locatorSignature = 0x07064b50
	endLength        = 22
	locatorLength    = 20
	end64Length      = 56
)

// bundle is a Remote over one zip file with the files of a repository in it,
// not compressed, so that any offset can be read. It opens the file anew for
// every file in it, so that a stick may be pulled and put back.
type bundle struct {
	path string

	mu    sync.Mutex
	size  int64     // of the file that was indexed
	time  time.Time // its modification
	at    *lent     // what entries read through
	files map[string]*zip.File
	info  BundleInfo
}

// lent is an io.ReaderAt whose file is exchanged at each opening.
type lent struct{ io.ReaderAt }

// NewBundle makes a Remote from a file that "releve-repo bundle create" made.
// What is in it is as little believed as what a mirror serves.
func NewBundle(file string) (Remote, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("bundle %q: %w", file, err)
	}
	b := &bundle{path: abs}
	f, err := b.open()
	if err != nil {
		return nil, err
	}
	return b, f.Close()
}

// Open implements Remote.
func (b *bundle) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	f, err := b.open()
	if err != nil {
		return nil, 0, err
	}
	start, length, err := b.find(f, name)
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	from := min(offset, length)
	part := io.NewSectionReader(f, start+from, length-from)
	return medium{part, f, b.path}, offset, nil
}

// open opens the file, and reads its directory when it is another one than
// last time.
func (b *bundle) open() (*os.File, error) {
	info, err := os.Stat(b.path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file") // to open a pipe would wait for ever
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(b.path)
	}
	if err != nil {
		// A stick that is gone is no repository without this file.
		return nil, &Error{Reason: CodeUnreachable, File: b.path, Cause: errors.New(err.Error())}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if info, err = f.Stat(); err == nil && b.files != nil && info.Size() == b.size && info.ModTime().Equal(b.time) {
		return f, nil
	}
	if err == nil {
		err = b.index(f, info.Size())
	}
	if err != nil {
		b.files = nil
		return nil, errors.Join(&Error{Reason: CodeBadBundle, File: b.path, Cause: err}, f.Close())
	}
	b.size, b.time = info.Size(), info.ModTime()
	return f, nil
}

// find gives where the content of a file begins, and its length.
func (b *bundle) find(f *os.File, name string) (start, length int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.files[name]
	if entry == nil {
		return 0, 0, notThere(b.path, name, b.info)
	}
	b.at.ReaderAt = f
	length = int64(entry.UncompressedSize64)
	start, err = entry.DataOffset()
	if err == nil && (start < 0 || start > b.size-length) {
		err = fmt.Errorf("%q ends beyond the end of the file", name)
	}
	if err != nil {
		return 0, 0, &Error{Reason: CodeBadBundle, File: b.path, Cause: err}
	}
	return start, length, nil
}

// index reads the directory of the file. archive/zip makes room for as many
// entries as the file announces, and reads as many as there are, so both are
// bounded before and while it does.
func (b *bundle) index(f io.ReaderAt, size int64) error {
	if err := checkEnd(f, size); err != nil {
		return err
	}
	at := &lent{&rationed{f, maxBundleDirectory}}
	z, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return err
	}
	files := make(map[string]*zip.File, len(z.File))
	folded := make(map[string]bool, len(z.File))
	for _, entry := range z.File {
		if err := checkEntry(entry, size); err != nil {
			return err
		}
		if key := strings.ToLower(entry.Name); folded[key] {
			return fmt.Errorf("%q is in it twice", entry.Name)
		} else {
			folded[key] = true
		}
		files[entry.Name] = entry
	}
	at.ReaderAt = f
	b.at, b.files, b.info = at, files, infoIn(files[BundleInfoName])
	return nil
}

// checkEnd looks at the last record of the file, where the number of entries
// stands. A bundle has no comment, so it is known where that is.
func checkEnd(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, endLength+locatorLength+end64Length))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(tail) < endLength {
		return zip.ErrFormat
	}
	end := tail[len(tail)-endLength:]
	if binary.LittleEndian.Uint32(end) != endSignature || binary.LittleEndian.Uint16(end[20:]) != 0 {
		return zip.ErrFormat
	}
	count := uint64(binary.LittleEndian.Uint16(end[10:]))
	if before := tail[:len(tail)-endLength]; len(before) == locatorLength+end64Length {
		end64, locator := before[:end64Length], before[end64Length:]
		if binary.LittleEndian.Uint32(locator) == locatorSignature {
			if binary.LittleEndian.Uint32(end64) != end64Signature ||
				binary.LittleEndian.Uint64(locator[8:]) != uint64(size)-uint64(len(tail)) {
				return zip.ErrFormat
			}
			count = binary.LittleEndian.Uint64(end64[32:])
		}
	}
	if count > maxBundleFiles {
		return fmt.Errorf("%d files, at most %d are accepted", count, maxBundleFiles)
	}
	return nil
}

// checkEntry refuses what no bundle holds. That entries lie over each other
// does no harm: each is read up to its length, and its digest is checked.
func checkEntry(f *zip.File, size int64) error {
	known := f.Name == BundleInfoName || strings.HasPrefix(f.Name, "metadata/") || strings.HasPrefix(f.Name, "targets/")
	switch {
	case !known || !targetPath(f.Name) || !f.Mode().IsRegular():
		return fmt.Errorf("%q does not belong in a bundle", f.Name)
	case f.Method != zip.Store || f.Flags&1 != 0 || f.CompressedSize64 != f.UncompressedSize64:
		return fmt.Errorf("%q is compressed or encrypted", f.Name)
	case f.UncompressedSize64 > uint64(size):
		return fmt.Errorf("%q is longer than the whole file", f.Name)
	}
	return nil
}

// infoIn reads what the bundle says about itself. What cannot be read is as
// good as not there.
func infoIn(f *zip.File) (info BundleInfo) {
	if f == nil || f.UncompressedSize64 > maxBundleInfo {
		return info
	}
	r, err := f.Open()
	if err != nil {
		return info
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBundleInfo))
	if err := errors.Join(err, r.Close()); err != nil || json.Unmarshal(data, &info) != nil {
		return BundleInfo{}
	}
	return info
}

// carried names the bundle in an error about its age: it is no mirror that
// stands still, and somebody has to bring a new one.
func carried(remote Remote, err error) error {
	place := ""
	switch r := remote.(type) {
	case *bundle:
		place = r.path
	case folder:
		if isFile(filepath.Join(r.dir, BundleInfoName)) {
			place = r.dir
		}
	}
	var e *Error
	if place == "" || !errors.As(err, &e) || e.Reason != CodeExpired {
		return err
	}
	named := *e
	named.Reason, named.File, named.Cause = CodeBundleExpired, place, err
	return &named
}

// notThere is the error for a file that a bundle does not hold. For a target
// it says what the bundle was made for, in words of ours only.
func notThere(bundle, name string, info BundleInfo) error {
	missing := fmt.Errorf("%q in bundle %q: %w", name, bundle, fs.ErrNotExist)
	if !strings.HasPrefix(name, "targets/") || info.Schema == 0 {
		return missing
	}
	var held []string
	for _, list := range [][]string{info.Platforms, info.Channels, info.Components} {
		for _, s := range list {
			if roleName(s) && len(held) < 12 {
				held = append(held, s)
			}
		}
	}
	return &Error{
		Reason: CodeNotBundled, File: bundle, Expected: publicName(name),
		Found: strings.Join(held, ", "), Cause: missing,
	}
}

// publicName is the name of a target as its publisher gave it.
func publicName(file string) string {
	dir, base := path.Split(strings.TrimPrefix(file, "targets/"))
	if digest, rest, found := strings.Cut(base, "."); found && len(digest) == 2*sha256.Size {
		base = rest
	}
	return dir + base
}

// rationed ends the reading of a directory that goes on and on.
type rationed struct {
	r    io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (r *rationed) ReadAt(p []byte, offset int64) (int, error) {
	if r.left -= int64(len(p)); r.left < 0 {
		return 0, fmt.Errorf("a directory of more than %d bytes", maxBundleDirectory)
	}
	return r.r.ReadAt(p, offset)
}

// medium is a file on a stick or a share. That it can no longer be read means
// that the stick is gone, and is told so.
type medium struct {
	io.Reader
	io.Closer
	path string
}

// Read implements io.Reader.
func (m medium) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &Error{Reason: CodeGone, File: m.path, Cause: err}
	}
	return n, err
}
