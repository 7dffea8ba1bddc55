package durabletest

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
)

// Loss says what a power cut does to what no sync has covered.
type Loss struct {
	kind lossKind
	seed uint64
}

type lossKind int

const (
	keepAll lossKind = iota
	loseAll
	loseSome
	killed
)

// KeepAll keeps everything, and it is durable from then on.
func KeepAll() Loss { return Loss{kind: keepAll} }

// LoseAll loses everything that no sync has covered.
func LoseAll() Loss { return Loss{kind: loseAll} }

// LoseSome keeps a pseudo-random subset of the changes of entries, never one
// without the earlier ones it builds on, and of each file the old content, the
// new, the new torn at some byte, or the new with zeros from some byte on.
// Equal seeds lose equally.
func LoseSome(seed uint64) Loss { return Loss{kind: loseSome, seed: seed} }

// Killed is the end of the program and not of the machine: nothing is lost,
// and what was not durable still is not.
func Killed() Loss { return Loss{kind: killed} }

// Restart returns the disk as the machine finds it after the cut, with its
// operations counted from 1 again and no cut or failure planned. It leaves d
// as it is, so that one cut can be restarted in several ways.
func (d *Disk) Restart(l Loss) *Disk {
	r := d.Clone()
	switch l.kind {
	case keepAll:
		r.keep(func(change) bool { return true })
		r.root.visit(func(n *node) { n.sync() })
	case loseAll:
		r.revert()
	case loseSome:
		random := rand.New(rand.NewPCG(l.seed, uint64(len(d.ops))))
		r.keepSome(random)
		r.revert()
	case killed:
	}
	return r
}

// keepSome makes durable a random part of what is not.
func (d *Disk) keepSome(random *rand.Rand) {
	kept := d.pending[:0]
	lost := map[*node]map[string]bool{} // entries of which a change was lost
	for _, c := range d.pending {
		keep := random.IntN(2) == 0
		for _, s := range c {
			keep = keep && !lost[s.dir][s.name]
		}
		if keep {
			kept = append(kept, c)
			continue
		}
		for _, s := range c {
			if lost[s.dir] == nil {
				lost[s.dir] = map[string]bool{}
			}
			lost[s.dir][s.name] = true
		}
	}
	d.pending = kept
	d.keep(func(change) bool { return true })
	tear(d.root, random, map[*node]bool{})
}

// tear gives each file below dir, as it is on the platters, one of the
// contents that a cut may leave.
func tear(dir *node, random *rand.Rand, seen map[*node]bool) {
	for _, name := range slices.Sorted(maps.Keys(dir.durable)) {
		n := dir.durable[name]
		if seen[n] {
			continue
		}
		seen[n] = true
		if n.isDir() {
			tear(n, random, seen)
			continue
		}
		if bytes.Equal(n.data, n.synced) {
			continue
		}
		// Writing a sector again does not endanger what it already held.
		same := commonPrefix(n.data, n.synced)
		at := same + random.IntN(len(n.data)-same+1)
		switch random.IntN(4) {
		case 1:
			n.synced = bytes.Clone(n.data)
		case 2:
			torn := bytes.Clone(n.data[:at])
			if at < len(n.synced) {
				torn = append(torn, n.synced[at:]...)
			}
			n.synced = torn
		case 3:
			zeros := bytes.Clone(n.data)
			clear(zeros[at:])
			n.synced = zeros
		}
	}
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// revert makes everything as it is on the platters.
func (d *Disk) revert() {
	d.pending = nil
	seen := map[*node]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		n.data, n.shared = n.synced, true
		if n.isDir() {
			n.entries = maps.Clone(n.durable)
		}
		for _, child := range n.durable {
			walk(child)
		}
	}
	walk(d.root)
}

// Clone returns an independent disk in the same state, durable and not, with
// its operations counted from 1 and nothing planned.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := map[*node]*node{}
	twin := &Disk{root: copyNode(d.root, copies), pending: make([]change, len(d.pending))}
	for i, c := range d.pending {
		twin.pending[i] = make(change, len(c))
		for j, s := range c {
			twin.pending[i][j] = slot{copyNode(s.dir, copies), s.name, copyNode(s.after, copies)}
		}
	}
	return twin
}

// copyNode copies n and everything below it once. Contents are shared until
// either side writes.
func copyNode(n *node, copies map[*node]*node) *node {
	if n == nil {
		return nil
	}
	if twin := copies[n]; twin != nil {
		return twin
	}
	n.shared = true
	twin := *n
	copies[n] = &twin
	if n.isDir() {
		twin.entries = copyEntries(n.entries, copies)
		twin.durable = copyEntries(n.durable, copies)
	}
	return &twin
}

func copyEntries(entries map[string]*node, copies map[*node]*node) map[string]*node {
	twins := make(map[string]*node, len(entries))
	for name, n := range entries {
		twins[name] = copyNode(n, copies)
	}
	return twins
}
