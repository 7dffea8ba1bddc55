package backendtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// Package is a package in memory.
type Package struct {
	name     string
	data     []byte
	sha256   string
	unpacked int64
	entries  int64
}

// Archive makes a tar.gz package of files, path to content. A path below bin/
// is executable.
func Archive(name string, files map[string]string) *Package {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	p := &Package{name: name}
	dirs := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		mode := int64(0o644)
		if strings.HasPrefix(file, "bin/") {
			mode = 0o755
		}
		for i, c := range file {
			if c == '/' {
				dirs[file[:i]] = true
			}
		}
		// Writing to memory cannot fail, and a wrong size would fail in Unpack.
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: file, Mode: mode, Size: int64(len(files[file]))})
		_, _ = w.Write([]byte(files[file]))
		p.unpacked += int64(len(files[file]))
		p.entries++
	}
	_, _ = w.Close(), z.Close()
	p.data = out.Bytes()
	sum := sha256.Sum256(p.data)
	p.sha256 = hex.EncodeToString(sum[:])
	p.entries += int64(len(dirs))
	return p
}

// Name implements backend.Package.
func (p *Package) Name() string { return p.name }

// Open implements backend.Package.
func (p *Package) Open() (backend.PackageFile, error) {
	return packageFile{bytes.NewReader(p.data)}, nil
}

type packageFile struct{ *bytes.Reader }

func (packageFile) Close() error { return nil }

// Artifact describes the package as a release would, as the file dir/name.
func (p *Package) Artifact(dir string) manifest.Artifact {
	return manifest.Artifact{
		Path:     dir + "/" + p.name,
		Length:   int64(len(p.data)),
		SHA256:   p.sha256,
		Unpacked: p.unpacked,
		Entries:  p.entries,
	}
}

// Store holds packages for the engine: some on the disk, the others to fetch.
type Store struct {
	mu      sync.Mutex
	remote  map[string]*Package // by digest
	held    map[string]bool
	Fetches int   // calls of Fetch that had to move bytes
	Fail    error // returned by the next calls of Fetch

	Deltas   map[string]map[string]string // digest of a delta to the files it needs, by path
	Rebuilds int                          // calls of Rebuild that made a package
}

// NewStore returns a store that can fetch the given packages.
func NewStore(packages ...*Package) *Store {
	s := &Store{remote: map[string]*Package{}, held: map[string]bool{}}
	for _, p := range packages {
		s.remote[p.sha256] = p
	}
	return s
}

// Fetch implements installer.Packages.
func (s *Store) Fetch(ctx context.Context, a manifest.Artifact, watch backend.Watch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[a.SHA256] {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Fail != nil {
		return s.Fail
	}
	if s.remote[a.SHA256] == nil {
		return fmt.Errorf("fetching %q: %w", a.Path, fs.ErrNotExist)
	}
	s.Fetches++
	watch.Progress(a.Length, a.Length)
	s.held[a.SHA256] = true
	return nil
}

// Rebuild implements installer.Packages. It gives the package when the files
// that the delta needs are what they should be.
func (s *Store) Rebuild(ctx context.Context, a manifest.Artifact, d manifest.Delta, base fs.FS, watch backend.Watch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.remote[a.SHA256] == nil || s.Deltas[d.SHA256] == nil {
		return fmt.Errorf("fetching delta %q: %w", d.Path, fs.ErrNotExist)
	}
	watch.Progress(d.Length, d.Length)
	for name, want := range s.Deltas[d.SHA256] {
		got, err := fs.ReadFile(base, name)
		if err != nil {
			return fmt.Errorf("rebuilding %q: %w", a.Path, err)
		}
		if string(got) != want {
			return fmt.Errorf("rebuilding %q: %q is another file", a.Path, name)
		}
	}
	s.Rebuilds++
	s.held[a.SHA256] = true
	return nil
}

// Package implements installer.Packages.
func (s *Store) Package(a manifest.Artifact) (backend.Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[a.SHA256] {
		return nil, fmt.Errorf("package %q: %w", a.Path, fs.ErrNotExist)
	}
	return s.remote[a.SHA256], nil
}

// Has implements installer.Packages.
func (s *Store) Has(a manifest.Artifact) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[a.SHA256]
}

// Forget makes the store hold nothing.
func (s *Store) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.held)
}

// Broken is a package whose bytes are not what its name says.
func Broken(name string) *Package {
	return &Package{name: name, data: []byte("<html>not an archive</html>")}
}
