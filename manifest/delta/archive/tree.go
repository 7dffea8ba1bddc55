package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is what a tar installs, in memory. It is the base of a delta where the
// delta is made and tried; on a workstation the base is on the disk. As a
// file system it holds files only.
type Tree struct {
	files    map[string][]byte
	byDigest map[[sha256.Size]byte]string // the path that is first in the alphabet
	byName   map[string][]string          // by the last name, digits folded
}

// ReadTree reads a tar whose files have at most limit bytes together.
func ReadTree(ctx context.Context, r io.Reader, limit int64) (*Tree, error) {
	t := &Tree{files: map[string][]byte{}, byDigest: map[[sha256.Size]byte]string{}, byName: map[string][]string{}}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			t.index()
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		name := installed(h.Name)
		if h.Typeflag != tar.TypeReg || name == "" {
			continue
		}
		if limit -= h.Size; limit < 0 {
			return nil, &TooLargeError{Name: name}
		}
		if t.files[name], err = content(ctx, in, h.Size); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	}
}

// TooLargeError says that an archive has more content than deltas are made
// for. Name is the file that was too much.
type TooLargeError struct{ Name string }

// Error implements error.
func (e *TooLargeError) Error() string { return fmt.Sprintf("%q: too large for a delta", e.Name) }

// content reads a file of an archive.
func content(ctx context.Context, r io.Reader, size int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err := io.ReadFull(r, data)
	return data, err
}

// index prepares the search for a base.
func (t *Tree) index() {
	for name, data := range t.files {
		sum := sha256.Sum256(data)
		if other, ok := t.byDigest[sum]; !ok || name < other {
			t.byDigest[sum] = name
		}
		last := folded(path.Base(name))
		t.byName[last] = append(t.byName[last], name)
	}
	for _, names := range t.byName {
		slices.Sort(names)
	}
}

// folded is a name without what a version in it changes.
func folded(name string) string {
	var b strings.Builder
	digits := false
	for _, c := range []byte(name) {
		if '0' <= c && c <= '9' || digits && c == '.' {
			digits = true
			continue
		}
		if digits {
			b.WriteByte('0')
			digits = false
		}
		b.WriteByte(c)
	}
	return b.String()
}

// same returns the path of a file with this content, name itself if possible,
// "" for none.
func (t *Tree) same(name string, data []byte) string {
	if old, ok := t.files[name]; ok && bytes.Equal(old, data) {
		return name
	}
	return t.byDigest[sha256.Sum256(data)]
}

// like returns the path of the file that was most likely name before: the
// same path, else the same last name, numbers aside, in the directory that
// has most in common; "" for none.
func (t *Tree) like(name string) string {
	if _, ok := t.files[name]; ok {
		return name
	}
	best, most := "", -1
	for _, other := range t.byName[folded(path.Base(name))] {
		if n := inCommon(folded(other), folded(name)); n > most {
			best, most = other, n
		}
	}
	return best
}

// inCommon counts the elements that two paths share at their ends.
func inCommon(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < min(len(as), len(bs)) && as[len(as)-1-n] == bs[len(bs)-1-n] {
		n++
	}
	return n
}

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	data, ok := t.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &treeFile{bytes.NewReader(data), path.Base(name)}, nil
}

// treeFile is an open file of a Tree, and what is known about it.
type treeFile struct {
	*bytes.Reader
	name string
}

func (f *treeFile) Close() error               { return nil }
func (f *treeFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *treeFile) Name() string               { return f.name }
func (f *treeFile) Mode() fs.FileMode          { return 0o444 }
func (f *treeFile) ModTime() time.Time         { return time.Time{} }
func (f *treeFile) IsDir() bool                { return false }
func (f *treeFile) Sys() any                   { return nil }
