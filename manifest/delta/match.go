package delta

import (
	"context"
	"fmt"
)

// A segment is one step of a patch: copied bytes of the new file are made from
// the old file at from on, then extra bytes follow that the old file has not.
type segment struct {
	from, copied, extra int
}

// worth is how many more bytes another alignment has to match before it is
// taken: about what one more segment costs.
const worth = 9

// align cuts new into segments.
//
// It is the scan of bsdiff (Colin Percival, "Naive differences of executable
// code", 2003): exact matches of a suffix array are only seeds. A seed becomes
// an alignment when it matches clearly more than the alignment before it would,
// and alignments are then grown over bytes that differ, as long as at least
// half of what they take in matches.
func align(ctx context.Context, old, new []byte) ([]segment, error) {
	if len(new) == 0 {
		return nil, nil
	}
	if len(old) == 0 {
		return []segment{{extra: len(new)}}, nil
	}
	ix, err := newIndex(ctx, old)
	if err != nil {
		return nil, err
	}
	a := aligner{old: old, new: new, index: ix}
	for a.scan < len(new) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("comparing the files: %w", err)
		}
		a.seed()
		if a.matched != a.kept || a.scan == len(new) {
			a.cut()
		}
	}
	return a.segments, nil
}

// aligner is the state of the scan.
type aligner struct {
	old, new []byte
	index    *index
	segments []segment

	scan         int // where in new the seed begins
	pos, matched int // where it is in old, and how long
	kept         int // how many of its bytes the last alignment matches too
	counted      int // up to where in new kept has counted

	lastNew, lastOld int // where the last alignment begins
}

// agrees reports whether the last alignment matches new at n.
func (a *aligner) agrees(n int) bool {
	o := n + a.lastOld - a.lastNew
	return o >= 0 && o < len(a.old) && a.old[o] == a.new[n]
}

// seed moves on to the next place where another alignment is clearly better
// than the last, or to a place from where both are the same.
func (a *aligner) seed() {
	a.scan += a.matched
	a.matched, a.kept, a.counted = 0, 0, a.scan
	for a.scan < len(a.new) {
		a.pos, a.matched = a.index.longest(a.new[a.scan:])
		for ; a.counted < a.scan+a.matched; a.counted++ {
			if a.agrees(a.counted) {
				a.kept++
			}
		}
		if a.matched > 0 && a.matched == a.kept || a.matched > a.kept+worth {
			return
		}
		// Nothing changes until the seed has lost a byte that the last
		// alignment does not match. In a long seed that may be far away, and a
		// search at each byte on the way would only find the seed again.
		for a.matched > 4*worth && a.agrees(a.scan) {
			a.drop()
		}
		a.drop()
	}
}

// drop takes the first byte from the seed.
func (a *aligner) drop() {
	if a.scan < a.counted {
		if a.agrees(a.scan) {
			a.kept--
		}
		a.matched--
	}
	a.scan++
	a.counted = max(a.counted, a.scan)
}

// cut ends the last alignment before the seed, emits it, and makes the seed
// the last alignment. Both are grown towards each other first.
func (a *aligner) cut() {
	if a.matched > 0 {
		a.pos = a.index.nearest(a.new[a.scan:a.scan+a.matched], a.pos, a.scan+a.lastOld-a.lastNew)
	}
	forth := grow(min(a.scan-a.lastNew, len(a.old)-a.lastOld), func(i int) bool {
		return a.old[a.lastOld+i] == a.new[a.lastNew+i]
	})
	back := 0
	if a.scan < len(a.new) {
		back = grow(min(a.scan-a.lastNew, a.pos), func(i int) bool {
			return a.old[a.pos-1-i] == a.new[a.scan-1-i]
		})
	}
	if both := a.lastNew + forth - (a.scan - back); both > 0 {
		split := a.split(forth-both, back, both)
		forth, back = forth-both+split, back-split
	}
	start := a.scan - back
	// The first alignment may be nothing: both files begin differently.
	if start > a.lastNew {
		a.segments = append(a.segments, segment{from: a.lastOld, copied: forth, extra: start - a.lastNew - forth})
	}
	a.lastNew, a.lastOld = start, a.pos-back
}

// grow returns how many of at most limit bytes to take in, so that as many
// more of them match than differ.
func grow(limit int, matches func(i int) bool) int {
	length, score, best := 0, 0, 0
	for i := range limit {
		if matches(i) {
			score++
		} else {
			score--
		}
		if score > best {
			length, best = i+1, score
		}
	}
	return length
}

// split says how many of the bytes that both alignments would take go to the
// last one. They begin after skip bytes of it, and back bytes before the seed.
func (a *aligner) split(skip, back, both int) int {
	at, score, best := 0, 0, 0
	for i := range both {
		b := a.new[a.lastNew+skip+i]
		if a.old[a.lastOld+skip+i] == b {
			score++
		}
		if a.old[a.pos-back+i] == b {
			score--
		}
		if score > best {
			at, best = i+1, score
		}
	}
	return at
}
