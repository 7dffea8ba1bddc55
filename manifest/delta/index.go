package delta

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"index/suffixarray"
	"math/bits"
)

// index finds the longest match of a string in a file.
type index struct {
	data     []byte
	suffixes []int32 // where the suffixes of data begin, in their order
	// first[p] is the first of the suffixes that begin with the two bytes of
	// p, or with more.
	first []int32
}

// newIndex sorts the suffixes of data, which is not empty.
func newIndex(ctx context.Context, data []byte) (*index, error) {
	s := sorted{suffixes: make([]int32, 0, len(data)), skip: len(data)}
	if err := suffixarray.New(data).Write(&s); err != nil {
		return nil, fmt.Errorf("sorting the suffixes of the old file: %w", err)
	}
	if len(s.suffixes) != len(data) {
		return nil, fmt.Errorf("sorting the suffixes of the old file: got %d of %d", len(s.suffixes), len(data))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sorting the suffixes of the old file: %w", err)
	}
	ix := &index{data: data, suffixes: s.suffixes, first: make([]int32, 1<<16+1)}
	for i := range len(data) - 1 {
		ix.first[int(data[i])<<8+int(data[i+1])+1]++
	}
	// The suffix of one byte comes before those that begin with it.
	ix.first[int(data[len(data)-1])<<8]++
	for p := range len(ix.first) - 1 {
		ix.first[p+1] += ix.first[p]
	}
	return ix, nil
}

// nearby is how many places nearest looks at.
const nearby = 256

// nearest returns, of the places where s is, one near to want: it costs less to
// say. s is at pos, and has two bytes or more.
func (ix *index) nearest(s []byte, pos, want int) int {
	p := int(s[0])<<8 + int(s[1])
	low, high := int(ix.first[p]), int(ix.first[p+1])
	end := high
	for low < high {
		middle := int(uint(low+high) >> 1)
		if bytes.Compare(ix.data[ix.suffixes[middle]:], s) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	best := pos
	for i := low; i < min(end, low+nearby); i++ {
		at := int(ix.suffixes[i])
		if at+len(s) > len(ix.data) || !bytes.Equal(ix.data[at:at+len(s)], s) {
			break
		}
		if max(at-want, want-at) < max(best-want, want-best) {
			best = at
		}
	}
	return best
}

// longest returns where in the data the longest prefix of s begins, and its
// length. Of several it returns any.
func (ix *index) longest(s []byte) (pos, length int) {
	if len(s) < 2 {
		return 0, 0
	}
	p := int(s[0])<<8 + int(s[1])
	low, high := int(ix.first[p]), int(ix.first[p+1])
	if low == high {
		return 0, 0
	}
	// Every suffix from low on, before high, shares with s at least the lesser
	// of what those around the middle share with it.
	sharedLow, sharedHigh := 2, 2
	pos, length = int(ix.suffixes[low]), 0
	for low < high {
		middle := int(uint(low+high) >> 1)
		at := int(ix.suffixes[middle])
		suffix := ix.data[at:]
		shared := min(sharedLow, sharedHigh, len(suffix))
		shared += common(suffix[shared:], s[shared:])
		if shared > length {
			pos, length = at, shared
		}
		if shared == len(s) {
			return pos, length
		}
		if shared < len(suffix) && suffix[shared] > s[shared] {
			high, sharedHigh = middle, shared
		} else {
			low, sharedLow = middle+1, shared
		}
	}
	return pos, length
}

// common returns how many bytes a and b begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for i+8 <= n {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// sorted receives what suffixarray.Index.Write writes, the only way to the
// array that the package sorts: a number of ten bytes, the data, and chunks
// that begin with their size in ten bytes and hold one varint per suffix. A
// chunk comes in one call.
type sorted struct {
	suffixes []int32
	skip     int // how many bytes of data are still to come
	headed   bool
}

func (s *sorted) Write(p []byte) (int, error) {
	switch {
	case !s.headed:
		s.headed = true
	case s.skip > 0:
		s.skip -= len(p)
	default:
		for rest := p[min(len(p), binary.MaxVarintLen64):]; len(rest) > 0; {
			at, n := binary.Uvarint(rest)
			if n <= 0 || at >= uint64(cap(s.suffixes)) {
				return 0, fmt.Errorf("unexpected form of the sorted suffixes")
			}
			s.suffixes = append(s.suffixes, int32(at))
			rest = rest[n:]
		}
	}
	return len(p), nil
}
