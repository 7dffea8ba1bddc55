package bundle

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/releve-sante/releve/installer/durable"
)

// Files implements backend.Base. The version in use comes before one that is
// kept.
func (b *Backend) Files(_ context.Context, component, version string) (fs.FS, error) {
	if err := durable.CheckPlain(component); err != nil {
		return nil, err
	}
	current, err := b.current(component)
	if err != nil {
		return nil, err
	}
	ids, err := b.ids(component)
	if err != nil {
		return nil, err
	}
	found := ""
	for _, id := range ids {
		if b.exists(stagingOf(id)) { // only prepared
			continue
		}
		if in, err := b.readInfo(component, id); err == nil && in.Version == version && found != current {
			found = id
		}
	}
	if found == "" {
		return nil, fmt.Errorf("%q %s is not on this machine: %w", component, version, fs.ErrNotExist)
	}
	return tree{b.dir, treeOf(component, found)}, nil
}

// tree is the directory of a version as a file system of regular files.
type tree struct {
	dir durable.Dir
	at  string
}

// Open implements fs.FS. It looks at every element of the way, so that a link
// that somebody put into the tree is no way.
func (t tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if err := t.expect(name[:i], fs.ModeDir); err != nil {
			return nil, err
		}
	}
	if err := t.expect(name, 0); err != nil {
		return nil, err
	}
	return t.dir.OpenFile(path.Join(t.at, name), os.O_RDONLY, 0)
}

// expect refuses what is of another type.
func (t tree) expect(name string, kind fs.FileMode) error {
	info, err := t.dir.Lstat(path.Join(t.at, name))
	if err != nil {
		return err
	}
	if info.Mode().Type() != kind {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return nil
}
