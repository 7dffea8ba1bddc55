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

	blockSize  = 1 << 24 // of a stream, before it is compressed
	maxBlocks  = 1 << 16 // of a patch
	maxImages  = 2
	maxHeader  = 1 << 20
	maxFile    = math.MaxInt64 / 4
	headerSize = len(magic) + 3
)

// The streams, in the order in which they follow the header.
const (
	copies  = iota // how many bytes each segment copies
	extras         // how many new bytes follow them
	seeks          // how far the old bytes are from the end of those before
	diffs          // what to add to each copied byte
	inserts        // the new bytes
	streams
)

// windows is the largest brotli window of each stream, as a power of two: the
// memory that Apply has to give it.
var windows = [streams]int{copies: 18, extras: 18, seeks: 18, diffs: 22, inserts: 22}

// header is what a patch begins with.
type header struct {
	transform Transform
	oldSize   int64
	newSize   int64
	streams   [streams]blocks
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
		return nil, fmt.Errorf("%w: it begins with %q, not with %q", ErrDamaged, start[:len(magic)], magic)
	}
	h := &header{transform: Transform(form[2])}
	if form[0] != version || form[1] != brotli1 || h.transform != None {
		return nil, fmt.Errorf("%w: version %d, codec %d, transform %d", ErrUnknown, form[0], form[1], form[2])
	}
	h.oldSize, h.newSize = r.number("the size of the old file"), r.number("the size of the new file")
	total := 0
	for i := range h.streams {
		s := &h.streams[i]
		s.length = r.number("the length of a stream")
		for left := s.length; left > 0 && r.err == nil; left -= blockSize {
			if total++; total > maxBlocks {
				return nil, fmt.Errorf("%w: more than %d blocks", ErrDamaged, maxBlocks)
			}
			s.sizes = append(s.sizes, r.number("the size of a block"))
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	at := r.n
	for i := range h.streams {
		s := &h.streams[i]
		s.at = at
		for _, n := range s.sizes {
			if n > size-at {
				return nil, fmt.Errorf("%w: it has %d bytes, and its blocks go beyond", ErrDamaged, size)
			}
			at += n
		}
	}
	if at != size {
		return nil, fmt.Errorf("%w: it has %d bytes, and its blocks end at %d", ErrDamaged, size, at)
	}
	return h, nil
}

// counter reads numbers and knows how far it came.
type counter struct {
	r   *bufio.Reader
	n   int64
	err error
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// number reads one number. After the first error it returns 0.
func (c *counter) number(what string) int64 {
	if c.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(c)
	switch {
	case err != nil:
		c.err = unreadable(what, err)
	case n > maxFile:
		c.err = fmt.Errorf("%w: %s is %d", ErrDamaged, what, n)
	default:
		return int64(n)
	}
	return 0
}

// unreadable tells what a patch lacks from what could not be read of it.
func unreadable(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends before %s", ErrDamaged, what)
	}
	return fmt.Errorf("reading %s from the patch: %w", what, err)
}
