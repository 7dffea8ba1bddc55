package delta

import "bytes"

// A table is a part of an executable with four-byte references in data, which
// nothing in them shows. Only Make needs it, to find what both files have.
type table struct {
	start  uint32   // the address from which it counts, or 0
	from   int      // its words in the file
	to     int      //
	counts []uint32 // from which addresses the words count, in turn
}

// tablesOf finds the tables of functions.
func tablesOf(file []byte, m *image) []table {
	return append(append(exceptionsOfPE(file, m), unwindOfELF(file, m)...), functionsOfGo(file, m)...)
}

// exceptionsOfPE finds the function table: three addresses for each function.
func exceptionsOfPE(file []byte, m *image) []table {
	h, ok := headerOfPE(file)
	if !ok {
		return nil
	}
	from, ok := m.offset(h.exceptions[0])
	if to := from + int64(h.exceptions[1]); ok && to <= int64(len(file)) {
		return []table{{from: int(from), to: int(to), counts: []uint32{0}}}
	}
	return nil
}

// unwindOfELF finds the index of the unwind information (Linux Standard Base,
// "eh_frame_hdr"): two addresses for each function, counted from its start.
func unwindOfELF(file []byte, m *image) []table {
	if len(file) < 64 || !bytes.HasPrefix(file, []byte("\x7fELF")) {
		return nil
	}
	for _, h := range headersOf(file, 32, 54, 56) {
		const kind, head, fromStart = 0x6474e550, 12, 0x3B
		from, size, address := le.Uint64(h[8:]), le.Uint64(h[32:]), le.Uint64(h[16:])-m.base
		if le.Uint32(h) != kind || from > uint64(len(file)) || size > uint64(len(file))-from || size < head || address >= maxAddress {
			continue
		}
		if file[from+3] == fromStart {
			return []table{{uint32(address), int(from) + head, int(from + size), []uint32{uint32(address)}}}
		}
	}
	return nil
}

// functionsOfGo finds the table of functions of a Go program (the source of
// package debug/gosym): for each its code, counted from that of the program,
// and what is known of it, counted from the start of the table.
func functionsOfGo(file []byte, m *image) []table {
	const entry = 8
	pointer := m.pointerSize()
	head := 8 + 8*pointer
	number := func(b []byte) uint64 {
		if m.narrow {
			return uint64(le.Uint32(b))
		}
		return le.Uint64(b)
	}
	magic := append([]byte("\xF1\xFF\xFF\xFF\x00\x00\x01"), byte(pointer))
	for at := 0; ; at++ {
		next := bytes.Index(file[at:], magic)
		if next < 0 || len(file)-at-next < head {
			return nil
		}
		at += next
		p := file[at:]
		count, from := number(p[8:]), number(p[8+7*pointer:])
		if from < uint64(head) || from >= uint64(len(p)) || count == 0 || count > (uint64(len(p))-from)/entry {
			continue
		}
		start := at + int(from)
		s, n := m.run(uint32(start), uint32(count)*entry)
		if s == nil || n < uint32(count)*entry {
			continue
		}
		address := s.address + uint32(start) - s.offset
		return []table{{address, start, start + int(n), []uint32{m.text(), address}}}
	}
}

// offset returns where in the file an address is.
func (m *image) offset(address uint32) (int64, bool) {
	for _, s := range m.sections {
		if d := address - s.address; d < s.size {
			return int64(s.offset) + int64(d), true
		}
	}
	return 0, false
}
