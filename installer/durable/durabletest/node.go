package durabletest

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"
)

var (
	errNotDir  = syscall.ENOTDIR
	errEscapes = errors.New("path escapes from parent")
)

// node is a file, a directory or a link, seen twice: as programs see it now
// and as it is on the platters.
type node struct {
	mode fs.FileMode

	entries, durable map[string]*node // directory
	target           string           // link

	data, synced []byte // file
	shared       bool   // data belongs to others too: copy before writing
}

func newDir(perm fs.FileMode) *node {
	return &node{mode: fs.ModeDir | perm.Perm(), entries: map[string]*node{}, durable: map[string]*node{}}
}

func (n *node) isDir() bool  { return n.mode.IsDir() }
func (n *node) isLink() bool { return n.mode&fs.ModeSymlink != 0 }

// sync makes the content of a file durable.
func (n *node) sync() {
	n.synced, n.shared = n.data, true
}

// own makes data writable up to size bytes.
func (n *node) own(size int) {
	if n.shared {
		n.data, n.shared = bytes.Clone(n.data), false
	}
	if size > len(n.data) {
		n.data = append(n.data, make([]byte, size-len(n.data))...)
	}
}

// visit calls f for n and everything a program can see below it.
func (n *node) visit(f func(*node)) {
	f(n)
	for _, child := range n.entries {
		child.visit(f)
	}
}

// change is one atomic change of entries: a creation, a removal, or both
// halves of a rename.
type change []slot

// slot is one entry of a directory and what it names after the change; nil
// for nothing.
type slot struct {
	dir   *node
	name  string
	after *node
}

// record makes c visible and remembers that no sync covers it.
func (d *Disk) record(c ...slot) {
	for _, s := range c {
		put(s.dir.entries, s)
	}
	d.pending = append(d.pending, c)
}

func put(entries map[string]*node, s slot) {
	if s.after == nil {
		delete(entries, s.name)
	} else {
		entries[s.name] = s.after
	}
}

// settle makes durable every pending change in one of dirs, and every earlier
// one that such a change builds on because it is of the same entry.
func (d *Disk) settle(dirs map[*node]bool) {
	d.keep(func(c change) bool {
		return slices.ContainsFunc(c, func(s slot) bool { return dirs[s.dir] })
	})
}

// keep makes durable the pending changes that want picks, with those they
// build on.
func (d *Disk) keep(want func(change) bool) {
	type entry struct {
		dir  *node
		name string
	}
	picked, needed := make([]bool, len(d.pending)), map[entry]bool{}
	for i, c := range slices.Backward(d.pending) {
		picked[i] = want(c) || slices.ContainsFunc(c, func(s slot) bool { return needed[entry{s.dir, s.name}] })
		if picked[i] {
			for _, s := range c {
				needed[entry{s.dir, s.name}] = true
			}
		}
	}
	rest := d.pending[:0]
	for i, c := range d.pending {
		if !picked[i] {
			rest = append(rest, c)
			continue
		}
		for _, s := range c {
			put(s.dir.durable, s)
		}
	}
	clear(d.pending[len(rest):])
	d.pending = rest
}

// info describes a node under the name it has.
func (n *node) info(name string) fs.FileInfo {
	return info{name: name, mode: n.mode, size: int64(len(n.data))}
}

type info struct {
	name string
	mode fs.FileMode
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
