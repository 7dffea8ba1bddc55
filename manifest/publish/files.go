package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// metadataLimit is the most a metadata file or a document may have, in bytes;
// clients have the same limit.
const metadataLimit = 8 << 20

// files writes below one directory so that a name holds either its old
// content or all of the new one, also after a power cut.
type files struct {
	root *os.Root
	// before, if not nil, is asked before each rename, and its error ends the
	// write there. Tests stop the program with it.
	before func(name string) error
}

func (f files) read(name string) ([]byte, error) { return f.readUpTo(name, metadataLimit) }

// readUpTo reads a file that has at most limit bytes.
func (f files) readUpTo(name string, limit int64) ([]byte, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("reading %q: more than %d bytes", name, limit)
	}
	return data, nil
}

func (f files) write(name string, data []byte, perm fs.FileMode) error {
	return f.copy(name, bytes.NewReader(data), perm)
}

// copy writes everything in r under name: temporary file, sync, rename, sync
// of the directory.
func (f files) copy(name string, r io.Reader, perm fs.FileMode) error {
	dir := path.Dir(name)
	if err := f.root.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making directory %q: %w", dir, err)
	}
	temporary := path.Join(dir, ".new-"+path.Base(name))
	if err := f.fill(temporary, r, perm); err != nil {
		_ = f.root.Remove(temporary) // it is of no use, and the next write replaces it
		return fmt.Errorf("writing %q: %w", name, err)
	}
	if f.before != nil {
		if err := f.before(name); err != nil {
			return err
		}
	}
	if err := f.root.Rename(temporary, name); err != nil {
		_ = f.root.Remove(temporary)
		return fmt.Errorf("putting %q in its place: %w", name, err)
	}
	return f.syncDir(dir)
}

// WriteFile writes a file so that name holds either its old content or all of
// the new one, also after a power cut.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return errors.Join(files{root: root}.write(filepath.Base(name), data, perm), root.Close())
}

func (f files) fill(name string, r io.Reader, perm fs.FileMode) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, r); err != nil {
		return errors.Join(err, file.Close())
	}
	// The rename is protected by the file system's own journal, the content
	// is not: it has to be on the disk first.
	if err := file.Sync(); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}
