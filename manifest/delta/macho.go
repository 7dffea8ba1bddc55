package delta

import (
	"bytes"
	"encoding/binary"
)

// imageOfMachO reads the sections of a Mach-O file for x86-64 (Apple, "loader.h"),
// or of the part for it of a universal one ("fat.h").
func imageOfMachO(file []byte) image {
	const amd64 = 0x01000007
	start := uint32(0)
	if bytes.HasPrefix(file, []byte("\xCA\xFE\xBA\xBE")) && len(file) >= 8 {
		big := binary.BigEndian
		for i := range min(int(big.Uint32(file[4:])), 16) {
			if h := file[min(len(file), 8+20*i):]; len(h) >= 20 && big.Uint32(h) == amd64 {
				start = big.Uint32(h[8:])
			}
		}
	}
	const head = 32
	if uint64(start)+head > uint64(len(file)) {
		return image{}
	}
	b := file[start:]
	if !bytes.HasPrefix(b, []byte("\xCF\xFA\xED\xFE")) || le.Uint32(b[4:]) != amd64 {
		return image{}
	}
	var m image
	for commands, at := le.Uint32(b[16:]), uint64(head); commands > 0 && at+8 <= uint64(len(b)); commands-- {
		size := uint64(le.Uint32(b[at+4:]))
		if size < 8 || at+size > uint64(len(b)) {
			break
		}
		m.addSegment(b[at:at+size], start, len(file))
		at += size
	}
	return m
}

// addSegment adds the sections of a segment, if the command is one.
func (m *image) addSegment(command []byte, start uint32, file int) {
	const kind, head, entry, code, zeros = 0x19, 72, 80, 0x80000400, 1
	if le.Uint32(command) != kind || len(command) < head {
		return
	}
	if le.Uint64(command[40:]) == 0 && le.Uint64(command[48:]) > 0 {
		m.base = le.Uint64(command[24:])
	}
	for at := head; at+entry <= len(command); at += entry {
		s := command[at:]
		address, size, offset := le.Uint64(s[32:])-m.base, le.Uint64(s[40:]), le.Uint32(s[48:])
		if max(address, size, uint64(start)+uint64(offset)) >= maxAddress {
			continue
		}
		n := section{offset: start + offset, address: uint32(address), memory: uint32(size), code: le.Uint32(s[64:])&code != 0}
		if le.Uint32(s[64:])&0xFF != zeros {
			n.size = n.memory
		}
		m.add(n, file)
	}
}
