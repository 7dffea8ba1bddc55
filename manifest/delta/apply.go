package delta

import (
	"context"
	"fmt"
	"io"
)

const (
	// partSize is how much of a copied range is made at once. References that
	// go across the end of a part are not followed, so it belongs to the form.
	partSize = 1 << 16

	// bufferSize is how much Apply makes before it writes.
	bufferSize = 2 * partSize
)

// Apply makes the new file from old and patch, and writes it to w.
//
// Sizes are in bytes. length is that of the new file, from a source that is
// trusted: no more is ever written, and a patch that would make another length
// is refused before anything is. What was written before an error is of no
// use. Apply does not know the digest of the new file: another old file of the
// same size gives a wrong result without an error, so the caller compares what
// was written with a signed digest.
//
// Errors wrap ErrDamaged, ErrBase, ErrUnknown, or what w, old, patch or ctx
// gave. Memory stays below 32 MiB whatever the patch says, and all three files
// are streamed, so it does not depend on their size.
func Apply(ctx context.Context, w io.Writer, old io.ReaderAt, oldSize int64, patch io.ReaderAt, patchSize, length int64) error {
	h, err := parse(patch, patchSize)
	if err != nil {
		return err
	}
	if h.oldSize != oldSize {
		return fmt.Errorf("%w: it is for one of %d bytes, and this one has %d", ErrBase, h.oldSize, oldSize)
	}
	if h.newSize != length {
		return damaged("it makes a file of %d bytes, and %d are expected", h.newSize, length)
	}
	a := &applier{w: w, old: window{file: old, size: oldSize}, streams: h.open(patch)}
	if h.transform == X86 {
		found, err := h.pieces(ctx, patch)
		if err != nil {
			return err
		}
		a.predictor = newPredictor(h.old, h.new, newMoves(found))
	}
	a.changes = changes{gaps: a.streams[gaps], bytes: a.streams[diffs]}
	if err := a.changes.start(); err != nil {
		return err
	}
	for c := h.control(a.streams); c.more(); {
		s, err := c.next()
		if err != nil {
			return err
		}
		if err := a.copy(ctx, s); err != nil {
			return err
		}
		if err := a.insert(ctx, s.extra); err != nil {
			return err
		}
	}
	if err := a.changes.ended(); err != nil {
		return err
	}
	for _, s := range a.streams {
		if err := s.ended(); err != nil {
			return err
		}
	}
	return a.flush(ctx)
}

// applier is a new file in the making.
type applier struct {
	*predictor // nil without a transform
	w          io.Writer
	old        window
	streams    *[streams]*stream
	changes    changes
	buffer     [bufferSize]byte
	filled     int
}

// copy makes what the segment takes from the old file.
func (a *applier) copy(ctx context.Context, s stretch) error {
	for s.copied > 0 {
		n := min(s.copied, partSize)
		var p part
		if a.predictor != nil {
			p = a.part(uint32(s.from), uint32(s.at), uint32(n))
			n = int64(p.length)
		}
		w, err := a.room(ctx, int(n))
		if err != nil {
			return err
		}
		if err := a.old.read(w, s.from); err != nil {
			return err
		}
		switch p.kind {
		case codePart:
			err = a.code(w, &p)
		case dataPart:
			err = a.data(w, &p)
		default:
			err = a.changes.apply(w)
		}
		if err != nil {
			return err
		}
		s.from, s.at, s.copied = s.from+n, s.at+n, s.copied-n
	}
	return nil
}

// code turns a part with code of the old file into that of the new. A reference
// is looked for in what is still old.
func (a *applier) code(w []byte, p *part) error {
	var g guess
	for i := 0; ; {
		field := a.guess(&g, w, i, p)
		if field == len(w) {
			return a.changes.apply(w[i:])
		}
		by, err := a.streams[codes].number()
		if err != nil {
			return err
		}
		now, err := corrected(g.first, g.second, by)
		if err != nil {
			return err
		}
		if err := a.changes.apply(w[i:field]); err != nil {
			return err
		}
		le.PutUint32(w[field:], now)
		a.settle(&g, now)
		i = field + 4
	}
}

// data turns a part with data of the old file into that of the new.
func (a *applier) data(w []byte, p *part) error {
	i := p.firstWord()
	if err := a.changes.apply(w[:i]); err != nil {
		return err
	}
	var g word
	for ; i+4 <= len(w); i += 4 {
		if a.changes.zeros >= 4 && isSmall(le.Uint32(w[i:])) {
			a.changes.zeros -= 4 // the most frequent case, in short
			a.words.follow(same, 0)
			continue
		}
		a.read(&g, w, i, p)
		now, err := a.word(&g)
		if err != nil {
			return err
		}
		le.PutUint32(w[i:], now)
		a.settleWord(&g, now)
	}
	return a.changes.apply(w[i:])
}

// word returns what a word is now.
func (a *applier) word(g *word) (uint32, error) {
	if g.best == same {
		return a.changes.word(g.was)
	}
	by, err := a.streams[tables].number()
	if err != nil {
		return 0, err
	}
	return corrected(g.now, g.was, by)
}

// insert takes n bytes from the patch.
func (a *applier) insert(ctx context.Context, n int64) error {
	for n > 0 {
		w, err := a.room(ctx, int(min(n, partSize)))
		if err != nil {
			return err
		}
		if err := a.streams[inserts].full(w); err != nil {
			return err
		}
		n -= int64(len(w))
	}
	return nil
}

// room returns n bytes of the buffer, at most partSize, to be filled.
func (a *applier) room(ctx context.Context, n int) ([]byte, error) {
	if a.filled+n > len(a.buffer) {
		if err := a.flush(ctx); err != nil {
			return nil, err
		}
	}
	a.filled += n
	return a.buffer[a.filled-n : a.filled], nil
}

// flush writes what the buffer holds.
func (a *applier) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("making the new file: %w", err)
	}
	if _, err := a.w.Write(a.buffer[:a.filled]); err != nil {
		return fmt.Errorf("writing the new file: %w", err)
	}
	a.filled = 0
	return nil
}
