package delta

import (
	"bytes"
	"encoding/binary"
)

var le = binary.LittleEndian

// imageOf reads the headers of an x86-64 executable, PE or ELF. Anything else
// gives an image without sections. Only Make needs it: the patch carries the
// images, so that Apply reads no headers.
func imageOf(file []byte) image {
	var m image
	switch {
	case len(file) >= maxAddress:
	case bytes.HasPrefix(file, []byte("MZ")):
		m = imageOfPE(file)
	case bytes.HasPrefix(file, []byte("\x7fELF\x02\x01\x01")):
		m = imageOfELF(file)
	}
	if len(m.sections) > maxSections {
		return image{}
	}
	return m
}

// imageOfPE reads the section table (Microsoft, "PE Format").
func imageOfPE(file []byte) image {
	var m image
	at, ok := optionalHeader(file)
	if !ok {
		return m
	}
	const entry, executable = 40, 0x20000000
	count, table := int(le.Uint16(file[at-18:])), at+int(le.Uint16(file[at-4:]))
	if table+count*entry > len(file) {
		return m
	}
	m.base = le.Uint64(file[at+24:])
	for i := range count {
		h := file[table+i*entry:]
		m.add(section{
			memory: le.Uint32(h[8:]), address: le.Uint32(h[12:]),
			size: le.Uint32(h[16:]), offset: le.Uint32(h[20:]),
			code: le.Uint32(h[36:])&executable != 0,
		}, len(file))
	}
	return m
}

// optionalHeader returns where the optional header of a PE file for x86-64
// begins.
func optionalHeader(file []byte) (int, bool) {
	const coff, optional, machine, plus = 24, 112 + 16*8, 0x8664, 0x20B
	if len(file) < 64 {
		return 0, false
	}
	at := int(le.Uint32(file[60:]))
	if at > len(file)-coff-optional || !bytes.HasPrefix(file[at:], []byte("PE\x00\x00")) {
		return 0, false
	}
	return at + coff, le.Uint16(file[at+4:]) == machine && le.Uint16(file[at+coff:]) == plus
}

// functionTable returns the part of a PE file that lists its functions by
// address, three addresses each, or nothing.
func functionTable(file []byte, m *image) (from, to int) {
	at, ok := optionalHeader(file)
	if !ok {
		return 0, 0
	}
	address, size := le.Uint32(file[at+112+3*8:]), le.Uint32(file[at+112+3*8+4:])
	for _, s := range m.sections {
		if d := address - s.address; d < s.size && size <= s.size-d {
			return int(s.offset + d), int(s.offset + d + size)
		}
	}
	return 0, 0
}

// imageOfELF reads the program headers (System V ABI, "Program Loading").
func imageOfELF(file []byte) image {
	const head, entry, load, executable, machine = 64, 56, 1, 1, 62
	var m image
	if len(file) < head || le.Uint16(file[18:]) != machine || le.Uint16(file[54:]) != entry {
		return m
	}
	table, count := le.Uint64(file[32:]), int(le.Uint16(file[56:]))
	if table > uint64(len(file)) || int(table)+count*entry > len(file) {
		return m
	}
	for i := range count {
		h := file[int(table)+i*entry:]
		if le.Uint32(h) != load {
			continue
		}
		offset, address, size, memory := le.Uint64(h[8:]), le.Uint64(h[16:]), le.Uint64(h[32:]), le.Uint64(h[40:])
		if len(m.sections) == 0 {
			m.base = address &^ 0xFFF
		}
		if address -= m.base; max(offset, address, size, memory) >= maxAddress {
			return image{}
		}
		m.add(section{
			offset: uint32(offset), address: uint32(address), size: uint32(size), memory: uint32(memory),
			code: le.Uint32(h[4:])&executable != 0,
		}, len(file))
	}
	return m
}

// add takes in a section that is inside the file.
func (m *image) add(s section, file int) {
	s.memory = max(s.memory, s.size)
	if s.memory > 0 && s.address < maxAddress && s.memory < maxAddress && int64(s.offset)+int64(s.size) <= int64(file) {
		m.sections = append(m.sections, s)
	}
}
