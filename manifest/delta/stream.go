package delta

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// stream reads one stream of a patch, block after block.
type stream struct {
	name   string
	patch  io.ReaderAt
	blocks blocks
	window int

	left  int64 // of the whole stream
	block int64 // left of the open block
	input bufio.Reader
	codec *brotli.Reader
	ahead *bufio.Reader // of what Read returns, for numbers
}

// names of the streams, for errors.
var names = [streams]string{"copied lengths", "new lengths", "seeks", "differences", "new bytes"}

// open returns stream i of the patch.
func (h *header) open(patch io.ReaderAt, i int) *stream {
	s := &stream{name: names[i], patch: patch, blocks: h.streams[i], window: windows[i]}
	s.left = s.blocks.length
	s.ahead = bufio.NewReaderSize(s, 4096)
	return s
}

// Read returns bytes of the stream as they were before they were compressed.
// It never returns more than the header says, and fails where a block holds
// less or more.
func (s *stream) Read(p []byte) (int, error) {
	if s.block == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.codec.Read(p[:min(int64(len(p)), s.block)])
	if n == 0 && err == nil {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, s.failed(err)
	}
	s.block -= int64(n)
	s.left -= int64(n)
	return n, nil
}

// next ends a block and opens the one after it, if there is one.
func (s *stream) next() error {
	if s.codec != nil {
		var more [1]byte
		switch n, err := s.codec.Read(more[:]); {
		case n > 0:
			return fmt.Errorf("%w: a block of the %s is longer than the header says", ErrDamaged, s.name)
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
		return fmt.Errorf("%w: a block of the %s wants a window of 2^%d bytes, at most 2^%d is given",
			ErrDamaged, s.name, bits, s.window)
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
		return fmt.Errorf("%w: a block of the %s ends too early", ErrDamaged, s.name)
	}
	return fmt.Errorf("%w: the %s cannot be read: %w", ErrDamaged, s.name, err)
}

// full fills p.
func (s *stream) full(p []byte) error {
	if _, err := io.ReadFull(s, p); err != nil {
		return s.short(err)
	}
	return nil
}

// number reads one number.
func (s *stream) number() (uint64, error) {
	n, err := binary.ReadUvarint(s.ahead)
	if err != nil {
		return 0, s.short(err)
	}
	return n, nil
}

// ended reports an error where the stream has more than was asked for.
func (s *stream) ended() error {
	_, err := s.ahead.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: the %s do not end with the file", ErrDamaged, s.name)
}

// short names the stream when it ends too early.
func (s *stream) short(err error) error {
	switch {
	case errors.Is(err, ErrDamaged):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the %s end too early", ErrDamaged, s.name)
	}
	return err
}
