package delta

import (
	"cmp"
	"math/bits"
	"slices"
)

// maxPieces is how many pieces the moves of a patch may have.
const maxPieces = 1 << 17

// A piece is a part of the old image that the new one has too.
type piece struct {
	start, end uint32 // addresses in the old image
	by         uint32 // how far it moved
}

// pieces collects the pieces of a file of segments.
type pieces struct {
	old, new *image
	shortest uint32 // copied bytes of a segment that counts
	list     []piece
}

// add takes in a segment. It reports whether there was room.
func (p *pieces) add(from, at, n uint32) bool {
	if n < p.shortest {
		return true
	}
	for n > 0 {
		o, step := p.old.run(from, n)
		w, step := p.new.run(at, step)
		if o != nil && w != nil {
			if len(p.list) == maxPieces {
				return false
			}
			start := o.address + from - o.offset
			p.list = append(p.list, piece{start, start + step, w.address + at - w.offset - start})
		}
		from, at, n = from+step, at+step, n-step
	}
	return true
}

// moves says where old addresses are in the new image: as far away as the piece
// that holds them, of several the one that starts last; between pieces, as far
// as the piece that started last.
type moves struct {
	steps []step // in order of from
	// first[n] is the first step from n<<shift on, to start the search with.
	first []int32
	shift int
}

// A step says how far addresses from one on have moved.
type step struct{ from, by uint32 }

// firstBits bounds the length of moves.first.
const firstBits = 16

// newMoves makes the moves from pieces, which it sorts.
func newMoves(list []piece) *moves {
	slices.SortStableFunc(list, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	m := &moves{steps: make([]step, 1, 2*len(list)+1)}
	var open []piece // those around the current address, the last to start last
	for i, p := range list {
		m.close(&open, p.start, i, list)
		open = append(open, p)
		m.step(p.start, p.by)
	}
	m.close(&open, 1<<32-1, len(list), list)
	top := m.steps[len(m.steps)-1].from
	m.shift = max(0, bits.Len32(top)-firstBits)
	m.first = make([]int32, top>>m.shift+2)
	at := 0
	for page := range m.first {
		for at < len(m.steps) && uint64(m.steps[at].from) < uint64(page)<<m.shift {
			at++
		}
		m.first[page] = int32(at)
	}
	return m
}

// close takes from open the pieces that end before address. Those around them
// hold from there on, and where there is none, the one that started last does.
func (m *moves) close(open *[]piece, address uint32, started int, list []piece) {
	for len(*open) > 0 {
		last := (*open)[len(*open)-1]
		if last.end > address {
			return
		}
		*open = (*open)[:len(*open)-1]
		for len(*open) > 0 && (*open)[len(*open)-1].end <= last.end {
			*open = (*open)[:len(*open)-1]
		}
		if len(*open) > 0 {
			m.step(last.end, (*open)[len(*open)-1].by)
		} else {
			m.step(last.end, list[started-1].by)
		}
	}
}

// step adds a step, if it changes anything.
func (m *moves) step(from, by uint32) {
	last := &m.steps[len(m.steps)-1]
	switch {
	case last.by == by:
	case last.from == from:
		last.by = by
	default:
		m.steps = append(m.steps, step{from, by})
	}
}

// to returns where an old address is in the new image.
func (m *moves) to(address uint32) uint32 {
	page := int(address >> m.shift)
	if page > len(m.first)-2 {
		return address + m.steps[len(m.steps)-1].by
	}
	// The last step at or before the address is one before the first after it.
	low, high := int(m.first[page]), int(m.first[page+1])
	for low < high {
		middle := int(uint(low+high) >> 1)
		if m.steps[middle].from > address {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return address + m.steps[max(low-1, 0)].by
}
