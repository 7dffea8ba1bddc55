package delta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/andybalholm/brotli"
)

// Transform says what a patch knows about the content of both files.
type Transform byte

const (
	// None treats them as bytes.
	None Transform = iota
)

// Options says how to make a patch. The zero value is the best choice.
type Options struct {
	Transform Transform
}

// Make writes to w a patch that makes new from old.
//
// Both files are held in memory, and nine more bytes for each byte of old; one
// above 2 GiB is refused. The patch has at least a few dozen bytes, and where
// the files have nothing in common, about the size of new when compressed. The
// same files give the same patch, however many processors there are. An error
// wraps what w or ctx gave; the sorting of old is not interrupted.
func Make(ctx context.Context, w io.Writer, old, new []byte, o Options) error {
	if o.Transform != None {
		return fmt.Errorf("making a patch: no transform %d", o.Transform)
	}
	if len(old) > math.MaxInt32 || len(new) > math.MaxInt32 {
		return fmt.Errorf("making a patch from %d to %d bytes: a file may have %d", len(old), len(new), math.MaxInt32)
	}
	segments, err := align(ctx, old, new)
	if err != nil {
		return err
	}
	h := header{transform: None, oldSize: int64(len(old)), newSize: int64(len(new))}
	body, err := compress(ctx, &h, split(old, new, segments))
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

// split writes the segments into streams.
func split(old, new []byte, segments []segment) [streams][]byte {
	var to [streams][]byte
	at, from := 0, 0
	for _, s := range segments {
		if s.copied+s.extra == 0 {
			continue
		}
		if s.copied == 0 {
			s.from = from
		}
		to[copies] = binary.AppendUvarint(to[copies], uint64(s.copied))
		to[extras] = binary.AppendUvarint(to[extras], uint64(s.extra))
		to[seeks] = binary.AppendVarint(to[seeks], int64(s.from-from))
		for i, b := range old[s.from : s.from+s.copied] {
			to[diffs] = append(to[diffs], new[at+i]-b)
		}
		at, from = at+s.copied, s.from+s.copied
		to[inserts] = append(to[inserts], new[at:at+s.extra]...)
		at += s.extra
	}
	return to
}

// block is a part of a stream that is compressed by itself.
type block struct {
	raw     []byte
	window  int
	encoded bytes.Buffer
	err     error
}

// compress compresses the streams, several blocks at once, and enters the sizes
// into the header.
func compress(ctx context.Context, h *header, raw [streams][]byte) ([][]byte, error) {
	var all []*block
	for i, stream := range raw {
		h.streams[i].length = int64(len(stream))
		for part := range slices.Chunk(stream, blockSize) {
			all = append(all, &block{raw: part, window: windows[i]})
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
		count := (len(stream) + blockSize - 1) / blockSize
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
	w := brotli.NewWriterOptions(&b.encoded, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: b.window})
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
