package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Root is a Dir on a real file system. Names are resolved by os.Root, so that
// links inside it lead nowhere outside.
type Root struct {
	root *os.Root
}

var _ Dir = (*Root)(nil)

// Open returns the directory at osPath, an operating system path, and creates
// it (0700, with its parents) when it is missing. The caller closes it.
func Open(osPath string) (*Root, error) {
	if err := os.MkdirAll(osPath, 0o700); err != nil {
		return nil, fmt.Errorf("create directory %q: %w", osPath, err)
	}
	root, err := os.OpenRoot(osPath)
	if err != nil {
		return nil, fmt.Errorf("open directory %q: %w", osPath, err)
	}
	return &Root{root}, nil
}

// Close gives the directory back. Files opened through it stay open.
func (r *Root) Close() error { return r.root.Close() }

// Path returns the operating system path of name, for programs that cannot
// be handed a Dir. Nothing keeps such a path inside the root.
func (r *Root) Path(name string) string {
	return filepath.Join(r.root.Name(), filepath.FromSlash(name))
}

// OpenFile opens name as os.OpenFile does. Its Sync makes the content
// durable, not the entry of a new file: that is SyncDir.
func (r *Root) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if err := check("open", name); err != nil {
		return nil, err
	}
	f, err := r.root.OpenFile(filepath.FromSlash(name), flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Mkdir creates the directory name, whose parent exists.
func (r *Root) Mkdir(name string, perm fs.FileMode) error {
	if err := check("mkdir", name); err != nil {
		return err
	}
	return r.root.Mkdir(filepath.FromSlash(name), perm)
}

// MkdirAll creates the directory name with its parents. That it exists
// already is no error.
func (r *Root) MkdirAll(name string, perm fs.FileMode) error {
	if err := check("mkdir", name); err != nil {
		return err
	}
	return r.root.MkdirAll(filepath.FromSlash(name), perm)
}

// Rename gives oldname the name newname, in place of a file or link that had
// it. A directory in the way is an error that wraps fs.ErrExist. On Windows a
// file held open by another program, such as a virus scanner, is tried again
// for about two seconds.
func (r *Root) Rename(oldname, newname string) error {
	if err := errors.Join(check("rename", oldname), check("rename", newname)); err != nil {
		return err
	}
	if info, err := r.root.Lstat(filepath.FromSlash(newname)); err == nil && info.IsDir() {
		return &fs.PathError{Op: "rename", Path: newname, Err: fs.ErrExist}
	}
	return insist(func() error {
		return r.root.Rename(filepath.FromSlash(oldname), filepath.FromSlash(newname))
	})
}

// Remove removes a file, a link or an empty directory.
func (r *Root) Remove(name string) error {
	if err := check("remove", name); err != nil {
		return err
	}
	return insist(func() error { return r.root.Remove(filepath.FromSlash(name)) })
}

// RemoveAll removes name and everything below it, without following links.
// That it does not exist is no error. It cannot remove "." itself.
func (r *Root) RemoveAll(name string) error {
	if err := check("remove", name); err != nil {
		return err
	}
	if name == "." {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrInvalid}
	}
	return insist(func() error { return r.root.RemoveAll(filepath.FromSlash(name)) })
}

// Symlink creates newname as a link to oldname, which is relative to the
// directory of newname.
func (r *Root) Symlink(oldname, newname string) error {
	if err := check("symlink", newname); err != nil {
		return err
	}
	return r.root.Symlink(filepath.FromSlash(oldname), filepath.FromSlash(newname))
}

// Readlink returns what the link name holds, slash-separated.
func (r *Root) Readlink(name string) (string, error) {
	if err := check("readlink", name); err != nil {
		return "", err
	}
	target, err := r.root.Readlink(filepath.FromSlash(name))
	return filepath.ToSlash(target), err
}

// Lstat describes name, and a link itself where name is one.
func (r *Root) Lstat(name string) (fs.FileInfo, error) {
	if err := check("lstat", name); err != nil {
		return nil, err
	}
	return r.root.Lstat(filepath.FromSlash(name))
}

// ReadDir returns the entries of the directory name, sorted by name.
func (r *Root) ReadDir(name string) (entries []fs.DirEntry, err error) {
	if err := check("readdir", name); err != nil {
		return nil, err
	}
	dir, err := r.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	entries, err = dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, errors.Join(err, dir.Close())
}

// SyncDir makes the entries of the directory name durable, as far as the
// system can: see flushDir for each.
func (r *Root) SyncDir(name string) error {
	if err := check("sync directory", name); err != nil {
		return err
	}
	dir, err := r.openDir("sync directory", name)
	if err != nil {
		return err
	}
	return errors.Join(flushDir(dir), dir.Close())
}

// SyncTree makes everything below name durable: see flushTree for each system.
func (r *Root) SyncTree(name string) error {
	if err := check("sync tree", name); err != nil {
		return err
	}
	return r.flushTree(name)
}

// openDir opens a directory and refuses anything else.
func (r *Root) openDir(op, name string) (*os.File, error) {
	dir, err := r.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	info, err := dir.Stat()
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// check refuses a name that CheckPath refuses, as the error of operation op.
func check(op, name string) error {
	if CheckPath(name) != nil {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}
