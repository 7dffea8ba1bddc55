package delta

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// What Apply refuses, beside what reading and writing report.
var (
	// ErrDamaged is a patch that contradicts itself or does not make a file of
	// the length that was asked for.
	ErrDamaged = errors.New("the patch is damaged")
	// ErrBase is an old file of another size than the patch was made for.
	ErrBase = errors.New("the patch is for another file")
	// ErrUnknown is a patch of a later form.
	ErrUnknown = errors.New("the patch has a form that this version does not know")
)

const (
	magic   = "RLVDELTA"
	version = 1
	brotli1 = 1 // the codec: brotli, in blocks

	maxBlocks  = 1 << 16 // of a patch
	maxHeader  = 1 << 20
	maxFile    = math.MaxInt64 / 4
	headerSize = len(magic) + 3
)

// The streams, in the order in which they follow the header.
const (
	copies  = iota // how many bytes each segment copies
	extras         // how many new bytes follow them
	seeks          // how far the old bytes are from the end of those before
	gaps           // how many copied bytes are right before one that differs
	diffs          // what to add to that one
	inserts        // the new bytes
	codes          // what corrects the guesses of references in code
	tables         // and in tables
	streams
)

// windows is the size of the blocks of each stream before they are compressed,
// and the largest brotli window of them, as a power of two. They bound what
// Apply holds.
var windows = [streams]int{
	copies: 19, extras: 19, seeks: 19, gaps: 20, diffs: 21, inserts: 22, codes: 20, tables: 20,
}

// header is what a patch begins with.
type header struct {
	transform Transform
	oldSize   int64
	newSize   int64
	streams   [streams]blocks

	// For a transform only.
	old, new image
	shortest uint32 // see pieces
}

// blocks says where the blocks of one stream are.
type blocks struct {
	length int64   // of the whole stream, before it is compressed
	sizes  []int64 // of each block, compressed
	at     int64   // where the first begins in the patch
}

// append writes the header to b.
func (h *header) append(b []byte) []byte {
	b = append(b, magic...)
	b = append(b, version, brotli1, byte(h.transform))
	b = binary.AppendUvarint(b, uint64(h.oldSize))
	b = binary.AppendUvarint(b, uint64(h.newSize))
	if h.transform == X86 {
		b = h.new.append(h.old.append(b))
		b = binary.AppendUvarint(b, uint64(h.shortest))
	}
	for _, s := range h.streams {
		b = binary.AppendUvarint(b, uint64(s.length))
		for _, size := range s.sizes {
			b = binary.AppendUvarint(b, uint64(size))
		}
	}
	return b
}

// parse reads the header of a patch of size bytes.
func parse(patch io.ReaderAt, size int64) (*header, error) {
	r := &counter{r: bufio.NewReaderSize(io.NewSectionReader(patch, 0, min(size, maxHeader)), 4096)}
	var start [headerSize]byte
	if _, err := io.ReadFull(r.r, start[:]); err != nil {
		return nil, unreadable("its first bytes", err)
	}
	r.n = int64(len(start))
	form := start[len(magic):]
	if string(start[:len(magic)]) != magic {
		return nil, damaged("it begins with %q, not with %q", start[:len(magic)], magic)
	}
	h := &header{transform: Transform(form[2])}
	if form[0] != version || form[1] != brotli1 || h.transform != None && h.transform != X86 {
		return nil, fmt.Errorf("%w: version %d, codec %d, transform %d", ErrUnknown, form[0], form[1], form[2])
	}
	limit := uint64(maxFile)
	if h.transform == X86 {
		limit = maxAddress
	}
	h.oldSize = int64(r.uvarint("the size of the old file", limit))
	h.newSize = int64(r.uvarint("the size of the new file", limit))
	if h.transform == X86 {
		h.old, h.new = r.image(h.oldSize), r.image(h.newSize)
		h.shortest = uint32(r.uvarint("the length of a piece", maxAddress))
	}
	if err := h.parseStreams(r, size); err != nil {
		return nil, err
	}
	return h, nil
}

// parseStreams reads where the streams are, the end of the header.
func (h *header) parseStreams(r *counter, size int64) error {
	total := 0
	for i := range h.streams {
		s := &h.streams[i]
		s.length = int64(r.uvarint("the length of a stream", maxFile))
		for left := s.length; left > 0 && r.err == nil; left -= 1 << windows[i] {
			if total++; total > maxBlocks {
				return damaged("more than %d blocks", maxBlocks)
			}
			s.sizes = append(s.sizes, int64(r.uvarint("the size of a block", maxFile)))
		}
	}
	if r.err != nil {
		return r.err
	}
	at := r.n
	for i := range h.streams {
		s := &h.streams[i]
		s.at = at
		for _, n := range s.sizes {
			if n > size-at {
				return damaged("it has %d bytes, and its blocks go beyond", size)
			}
			at += n
		}
	}
	if at != size {
		return damaged("it has %d bytes, and its blocks end at %d", size, at)
	}
	return nil
}

// damaged describes a damaged patch.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// counter reads numbers and knows how far it came.
type counter struct {
	r   *bufio.Reader
	n   int64
	err error
}

// byte reads one byte.
func (c *counter) byte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// uvarint reads a number up to limit. After the first error it returns 0.
func (c *counter) uvarint(what string, limit uint64) uint64 {
	if c.err != nil {
		return 0
	}
	n, whole, err := uvarint(c.byte)
	switch {
	case err != nil:
		c.err = unreadable(what, err)
	case !whole:
		c.err = damaged("%s has no end", what)
	case n > limit:
		c.err = damaged("%s is %d, at most %d is possible", what, n, limit)
	default:
		return n
	}
	return 0
}

// unreadable tells what a patch lacks from what could not be read of it.
func unreadable(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends before %s", what)
	}
	return fmt.Errorf("reading %s from the patch: %w", what, err)
}
