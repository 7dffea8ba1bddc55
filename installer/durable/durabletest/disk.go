// Package durabletest is a disk in memory that can lose power at a chosen
// moment, for testing what runs on a durable.Dir.
//
// What it promises: a Disk accepts and refuses what durable.Root does; every
// call that changes something and every sync is one operation, numbered from
// 1; after a power cut (Restart) the new disk holds exactly what was made
// durable and, of the rest, what the chosen Loss keeps. It is the weakest
// disk that a careful program may meet:
//   - the content of a file is durable after its Sync, its entry after a
//     SyncDir of the directory, and neither implies the other;
//   - a rename is atomic, and durable after a SyncDir of either directory;
//   - SyncTree covers what is below its name, not the entry of that name.
package durabletest

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/releve-sante/releve/installer/durable"
)

// ErrPower is the error of every call after the power is gone.
var ErrPower = errors.New("the power is gone")

// Disk is a durable.Dir in memory. It is safe for concurrent use.
type Disk struct {
	mu      sync.Mutex
	root    *node
	pending []change // changes of entries that no sync has covered, in order

	ops   []op
	syncs int
	dead  bool

	cutBefore, cutAfter int
	failAt              map[int]error
}

var _ durable.Dir = (*Disk)(nil)

// op is one counted operation.
type op struct{ what, name string }

// NewDisk returns an empty disk.
func NewDisk() *Disk { return &Disk{root: newDir(0o700)} }

// Ops returns the number of operations so far.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// Syncs returns the number of syncs (of a file, directory or tree) so far.
func (d *Disk) Syncs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// Op describes operation n, counted from 1, for the message of a test; "" when
// there was none.
func (d *Disk) Op(n int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n < 1 || n > len(d.ops) {
		return ""
	}
	return d.ops[n-1].what + " " + d.ops[n-1].name
}

// CutBefore lets the power fail just before operation n, counted from 1 since
// the disk was made: it does not happen.
func (d *Disk) CutBefore(n int) { d.set(func() { d.cutBefore = n }) }

// CutAfter lets the power fail just after operation n: it happens, although
// its caller is told ErrPower.
func (d *Disk) CutAfter(n int) { d.set(func() { d.cutAfter = n }) }

// FailAt makes operation n fail with err, for example syscall.ENOSPC, without
// having happened. The operations after it work.
func (d *Disk) FailAt(n int, err error) {
	d.set(func() {
		if d.failAt == nil {
			d.failAt = map[int]error{}
		}
		d.failAt[n] = err
	})
}

func (d *Disk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// Dead tells whether the power is gone.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// do carries out one counted operation. The caller holds the lock.
func (d *Disk) do(what, name string, isSync bool, change func()) error {
	if d.dead {
		return ErrPower
	}
	n := len(d.ops) + 1
	if n == d.cutBefore {
		d.dead = true
		return ErrPower
	}
	d.ops = append(d.ops, op{what, name})
	if err := d.failAt[n]; err != nil {
		return &fs.PathError{Op: what, Path: name, Err: err}
	}
	if isSync {
		d.syncs++
	}
	change()
	if n == d.cutAfter {
		d.dead = true
		return ErrPower
	}
	return nil
}

// Snapshot returns what a program would see now: the content of each file by
// its path, "-> target" for a link, and "" for a directory, whose path ends in
// a slash.
func (d *Disk) Snapshot() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]string{}
	describe(all, "", d.root)
	return all
}

func describe(all map[string]string, prefix string, dir *node) {
	for name, n := range dir.entries {
		switch {
		case n.isDir():
			all[prefix+name+"/"] = ""
			describe(all, prefix+name+"/", n)
		case n.isLink():
			all[prefix+name] = "-> " + n.target
		default:
			all[prefix+name] = string(n.data)
		}
	}
}

// SyncDir implements durable.Dir.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, err := d.lookup("sync directory", name)
	if err != nil {
		return err
	}
	if !dir.isDir() {
		return &fs.PathError{Op: "sync directory", Path: name, Err: errNotDir}
	}
	return d.do("sync directory", name, true, func() { d.settle(map[*node]bool{dir: true}) })
}

// SyncTree implements durable.Dir.
func (d *Disk) SyncTree(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	top, err := d.lookup("sync tree", name)
	if err != nil {
		return err
	}
	if !top.isDir() {
		return &fs.PathError{Op: "sync tree", Path: name, Err: errNotDir}
	}
	return d.do("sync tree", name, true, func() {
		dirs := map[*node]bool{}
		top.visit(func(n *node) {
			n.sync()
			if n.isDir() {
				dirs[n] = true
			}
		})
		d.settle(dirs)
	})
}

// ReadDir implements durable.Dir.
func (d *Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, err := d.lookup("readdir", name)
	if err != nil {
		return nil, err
	}
	if !dir.isDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errNotDir}
	}
	entries := make([]fs.DirEntry, 0, len(dir.entries))
	for _, child := range slices.Sorted(maps.Keys(dir.entries)) {
		entries = append(entries, fs.FileInfoToDirEntry(dir.entries[child].info(child)))
	}
	return entries, nil
}

// Lstat implements durable.Dir.
func (d *Disk) Lstat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.entry("lstat", name)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(name)), nil
}

// Readlink implements durable.Dir.
func (d *Disk) Readlink(name string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.entry("readlink", name)
	if err != nil {
		return "", err
	}
	if !n.isLink() {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return n.target, nil
}

// entry returns what name names, without following a link it may be.
func (d *Disk) entry(op, name string) (*node, error) {
	w, err := d.walk(op, name, false)
	if err != nil {
		return nil, err
	}
	if w.node == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return w.node, nil
}

// lookup returns what name leads to, links followed.
func (d *Disk) lookup(op, name string) (*node, error) {
	w, err := d.walk(op, name, true)
	if err != nil {
		return nil, err
	}
	if w.node == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return w.node, nil
}

// place is where a name leads: the directory that holds it, the name in it,
// and what is there, nil for nothing.
type place struct {
	dir  *node
	name string
	node *node
}

// walk resolves name inside the root, as os.Root does: links are followed on
// the way, at the end only if follow is set, and none leads outside.
func (d *Disk) walk(op, name string, follow bool) (place, error) {
	fail := func(err error) (place, error) {
		return place{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if d.dead {
		return fail(ErrPower)
	}
	if durable.CheckPath(name) != nil {
		return fail(fs.ErrInvalid)
	}
	rest, links := strings.Split(name, "/"), 0
	trail := []place{{nil, ".", d.root}}
	for len(rest) > 0 {
		at, element := trail[len(trail)-1].node, rest[0]
		rest = rest[1:]
		if at == nil {
			return fail(fs.ErrNotExist)
		}
		if !at.isDir() {
			return fail(errNotDir)
		}
		if element == "." {
			continue
		}
		if element == ".." {
			if len(trail) == 1 {
				return fail(errEscapes)
			}
			trail = trail[:len(trail)-1]
			continue
		}
		n := at.entries[element]
		if n == nil || !n.isLink() || len(rest) == 0 && !follow {
			trail = append(trail, place{at, element, n})
			continue
		}
		if links++; links > maxLinks || path.IsAbs(n.target) {
			return fail(errEscapes)
		}
		rest = append(strings.Split(n.target, "/"), rest...)
	}
	return trail[len(trail)-1], nil
}

// maxLinks bounds the links of one name, as systems do.
const maxLinks = 40
