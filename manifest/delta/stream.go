package delta

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// streamBuffer is how much of a stream is decompressed at once.
const streamBuffer = 1 << 15

// stream reads one stream of a patch, block after block.
type stream struct {
	name   string
	patch  io.ReaderAt
	blocks blocks
	window int

	left   int64 // of the whole stream
	block  int64 // left of the open block
	input  bufio.Reader
	codec  *brotli.Reader
	buffer []byte
	ahead  []byte // what is in the buffer and was not taken
}

// names of the streams, for errors.
var names = [streams]string{
	"copied lengths", "new lengths", "seeks", "differences", "new bytes", "references in code", "references in tables",
}

// open returns stream i of the patch.
func (h *header) open(patch io.ReaderAt, i int) *stream {
	s := &stream{name: names[i], patch: patch, blocks: h.streams[i], window: windows[i]}
	s.left = s.blocks.length
	return s
}

// fill puts more of the stream into the empty buffer. It never gives more than
// the header says, fails where a block holds less or more, and returns io.EOF
// at the end.
func (s *stream) fill() error {
	if s.block == 0 {
		if err := s.next(); err != nil {
			return err
		}
	}
	if s.buffer == nil {
		s.buffer = make([]byte, streamBuffer)
	}
	n, err := s.codec.Read(s.buffer[:min(streamBuffer, s.block)])
	if n == 0 && err == nil {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return s.failed(err)
	}
	s.ahead = s.buffer[:n]
	s.block -= int64(n)
	s.left -= int64(n)
	return nil
}

// next ends a block and opens the one after it, if there is one.
func (s *stream) next() error {
	if s.codec != nil {
		var more [1]byte
		switch n, err := s.codec.Read(more[:]); {
		case n > 0:
			return damaged("a block of the %s is longer than the header says", s.name)
		case err != nil && !errors.Is(err, io.EOF):
			return s.failed(err)
		}
	}
	if s.left == 0 {
		return io.EOF
	}
	size := s.blocks.sizes[0]
	s.input.Reset(marked{io.NewSectionReader(s.patch, s.blocks.at, size)})
	s.blocks.sizes, s.blocks.at = s.blocks.sizes[1:], s.blocks.at+size
	first, err := s.input.Peek(1)
	if err != nil {
		return s.failed(err)
	}
	if bits := windowBits(first[0]); bits > s.window {
		return damaged("a block of the %s wants a window of 2^%d bytes, at most 2^%d is given", s.name, bits, s.window)
	}
	if s.codec == nil {
		s.codec = brotli.NewReader(&s.input)
	} else if err := s.codec.Reset(&s.input); err != nil {
		return s.failed(err)
	}
	s.block = min(s.left, blockSize)
	return nil
}

// windowBits returns the window that a brotli stream beginning with this byte
// asks for, as a power of two (RFC 7932, 9.1).
func windowBits(first byte) int {
	switch high, low := int(first>>4&7), int(first>>1&7); {
	case first&1 == 0:
		return 16
	case low != 0:
		return 17 + low
	case high != 0:
		return 8 + high // 9 marks a large window, which the decoder refuses
	}
	return 17
}

// marked tells a failure to read the patch from what the codec says of it.
type marked struct{ r io.Reader }

func (m marked) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// readError is a failure to read the patch.
type readError struct{ err error }

func (e *readError) Error() string { return "reading the patch: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// failed names the stream in an error.
func (s *stream) failed(err error) error {
	var read *readError
	switch {
	case errors.As(err, &read):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged("a block of the %s ends too early", s.name)
	}
	return fmt.Errorf("%w: the %s cannot be read: %w", ErrDamaged, s.name, err)
}

// more makes sure that something is ahead, where something is wanted.
func (s *stream) more() error {
	if len(s.ahead) > 0 {
		return nil
	}
	err := s.fill()
	if errors.Is(err, io.EOF) {
		return damaged("the %s end too early", s.name)
	}
	return err
}

// full fills p.
func (s *stream) full(p []byte) error {
	for len(p) > 0 {
		if err := s.more(); err != nil {
			return err
		}
		n := copy(p, s.ahead)
		p, s.ahead = p[n:], s.ahead[n:]
	}
	return nil
}

// sum fills w with the sums of the bytes of o and of the stream.
func (s *stream) sum(w, o []byte) error {
	for len(w) > 0 {
		if err := s.more(); err != nil {
			return err
		}
		n := min(len(w), len(s.ahead))
		add(w[:n], o[:n], s.ahead[:n])
		w, o, s.ahead = w[n:], o[n:], s.ahead[n:]
	}
	return nil
}

// word returns the sum of the four bytes of a word, each by itself, and of the
// stream.
func (s *stream) word(was uint32) (uint32, error) {
	if len(s.ahead) >= 4 {
		const high = 0x80808080
		by := le.Uint32(s.ahead)
		s.ahead = s.ahead[4:]
		return (was&^high + by&^high) ^ (was^by)&high, nil
	}
	var o, w [4]byte
	le.PutUint32(o[:], was)
	err := s.sum(w[:], o[:])
	return le.Uint32(w[:]), err
}

// add sets w to the sums of the bytes of a and b, all of one length.
func add(w, a, b []byte) {
	const high = 0x8080808080808080
	for len(w) >= 8 && len(a) >= 8 && len(b) >= 8 {
		x, y := le.Uint64(a), le.Uint64(b)
		le.PutUint64(w, (x&^high+y&^high)^(x^y)&high)
		w, a, b = w[8:], a[8:], b[8:]
	}
	for i := range w {
		w[i] = a[i] + b[i]
	}
}

// number reads one number.
func (s *stream) number() (uint64, error) {
	if len(s.ahead) > 0 && s.ahead[0] < 0x80 {
		n := s.ahead[0]
		s.ahead = s.ahead[1:]
		return uint64(n), nil
	}
	n := uint64(0)
	for shift := 0; shift < 64; shift += 7 {
		if err := s.more(); err != nil {
			return 0, err
		}
		b := s.ahead[0]
		s.ahead = s.ahead[1:]
		if shift == 63 && b > 1 {
			break
		}
		if n |= uint64(b&0x7F) << shift; b < 0x80 {
			return n, nil
		}
	}
	return 0, damaged("a number among the %s has no end", s.name)
}

// ended reports an error where the stream has more than was asked for.
func (s *stream) ended() error {
	if len(s.ahead) == 0 {
		if err := s.fill(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return damaged("the %s do not end with the file", s.name)
}
