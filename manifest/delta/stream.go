package delta

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// names of the streams, for errors.
var names = [streams]string{
	"copied lengths", "new lengths", "seeks", "gaps", "differences", "new bytes",
	"references in code", "references in tables",
}

// decoder decompresses the blocks of a patch, one at a time: the tables of the
// codec are needed once, however many streams there are.
type decoder struct {
	patch io.ReaderAt
	input bufio.Reader
	codec *brotli.Reader
}

// stream reads one stream of a patch, block after block.
type stream struct {
	decoder *decoder
	name    string
	blocks  blocks
	window  int
	left    int64  // of the stream, behind the buffer
	buffer  []byte // a block
	ahead   []byte // what of it was not taken
}

// open returns the streams of a patch.
func (h *header) open(patch io.ReaderAt) *[streams]*stream {
	d := &decoder{patch: patch}
	var all [streams]*stream
	for i, b := range h.streams {
		all[i] = &stream{decoder: d, name: names[i], blocks: b, window: windows[i], left: b.length}
	}
	return &all
}

// fill puts the next block into the buffer. It fails where the block holds less
// or more than the header says, and returns io.EOF at the end.
func (s *stream) fill() error {
	if s.left == 0 {
		return io.EOF
	}
	n := int(min(s.left, 1<<s.window))
	if cap(s.buffer) < n {
		s.buffer = make([]byte, n)
	}
	size := s.blocks.sizes[0]
	err := s.decoder.decode(s.buffer[:n], s.blocks.at, size, s.window)
	var read *readError
	switch {
	case errors.As(err, &read):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged("a block of the %s ends too early", s.name)
	case err != nil:
		return fmt.Errorf("%w: the %s cannot be read: %w", ErrDamaged, s.name, err)
	}
	s.blocks.sizes, s.blocks.at = s.blocks.sizes[1:], s.blocks.at+size
	s.ahead, s.left = s.buffer[:n], s.left-int64(n)
	return nil
}

// decode fills p from the block of size bytes at at, which must give no more
// and want no larger window.
func (d *decoder) decode(p []byte, at, size int64, window int) error {
	d.input.Reset(marked{io.NewSectionReader(d.patch, at, size)})
	first, err := d.input.Peek(1)
	if err != nil {
		return err
	}
	if bits := WindowBits(first[0]); bits > window {
		return fmt.Errorf("a window of 2^%d bytes, at most 2^%d is given", bits, window)
	}
	if d.codec == nil {
		d.codec = brotli.NewReader(&d.input)
	} else if err := d.codec.Reset(&d.input); err != nil {
		return err
	}
	for len(p) > 0 {
		n, err := d.codec.Read(p)
		if n == 0 && err == nil {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	var more [1]byte
	switch n, err := d.codec.Read(more[:]); {
	case n > 0:
		return errors.New("a block is longer than the header says")
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// WindowBits returns the window that a brotli stream beginning with this byte
// asks for, as a power of two (RFC 7932, 9.1).
func WindowBits(first byte) int {
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

// byte reads one byte.
func (s *stream) byte() (byte, error) {
	if err := s.more(); err != nil {
		return 0, err
	}
	b := s.ahead[0]
	s.ahead = s.ahead[1:]
	return b, nil
}

// number reads one number.
func (s *stream) number() (uint64, error) {
	if len(s.ahead) > 0 && s.ahead[0] < 0x80 {
		n := s.ahead[0]
		s.ahead = s.ahead[1:]
		return uint64(n), nil
	}
	n, whole, err := uvarint(s.byte)
	if err == nil && !whole {
		err = damaged("a number among the %s has no end", s.name)
	}
	return n, err
}

// uvarint reads a number of seven bits in each byte, the lowest first, the high
// bit set in all but the last. It is not whole when it has more than 64 bits.
func uvarint(next func() (byte, error)) (n uint64, whole bool, err error) {
	for shift := 0; shift < 64; shift += 7 {
		b, err := next()
		if err != nil {
			return 0, false, err
		}
		if shift == 63 && b > 1 {
			break
		}
		if n |= uint64(b&0x7F) << shift; b < 0x80 {
			return n, true, nil
		}
	}
	return 0, false, nil
}

// ended reports an error where the stream has more than was asked for.
func (s *stream) ended() error {
	if len(s.ahead) > 0 || s.left > 0 {
		return damaged("the %s do not end with the file", s.name)
	}
	return nil
}
