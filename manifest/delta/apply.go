package delta

import (
	"context"
	"fmt"
	"io"
)

// bufferSize is how much Apply makes before it writes.
const bufferSize = 1 << 16

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
		return fmt.Errorf("%w: it makes a file of %d bytes, and %d are expected", ErrDamaged, h.newSize, length)
	}
	a := applier{w: w, old: window{file: old, size: oldSize}, left: length}
	for i := range a.streams {
		a.streams[i] = h.open(patch, i)
	}
	for a.left > 0 {
		if err := a.segment(ctx); err != nil {
			return err
		}
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
	w       io.Writer
	old     window
	at      int64 // in the old file
	left    int64 // of the new file
	streams [streams]*stream
	buffer  [bufferSize]byte
	filled  int
	base    [bufferSize]byte
}

// segment makes the next segment of the new file.
func (a *applier) segment(ctx context.Context) error {
	copied, err := a.streams[copies].number()
	if err != nil {
		return err
	}
	extra, err := a.streams[extras].number()
	if err != nil {
		return err
	}
	seek, err := a.streams[seeks].number()
	if err != nil {
		return err
	}
	// The sum cannot overflow, as both parts are compared first.
	left := uint64(a.left)
	if copied > left || extra > left || copied+extra > left || copied+extra == 0 {
		return fmt.Errorf("%w: a segment of %d and %d bytes, where %d are missing", ErrDamaged, copied, extra, left)
	}
	// Two positions in the file are less apart than its size.
	by := int64(seek>>1) ^ -int64(seek&1)
	if by > a.old.size || by < -a.old.size {
		return fmt.Errorf("%w: a seek by %d in a file of %d bytes", ErrDamaged, by, a.old.size)
	}
	a.at += by
	if a.at < 0 || a.at > a.old.size || int64(copied) > a.old.size-a.at {
		return fmt.Errorf("%w: %d bytes from %d of a file of %d", ErrDamaged, copied, a.at, a.old.size)
	}
	if err := a.copy(ctx, int64(copied)); err != nil {
		return err
	}
	return a.insert(ctx, int64(extra))
}

// copy makes n bytes from those of the old file.
func (a *applier) copy(ctx context.Context, n int64) error {
	for n > 0 {
		room, err := a.room(ctx, n)
		if err != nil {
			return err
		}
		base := a.base[:len(room)]
		if err := a.old.read(base, a.at); err != nil {
			return err
		}
		if err := a.streams[diffs].full(room); err != nil {
			return err
		}
		for i, b := range base {
			room[i] += b
		}
		n -= int64(len(room))
		a.at += int64(len(room))
	}
	return nil
}

// insert takes n bytes from the patch.
func (a *applier) insert(ctx context.Context, n int64) error {
	for n > 0 {
		room, err := a.room(ctx, n)
		if err != nil {
			return err
		}
		if err := a.streams[inserts].full(room); err != nil {
			return err
		}
		n -= int64(len(room))
	}
	return nil
}

// room returns a part of the buffer, of at most n bytes, to be filled.
func (a *applier) room(ctx context.Context, n int64) ([]byte, error) {
	if a.filled == len(a.buffer) {
		if err := a.flush(ctx); err != nil {
			return nil, err
		}
	}
	room := a.buffer[a.filled:min(int64(len(a.buffer)), int64(a.filled)+n)]
	a.filled += len(room)
	a.left -= int64(len(room))
	return room, nil
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
