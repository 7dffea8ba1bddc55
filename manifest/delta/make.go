package delta

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"github.com/andybalholm/brotli"
)

// Transform says what a patch knows about the content of both files.
type Transform byte

const (
	// Automatic is the transform that makes the smaller patch.
	Automatic Transform = iota
	// None treats the files as bytes.
	None
	// X86 follows the references in executables for x86-64 (PE, ELF, Mach-O) and
	// x86 (PE).
	X86
)

// Options says how to make a patch. The zero value is the best choice.
type Options struct {
	Transform Transform
}

// Make writes to w a patch that makes new from old.
//
// Both files are held in memory, and about twelve more bytes for each byte of
// old; one above 2 GiB is refused. The patch has at least a few dozen bytes,
// and where the files have nothing in common, about the size of new when
// compressed. The same files give the same patch, however many processors there
// are. X86 is refused where a file is no such executable. An error wraps what w
// or ctx gave; the sorting of old is not interrupted.
func Make(ctx context.Context, w io.Writer, old, new []byte, o Options) error {
	if int64(max(len(old), len(new))) >= maxAddress {
		return fmt.Errorf("making a patch from %d to %d bytes: a file must have less than %d", len(old), len(new), int64(maxAddress))
	}
	h := header{transform: None, oldSize: int64(len(old)), newSize: int64(len(new))}
	if o.Transform != None {
		h.old, h.new = imageOf(old), imageOf(new)
	}
	var raw [streams][]byte
	var err error
	switch followed := len(h.old.sections) > 0 && len(h.new.sections) > 0; {
	case o.Transform > X86, o.Transform == X86 && !followed:
		return fmt.Errorf("making a patch: transform %d does not apply to these files", o.Transform)
	case followed:
		raw, err = h.follow(ctx, old, new, o.Transform)
	default:
		raw, err = plain(ctx, old, new)
	}
	if err != nil {
		return err
	}
	body, err := compress(ctx, &h, raw)
	if err != nil {
		return err
	}
	for _, part := range append([][]byte{h.append(nil)}, body...) {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("writing the patch: %w", err)
		}
	}
	return nil
}

// plain returns the streams of a patch without a transform.
func plain(ctx context.Context, old, new []byte) ([streams][]byte, error) {
	var e encoder
	segments, err := align(ctx, old, new)
	if err == nil {
		e.encode(old, new, segments)
	}
	return e.to, err
}

// follow returns the streams of a patch that follows references. With an
// automatic transform they are those without one where they help nothing.
func (h *header) follow(ctx context.Context, old, new []byte, t Transform) ([streams][]byte, error) {
	m := rough(old, new, &h.old, &h.new)
	segments, err := align(ctx, absolute(old, &h.old, true, m.to), absolute(new, &h.new, true, unmoved))
	if err != nil {
		return [streams][]byte{}, err
	}
	var e, bare encoder
	e.predictor = newPredictor(h.old, h.new, newMoves(h.choosePieces(segments)))
	e.encode(old, new, segments)
	h.transform = X86
	if t == Automatic {
		bare.encode(old, new, segments)
		if estimate(&bare.to) < estimate(&e.to) {
			h.transform = None
			return bare.to, nil
		}
	}
	return e.to, nil
}

// choosePieces returns the pieces of the segments, all but the shortest.
func (h *header) choosePieces(segments []segment) []piece {
	for h.shortest = 32; ; h.shortest *= 2 {
		found, fits, at := pieces{old: &h.old, new: &h.new, shortest: h.shortest}, true, 0
		for _, s := range segments {
			fits = fits && found.add(uint32(s.from), uint32(at), uint32(s.copied))
			at += s.copied + s.extra
		}
		if fits {
			return found.list
		}
	}
}

// estimate returns about how much the differences take when compressed.
func estimate(to *[streams][]byte) int {
	size := 0
	for _, i := range []int{gaps, diffs, codes, tables} {
		b := block{raw: to[i], window: windows[i], quality: 5}
		b.encode(context.Background())
		size += b.encoded.Len()
	}
	return size
}

// block is a part of a stream that is compressed by itself.
type block struct {
	raw     []byte
	window  int
	quality int
	encoded bytes.Buffer
	err     error
}

// compress compresses the streams, several blocks at once, and enters the sizes
// into the header.
func compress(ctx context.Context, h *header, raw [streams][]byte) ([][]byte, error) {
	var all []*block
	for i, stream := range raw {
		h.streams[i].length = int64(len(stream))
		for part := range slices.Chunk(stream, 1<<windows[i]) {
			all = append(all, &block{raw: part, window: windows[i], quality: brotli.BestCompression})
		}
	}
	// The longest first, so that the last to end is a short one.
	queue := slices.SortedStableFunc(slices.Values(all), func(a, b *block) int { return cmp.Compare(len(b.raw), len(a.raw)) })
	next := make(chan *block)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(queue)) {
		workers.Go(func() {
			for b := range next {
				b.encode(ctx)
			}
		})
	}
	for _, b := range queue {
		next <- b
	}
	close(next)
	workers.Wait()
	body := make([][]byte, 0, len(all))
	rest := all
	for i, stream := range raw {
		count := (len(stream) + 1<<windows[i] - 1) >> windows[i]
		for _, b := range rest[:count] {
			if b.err != nil {
				return nil, b.err
			}
			h.streams[i].sizes = append(h.streams[i].sizes, int64(b.encoded.Len()))
			body = append(body, b.encoded.Bytes())
		}
		rest = rest[count:]
	}
	return body, nil
}

// encode compresses the block.
func (b *block) encode(ctx context.Context) {
	// A window larger than the block gains nothing and costs both sides memory.
	window := min(b.window, max(16, bits.Len(uint(len(b.raw)))))
	w := brotli.NewWriterOptions(&b.encoded, brotli.WriterOptions{Quality: b.quality, LGWin: window})
	for part := range slices.Chunk(b.raw, 1<<20) {
		_, err := w.Write(part)
		if err := cmp.Or(err, ctx.Err()); err != nil {
			b.err = fmt.Errorf("compressing the patch: %w", err)
			return
		}
	}
	if err := w.Close(); err != nil {
		b.err = fmt.Errorf("compressing the patch: %w", err)
	}
}
