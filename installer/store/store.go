// Package store keeps the packages of releases on the local disk, each under
// the digest that signed metadata gives it: as they were published or, made
// from a delta and installed files, as the tar that is inside.
//
// What it promises:
//   - nothing is handed out that does not have the signed length and digest:
//     bytes are hashed while they are written, and again at each Open;
//   - memory stays the same for any size;
//   - a download that was cut goes on where it stopped, also in the next run;
//   - a server can neither fill the disk nor keep the program waiting: it is
//     read up to one byte beyond the signed length, and given up when it is
//     silent or nearly so.
//
// What it does not do: decide what is trusted. The artifacts it is asked for
// come from verified metadata.
package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	dir        = "store"
	partial    = ".part"
	bufferSize = 256 << 10
)

// Defaults of Config.
const (
	DefaultStall = 30 * time.Second
	DefaultTries = 4
	DefaultPause = 500 * time.Millisecond
)

// Remote is where packages come from.
type Remote interface {
	// Open returns the named file, a slash-separated path in the repository,
	// from start on: start is offset, or 0 when the other side cannot begin
	// in the middle. The error wraps fs.ErrNotExist when the other side says
	// that there is no such file, and only then.
	Open(ctx context.Context, name string, offset int64) (body io.ReadCloser, start int64, err error)
}

// Config is what a Store works with.
type Config struct {
	Dir    durable.Dir   // the state directory; packages lie in store/
	Remote Remote        // nil: nothing can be fetched
	Stall  time.Duration // how long fewer than 4 KiB may arrive; 0 is DefaultStall
	Tries  int           // in a row that bring little or nothing; 0 is DefaultTries
	Pause  time.Duration // before the second try, then growing up to 8 s; 0 is DefaultPause
}

// Store is safe for concurrent use.
type Store struct {
	Config

	mu   sync.Mutex
	busy map[string]chan struct{} // digests being fetched; closed when done
}

// New returns the store in c.Dir. It touches nothing yet.
func New(c Config) *Store {
	if c.Stall <= 0 {
		c.Stall = DefaultStall
	}
	if c.Tries <= 0 {
		c.Tries = DefaultTries
	}
	if c.Pause <= 0 {
		c.Pause = DefaultPause
	}
	return &Store{Config: c, busy: map[string]chan struct{}{}}
}

// file returns where the package with a digest lies.
func file(sha256 string) string { return dir + "/" + sha256 }

// remoteName returns the name of an artifact in a repository with consistent
// snapshots: the digest goes in front of the file name.
func remoteName(a manifest.Artifact) string {
	return path.Join("targets", path.Dir(a.Path), a.SHA256+"."+path.Base(a.Path))
}

// check refuses an artifact that no verified metadata describes.
func check(a manifest.Artifact) error {
	if !isDigest(a.SHA256) || a.Length < 0 || !fs.ValidPath(a.Path) || a.Path == "." {
		return fmt.Errorf("artifact %q with digest %q and length %d: %w", a.Path, a.SHA256, a.Length, fs.ErrInvalid)
	}
	if p := a.Plain; p != nil && (!isDigest(p.SHA256) || p.Length < 0) {
		return fmt.Errorf("tar in artifact %q with digest %q and length %d: %w", a.Path, p.SHA256, p.Length, fs.ErrInvalid)
	}
	return nil
}

func isDigest(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// Has tells whether the package is held in either form, by name and length:
// Open is what hashes it.
func (s *Store) Has(a manifest.Artifact) bool {
	_, held := s.held(a)
	return held
}

// held returns the form in which a package is held.
func (s *Store) held(a manifest.Artifact) (form, bool) {
	if check(a) != nil {
		return form{}, false
	}
	for _, f := range forms(a) {
		info, err := s.Dir.Lstat(file(f.sha256))
		if err == nil && info.Mode().IsRegular() && info.Size() == f.length {
			return f, true
		}
	}
	return form{}, false
}

// Package is a package that was held when Store.Package returned it.
type Package struct {
	s *Store
	a manifest.Artifact
	form
}

// form is one of the forms in which a package can be held.
type form struct {
	name   string // whose ending tells the format
	sha256 string
	length int64
}

// forms lists the forms of a package, the published one first.
func forms(a manifest.Artifact) []form {
	name := path.Base(a.Path)
	all := []form{{name, a.SHA256, a.Length}}
	if a.Plain != nil {
		all = append(all, form{plainName(name), a.Plain.SHA256, a.Plain.Length})
	}
	return all
}

// plainName returns the name of the tar in a package.
func plainName(name string) string {
	if stem, ok := strings.CutSuffix(name, ".tgz"); ok {
		return stem + ".tar"
	}
	return strings.TrimSuffix(name, path.Ext(name)) // .tar.gz, .tar.zst
}

// Package returns the package of an artifact, or an *Error with CodeMissing.
func (s *Store) Package(a manifest.Artifact) (*Package, error) {
	if err := check(a); err != nil {
		return nil, err
	}
	f, ok := s.held(a)
	if !ok {
		return nil, &Error{Reason: CodeMissing, File: a.Path}
	}
	return &Package{s, a, f}, nil
}

// Name returns the file name of the package, as its publisher gave it, or that
// of the tar inside where that is what is held.
func (p *Package) Name() string { return p.name }

// File is an open package.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// Open hashes the package again and returns it at its beginning. What is read
// from the result is what was hashed, since it is the same open file. A
// package with another content is removed, so that it is fetched again, and
// is an *Error with CodeDamaged.
func (p *Package) Open() (File, error) {
	name := file(p.sha256)
	f, err := p.s.Dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &Error{Reason: CodeMissing, File: p.a.Path, Cause: err}
		}
		return nil, fmt.Errorf("open package %q: %w", p.a.Path, err)
	}
	hash := sha256.New()
	n, err := io.CopyBuffer(hash, io.LimitReader(f, p.length+1), make([]byte, bufferSize))
	if err == nil && (n != p.length || !sameDigest(hash.Sum(nil), p.sha256)) {
		err = &Error{
			Reason: CodeDamaged, File: p.a.Path,
			Expected: p.sha256, Found: hex.EncodeToString(hash.Sum(nil)),
		}
		err = errors.Join(err, f.Close(), p.s.Dir.Remove(name))
		return nil, err
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read package %q: %w", p.a.Path, err), f.Close())
	}
	return f, nil
}

// sameDigest compares in constant time, as everything that decides on trust.
func sameDigest(sum []byte, want string) bool {
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum)), []byte(want)) == 1
}

// Digests lists the digests that the package of an artifact can be held under.
func Digests(a manifest.Artifact) []string {
	var all []string
	for _, f := range forms(a) {
		all = append(all, f.sha256)
	}
	return all
}

// Prune removes every package and every unfinished download whose digest is
// not in keep. Not to be called while something is fetched.
func (s *Store) Prune(keep []string) error {
	entries, err := s.Dir.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune the store: %w", err)
	}
	kept := map[string]bool{}
	for _, digest := range keep {
		kept[digest] = true
	}
	var failed []error
	removed := false
	for _, e := range entries {
		if kept[strings.TrimSuffix(e.Name(), partial)] {
			continue
		}
		if err := s.Dir.RemoveAll(file(e.Name())); err != nil {
			failed = append(failed, fmt.Errorf("prune the store: %w", err))
		}
		removed = true
	}
	if removed {
		failed = append(failed, s.Dir.SyncDir(dir))
	}
	return errors.Join(failed...)
}
