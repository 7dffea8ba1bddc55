package durabletest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/releve-sante/releve/installer/durable"
)

// OpenFile implements durable.Dir. Creating a file is an operation, and so is
// emptying one that is not empty.
func (d *Disk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	exclusive := flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL
	w, err := d.walk("open", name, !exclusive)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (durable.File, error) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	switch {
	case w.node == nil && flag&os.O_CREATE == 0:
		return fail(fs.ErrNotExist)
	case w.node != nil && exclusive:
		return fail(fs.ErrExist)
	case w.node != nil && w.node.isDir() && (writes || flag&os.O_CREATE != 0):
		return fail(errIsDir)
	case w.node == nil:
		w.node = &node{mode: perm.Perm()}
		if err := d.do("create", name, false, func() { d.record(slot{w.dir, w.name, w.node}) }); err != nil {
			return nil, err
		}
	case flag&os.O_TRUNC != 0 && len(w.node.data) > 0:
		if err := d.do("truncate", name, false, func() { w.node.data, w.node.shared = nil, false }); err != nil {
			return nil, err
		}
	}
	return &file{disk: d, node: w.node, name: name, flag: flag}, nil
}

// Mkdir implements durable.Dir.
func (d *Disk) Mkdir(name string, perm fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdir(name, perm)
}

func (d *Disk) mkdir(name string, perm fs.FileMode) error {
	w, err := d.walk("mkdir", name, false)
	if err != nil {
		return err
	}
	if w.node != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	return d.do("mkdir", name, false, func() { d.record(slot{w.dir, w.name, newDir(perm)}) })
}

// MkdirAll implements durable.Dir. Each directory it creates is an operation.
// Unlike durable.Root it never creates what a dangling link leads to.
func (d *Disk) MkdirAll(name string, perm fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdirAll(name, perm)
}

func (d *Disk) mkdirAll(name string, perm fs.FileMode) error {
	n, err := d.lookup("mkdir", name)
	switch {
	case err == nil && n.isDir():
		return nil
	case err == nil:
		if n, err := d.entry("mkdir", name); err == nil && !n.isLink() {
			return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
		}
		return &fs.PathError{Op: "mkdir", Path: name, Err: errNotDir}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := d.mkdirAll(path.Dir(name), perm); errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "mkdir", Path: name, Err: errNotDir}
	} else if err != nil {
		return err
	}
	return d.mkdir(name, perm)
}

// Rename implements durable.Dir.
func (d *Disk) Rename(oldname, newname string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	fail := func(name string, err error) error { return &fs.PathError{Op: "rename", Path: name, Err: err} }
	to, toErr := d.walk("rename", newname, false)
	if toErr == nil && to.node != nil && to.node.isDir() {
		return fail(newname, fs.ErrExist)
	}
	from, err := d.walk("rename", oldname, false)
	if err != nil {
		return err
	}
	if toErr != nil {
		return toErr
	}
	switch {
	case from.node == nil:
		return fail(oldname, fs.ErrNotExist)
	case from.dir == nil:
		return fail(oldname, fs.ErrInvalid)
	case to.node != nil && from.node.isDir():
		return fail(newname, errNotDir)
	case from.node.isDir() && contains(from.node, to.dir):
		return fail(newname, fs.ErrInvalid)
	case from.node == to.node:
		return d.do("rename", oldname+" "+newname, false, func() {})
	}
	return d.do("rename", oldname+" "+newname, false, func() {
		d.record(slot{from.dir, from.name, nil}, slot{to.dir, to.name, from.node})
	})
}

// contains tells whether directory inner is outer or somewhere below it.
func contains(outer, inner *node) bool {
	found := false
	outer.visit(func(n *node) { found = found || n == inner })
	return found
}

// Symlink implements durable.Dir.
func (d *Disk) Symlink(oldname, newname string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.walk("symlink", newname, false)
	if err != nil {
		return err
	}
	if w.node != nil {
		return &fs.PathError{Op: "symlink", Path: newname, Err: fs.ErrExist}
	}
	link := &node{mode: fs.ModeSymlink | 0o777, target: oldname}
	return d.do("symlink", newname, false, func() { d.record(slot{w.dir, w.name, link}) })
}

// Remove implements durable.Dir.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.walk("remove", name, false)
	switch {
	case err != nil:
		return err
	case w.node == nil:
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	case w.dir == nil:
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrInvalid}
	case w.node.isDir() && len(w.node.entries) > 0:
		return &fs.PathError{Op: "remove", Path: name, Err: errNotEmpty}
	}
	return d.remove(w.dir, w.name, name)
}

// RemoveAll implements durable.Dir. Each entry it removes is an operation.
func (d *Disk) RemoveAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.walk("remove", name, false)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && w.node == nil:
		return nil
	case err != nil:
		return err
	case w.dir == nil:
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrInvalid}
	}
	return d.removeAll(w.dir, w.name, name)
}

func (d *Disk) removeAll(dir *node, name, full string) error {
	n := dir.entries[name]
	for _, child := range slices.Sorted(maps.Keys(n.entries)) {
		if err := d.removeAll(n, child, full+"/"+child); err != nil {
			return err
		}
	}
	return d.remove(dir, name, full)
}

func (d *Disk) remove(dir *node, name, full string) error {
	return d.do("remove", full, false, func() { d.record(slot{dir, name, nil}) })
}
