package delta

import (
	"context"
	"fmt"
	"io"
)

// control reads the segments of a patch and checks that they stay inside both
// files.
type control struct {
	copies, extras, seeks *stream

	oldSize, newSize int64
	from, at         int64 // where the next segment begins
}

// A stretch is a segment with its places.
type stretch struct {
	from, at, copied, extra int64
}

// control reads the segments from streams of the patch.
func (h *header) control(from *[streams]*stream) control {
	return control{
		copies: from[copies], extras: from[extras], seeks: from[seeks],
		oldSize: h.oldSize, newSize: h.newSize,
	}
}

// more reports whether the new file has more.
func (c *control) more() bool { return c.at < c.newSize }

// next returns the next segment, which has at least one byte.
func (c *control) next() (stretch, error) {
	copied, err := c.copies.number()
	if err != nil {
		return stretch{}, err
	}
	extra, err := c.extras.number()
	if err != nil {
		return stretch{}, err
	}
	seek, err := c.seeks.number()
	if err != nil {
		return stretch{}, err
	}
	// The sum cannot overflow, as both parts are compared first.
	left := uint64(c.newSize - c.at)
	if copied > left || extra > left || copied+extra > left || copied+extra == 0 {
		return stretch{}, damaged("a segment of %d and %d bytes, where %d are missing", copied, extra, left)
	}
	// Two places in the file are not further apart than its size.
	by := int64(seek>>1) ^ -int64(seek&1)
	if by > c.oldSize || by < -c.oldSize {
		return stretch{}, damaged("a seek by %d in a file of %d bytes", by, c.oldSize)
	}
	c.from += by
	if c.from < 0 || c.from > c.oldSize || int64(copied) > c.oldSize-c.from {
		return stretch{}, damaged("%d bytes from %d of a file of %d", copied, c.from, c.oldSize)
	}
	s := stretch{from: c.from, at: c.at, copied: int64(copied), extra: int64(extra)}
	c.from += s.copied
	c.at += s.copied + s.extra
	return s, nil
}

// pieces reads the control of the patch once for what it says of the images.
func (h *header) pieces(ctx context.Context, patch io.ReaderAt) ([]piece, error) {
	found := pieces{old: &h.old, new: &h.new, shortest: h.shortest}
	c := h.control(h.open(patch))
	for n := 0; c.more(); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("reading the patch: %w", ctx.Err())
		}
		s, err := c.next()
		if err != nil {
			return nil, err
		}
		if !found.add(uint32(s.from), uint32(s.at), uint32(s.copied)) {
			return nil, damaged("more than %d pieces", maxPieces)
		}
	}
	return found.list, nil
}
