package delta

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

var le = binary.LittleEndian

// imageOf reads the headers of an executable for x86-64, PE, ELF or Mach-O, or for
// x86, PE. Anything else gives an image without sections. Only Make needs it: the patch carries the
// images, so that Apply reads no headers.
//
// Beside what is loaded, the end of a file, where symbols are, counts as a
// section of its own, and so does the rest of a section from a table on that
// counts from its own start.
func imageOf(file []byte) image {
	var m image
	switch {
	case int64(len(file)) >= maxAddress:
	case bytes.HasPrefix(file, []byte("MZ")):
		m = imageOfPE(file)
	case bytes.HasPrefix(file, []byte("\x7fELF\x02\x01\x01")):
		m = imageOfELF(file)
	default:
		m = imageOfMachO(file)
	}
	if len(m.sections) == 0 {
		return image{}
	}
	m.addRest(len(file))
	for _, t := range tablesOf(file, &m) {
		m.split(t.start)
	}
	// The largest first: that is where most addresses are looked for.
	slices.SortStableFunc(m.sections, func(a, b section) int { return cmp.Compare(b.memory, a.memory) })
	if len(m.sections) > maxSections {
		m.sections = m.sections[:maxSections]
	}
	return m
}

// imageOfPE reads the section table (Microsoft, "PE Format").
func imageOfPE(file []byte) image {
	h, ok := headerOfPE(file)
	const entry, executable = 40, 0x20000000
	if !ok || h.sections+h.count*entry > len(file) {
		return image{}
	}
	m := image{base: h.base, narrow: h.narrow}
	for i := range h.count {
		s := file[h.sections+i*entry:]
		m.add(section{
			memory: le.Uint32(s[8:]), address: le.Uint32(s[12:]),
			size: le.Uint32(s[16:]), offset: le.Uint32(s[20:]),
			code: le.Uint32(s[36:])&executable != 0,
		}, len(file))
	}
	return m
}

// A peHeader is what is read of the headers of a PE file.
type peHeader struct {
	sections, count int // their table in the file
	base            uint64
	narrow          bool
	exceptions      [2]uint32 // the address and size of the function table
}

// headerOfPE reads the headers of a PE file for x86 or x86-64.
func headerOfPE(file []byte) (peHeader, bool) {
	const coff, optional, pe32, plus, i386, amd64 = 24, 112 + 16*8, 0x10B, 0x20B, 0x14C, 0x8664
	if len(file) < 64 || !bytes.HasPrefix(file, []byte("MZ")) {
		return peHeader{}, false
	}
	at := int(le.Uint32(file[60:]))
	if at > len(file)-coff-optional || !bytes.HasPrefix(file[at:], []byte("PE\x00\x00")) {
		return peHeader{}, false
	}
	o := file[at+coff:]
	h := peHeader{sections: at + coff + int(le.Uint16(file[at+20:])), count: int(le.Uint16(file[at+6:]))}
	switch machine, form := le.Uint16(file[at+4:]), le.Uint16(o); {
	case machine == amd64 && form == plus:
		h.base, h.exceptions = le.Uint64(o[24:]), [2]uint32{le.Uint32(o[136:]), le.Uint32(o[140:])}
	case machine == i386 && form == pe32:
		h.base, h.narrow = uint64(le.Uint32(o[28:])), true
	default:
		return peHeader{}, false
	}
	return h, true
}

// imageOfELF reads the section headers, or, where there are none, the program
// headers (System V ABI, "Sections" and "Program Loading").
func imageOfELF(file []byte) image {
	const head, machine, bits = 64, 62, 8
	var m image
	if len(file) < head || le.Uint16(file[18:]) != machine {
		return m
	}
	for _, h := range headersOf(file, 40, 58, 64) {
		const allocated, executable = 2, 4
		flags, size := le.Uint64(h[8:]), le.Uint64(h[32:])
		if flags&allocated == 0 {
			continue
		}
		inFile := size
		if le.Uint32(h[4:]) == bits {
			inFile = 0
		}
		m.addELF(le.Uint64(h[24:]), le.Uint64(h[16:]), inFile, size, flags&executable != 0, len(file))
	}
	if len(m.sections) > 0 {
		return m
	}
	for _, h := range headersOf(file, 32, 54, 56) {
		const load, executable = 1, 1
		if le.Uint32(h) == load {
			m.addELF(le.Uint64(h[8:]), le.Uint64(h[16:]), le.Uint64(h[32:]), le.Uint64(h[40:]), le.Uint32(h[4:])&executable != 0, len(file))
		}
	}
	return m
}

// headersOf returns the entries of a table of an ELF file, whose place is in
// the file header at one offset and whose entry size and count at another.
func headersOf(file []byte, place, form, size int) [][]byte {
	table, count := le.Uint64(file[place:]), int(le.Uint16(file[form+2:]))
	if int(le.Uint16(file[form:])) != size || table > uint64(len(file)) || int(table)+count*size > len(file) {
		return nil
	}
	var all [][]byte
	for i := range count {
		all = append(all, file[int(table)+i*size:][:size])
	}
	return all
}

// addELF adds what an ELF header says.
func (m *image) addELF(offset, address, size, memory uint64, code bool, file int) {
	if len(m.sections) == 0 {
		m.base = address &^ (1<<20 - 1)
	}
	if address -= m.base; max(offset, address, size, memory) < maxAddress {
		m.add(section{offset: uint32(offset), address: uint32(address), size: uint32(size), memory: uint32(memory), code: code}, file)
	}
}

// add takes in a section that is inside the file.
func (m *image) add(s section, file int) {
	s.memory = max(s.memory, s.size)
	if s.memory > 0 && s.address < maxAddress && s.memory < maxAddress && int64(s.offset)+int64(s.size) <= int64(file) {
		m.sections = append(m.sections, s)
		m.end = max(m.end, s.address+s.memory)
	}
}

// addRest adds what is behind all sections in the file, at an address that is
// behind all of theirs.
func (m *image) addRest(file int) {
	const page = 4096
	end := uint32(0)
	for _, s := range m.sections {
		if s.size > 0 {
			end = max(end, s.offset+s.size)
		}
	}
	if rest := uint32(file) - end; m.end < maxAddress-2*page && rest > 0 {
		m.add(section{offset: end, address: (m.end+page)&^(page-1) + end%page, size: rest}, file)
	}
}

// split makes a section of its own of what follows an address in a section.
func (m *image) split(address uint32) {
	for i := range m.sections {
		s := &m.sections[i]
		if d := address - s.address; d > 0 && d < s.size {
			behind := *s
			behind.offset, behind.address, behind.size, behind.memory = s.offset+d, address, s.size-d, s.memory-d
			s.size, s.memory = d, d
			m.sections = append(m.sections, behind)
			return
		}
	}
}
