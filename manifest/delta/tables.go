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
	at, ok := optionalHeader(file)
	if !ok || !bytes.HasPrefix(file, []byte("MZ")) {
		return nil
	}
	const entry = 112 + 3*8
	from, ok := m.offset(le.Uint32(file[at+entry:]))
	to := from + int64(le.Uint32(file[at+entry+4:]))
	if !ok || to > int64(len(file)) {
		return nil
	}
	return []table{{from: int(from), to: int(to), counts: []uint32{0}}}
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
	const head, words = 72, 8
	for at := 0; ; {
		next := bytes.Index(file[at:], []byte("\xF1\xFF\xFF\xFF\x00\x00\x01\x08"))
		if next < 0 {
			return nil
		}
		at += next + 1
		p := file[at-1:]
		if len(p) < head {
			return nil
		}
		count, from := le.Uint64(p[8:]), le.Uint64(p[64:])
		if from < head || from >= uint64(len(p)) || count == 0 || count > (uint64(len(p))-from)/words {
			continue
		}
		s, n := m.run(uint32(at-1)+uint32(from), uint32(count)*words)
		if s == nil || n < uint32(count)*words {
			continue
		}
		start := at - 1 + int(from)
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
