package durabletest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
)

// Fingerprint names the state of the disk, durable and not: two disks with
// the same one behave alike from now on, but for what was planned with
// CutBefore, CutAfter and FailAt. It is how a test leaves out what it has
// already seen. 64 hexadecimal digits.
func (d *Disk) Fingerprint() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := printer{Hash: sha256.New(), numbers: map[*node]int{}}
	p.node(d.root)
	for _, c := range d.pending {
		fmt.Fprintf(p, "change of %d\n", len(c))
		for _, s := range c {
			p.node(s.dir)
			fmt.Fprintf(p, "%q\n", s.name)
			p.node(s.after)
		}
	}
	return hex.EncodeToString(p.Sum(nil))
}

// printer writes nodes in one order, each once; a node that comes again is
// its number.
type printer struct {
	hash.Hash
	numbers map[*node]int
}

func (p printer) node(n *node) {
	if n == nil {
		fmt.Fprintln(p, "nothing")
		return
	}
	if number, again := p.numbers[n]; again {
		fmt.Fprintf(p, "node %d\n", number)
		return
	}
	p.numbers[n] = len(p.numbers)
	fmt.Fprintf(p, "%v %q %d %d %d %d\n", n.mode, n.target, len(n.data), len(n.synced), len(n.entries), len(n.durable))
	fmt.Fprintf(p, "%s%s", n.data, n.synced)
	for _, entries := range []map[string]*node{n.entries, n.durable} {
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			fmt.Fprintf(p, "%q\n", name)
			p.node(entries[name])
		}
	}
}
