package delta

import "encoding/binary"

// maxSections is how many sections of an image a patch may name.
const maxSections = 64

// maxAddress is the end of what an image may cover.
const maxAddress = 1 << 31

// An image says where the parts of an executable file are loaded, and so what
// the references in it mean. The zero value is a file without a meaning.
type image struct {
	base     uint64 // of addresses in the file that are not relative
	narrow   bool   // they have four bytes, not eight
	sections []section
	end      uint32 // of the last section
}

// A section is a part of the file that is loaded in one piece. Its address is
// relative to the base.
type section struct {
	offset, address uint32
	size            uint32 // in the file
	memory          uint32 // when loaded, at least size
	code            bool
}

// at returns the section of an address, or nil.
func (m *image) at(address uint32) *section {
	if address >= m.end {
		return nil
	}
	return m.find(address)
}

// find is at for an address that is not outside the image.
func (m *image) find(address uint32) *section {
	for i := range m.sections {
		if s := &m.sections[i]; address-s.address < s.memory {
			return s
		}
	}
	return nil
}

// pointerSize is how many bytes a pointer has.
func (m *image) pointerSize() int {
	if m.narrow {
		return 4
	}
	return 8
}

// pointer returns the address in a pointer, if it may be one of the image.
func (m *image) pointer(b []byte) (uint32, bool) {
	if m.narrow {
		return le.Uint32(b) - uint32(m.base), true
	}
	q := le.Uint64(b) - m.base
	return uint32(q), q < maxAddress
}

// text returns where the largest section with code is loaded.
func (m *image) text() uint32 {
	var text section
	for _, s := range m.sections {
		if s.code && s.size > text.size {
			text = s
		}
	}
	return text.address
}

// run returns the section of the byte at offset, or nil, and how many of n
// bytes follow to which the same applies.
func (m *image) run(offset, n uint32) (*section, uint32) {
	for i := range m.sections {
		s := &m.sections[i]
		if d := offset - s.offset; d < s.size {
			return s, min(n, s.size-d)
		}
		if s.size > 0 && s.offset > offset {
			n = min(n, s.offset-offset)
		}
	}
	return nil, n
}

// append writes the image to b.
func (m *image) append(b []byte) []byte {
	b = binary.AppendUvarint(b, m.base)
	b = binary.AppendUvarint(b, number(m.narrow))
	b = binary.AppendUvarint(b, uint64(len(m.sections)))
	for _, s := range m.sections {
		for _, n := range [...]uint64{uint64(s.offset), uint64(s.address), uint64(s.size), uint64(s.memory), number(s.code)} {
			b = binary.AppendUvarint(b, n)
		}
	}
	return b
}

// number is 1 for true.
func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// image reads what append wrote, of a file of size bytes.
func (c *counter) image(size int64) image {
	m := image{base: c.uvarint("the base of an image", 1<<64-1)}
	m.narrow = c.uvarint("the width of an image", 1) == 1
	for range c.uvarint("the number of sections", maxSections) {
		s := section{
			offset:  uint32(c.uvarint("the offset of a section", maxAddress-1)),
			address: uint32(c.uvarint("the address of a section", maxAddress-1)),
			size:    uint32(c.uvarint("the size of a section", maxAddress-1)),
			memory:  uint32(c.uvarint("the memory of a section", maxAddress-1)),
			code:    c.uvarint("the kind of a section", 1) == 1,
		}
		if c.err == nil && (int64(s.offset)+int64(s.size) > size || s.size > s.memory) {
			c.err = damaged("a section of %d bytes at %d, in a file of %d", s.size, s.offset, size)
		}
		m.sections = append(m.sections, s)
		m.end = max(m.end, s.address+s.memory)
	}
	return m
}
