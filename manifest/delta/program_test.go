package delta

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// A program is a made-up executable: functions of random instructions that call
// each other and refer to data, and tables that refer to them.
type program struct {
	functions []function
	strings   int  // how many bytes of text the data begins with
	narrow    bool // for x86, not for x86-64
}

type function struct {
	id, length int
}

// sample is a program of n functions.
func sample(n int) program {
	p := program{strings: 5000}
	for id := range n {
		p.functions = append(p.functions, function{id, 60 + id*37%300})
	}
	return p
}

// next is a later version: one function in twenty is longer, some are new, some
// are elsewhere.
func (p program) next() program {
	q := program{strings: p.strings + 40, narrow: p.narrow}
	for i, f := range p.functions {
		if i%20 == 3 {
			f.length += 9
		}
		if i%50 == 7 {
			q.functions = append(q.functions, function{100_000 + i, 150})
		}
		q.functions = append(q.functions, f)
	}
	n := len(q.functions)
	q.functions = append(q.functions[n/2:n/2+n/10], append(q.functions[n/2+n/10:], q.functions[:n/2]...)...)
	return q
}

const (
	textAddress = 0x1000
	textOffset  = 0x400
	elfBase     = 0x400000
	peBase      = 0x140000000
)

// layout returns the text, and the data that is loaded right behind it.
func (p program) layout(base uint64) (text, data []byte, dataAddress uint32) {
	starts := map[int]uint32{}
	at := uint32(textAddress)
	for _, f := range p.functions {
		starts[f.id] = at
		at += uint32(f.length+15) &^ 15
	}
	dataAddress = (at + 0xFFF) &^ 0xFFF
	at = textAddress
	for _, f := range p.functions {
		text = append(text, p.body(f, at, starts, dataAddress, uint32(base))...)
		for len(text)%16 != 0 {
			text = append(text, 0xCC)
		}
		at = textAddress + uint32(len(text))
	}
	data = bytes.Repeat([]byte("Désolé, la carte n'est pas lisible. "), p.strings/30)[:p.strings/8*8]
	for _, f := range p.functions {
		if p.narrow {
			data = le.AppendUint32(data, uint32(base)+starts[f.id])
		} else {
			data = le.AppendUint64(data, base+uint64(starts[f.id]))
		}
	}
	for _, f := range p.functions {
		data = le.AppendUint32(le.AppendUint32(data, starts[f.id]-textAddress), uint32(f.id*8))
		data = le.AppendUint32(data, starts[f.id]-dataAddress-uint32(len(data)))
	}
	return text, data, dataAddress
}

// body returns the code of a function that begins at an address.
func (p program) body(f function, at uint32, starts map[int]uint32, data, base uint32) []byte {
	r := rand.New(rand.NewPCG(uint64(f.id), 1))
	var b []byte
	field := func(op []byte, target uint32) {
		b = append(b, op...)
		b = le.AppendUint32(b, target-(at+uint32(len(b))+4))
	}
	for len(b) < f.length-12 {
		callee := (f.id*7 + len(b)) % 200
		switch r.IntN(6) {
		case 0:
			field([]byte{0xE8}, starts[callee])
		case 1:
			if p.narrow {
				b = append(b, 0x8B, 0x0D)
				b = le.AppendUint32(b, base+data+uint32(r.IntN(4000)))
				continue
			}
			field([]byte{0x48, 0x8D, 0x0D}, data+uint32(r.IntN(4000)))
		case 2:
			field([]byte{0x0F, 0x84}, at+uint32(len(b))+6)
		default:
			b = binary.BigEndian.AppendUint32(b, r.Uint32()|0x01010101)
		}
	}
	for len(b) < f.length {
		b = append(b, 0x90)
	}
	return b
}

// elf is the program as an ELF file.
func (p program) elf() []byte {
	text, data, address := p.layout(elfBase)
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57+2*56)...)
	le.PutUint16(b[18:], 62)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 2)
	load := func(h []byte, flags uint32, offset, address uint64, size int) {
		le.PutUint32(h, 1)
		le.PutUint32(h[4:], flags)
		for i, n := range []uint64{offset, address, address, uint64(size), uint64(size) + 64} {
			le.PutUint64(h[8+8*i:], n)
		}
	}
	load(b[64:], 5, textOffset, elfBase+textAddress, len(text))
	load(b[64+56:], 6, uint64(textOffset+len(text)), elfBase+uint64(address), len(data))
	b = append(b, make([]byte, textOffset-len(b))...)
	return append(append(b, text...), data...)
}

// pe is the program as a PE file.
func (p program) pe() []byte {
	base, machine, form := uint64(peBase), uint16(0x8664), uint16(0x20B)
	if p.narrow {
		base, machine, form = 0x10000000, 0x14C, 0x10B
	}
	text, data, address := p.layout(base)
	b := make([]byte, textOffset)
	copy(b, "MZ")
	le.PutUint32(b[60:], 64)
	copy(b[64:], "PE\x00\x00")
	le.PutUint16(b[64+4:], machine)
	le.PutUint16(b[64+6:], 2)
	le.PutUint16(b[64+20:], 240)
	optional := b[64+24:]
	le.PutUint16(optional, form)
	if p.narrow {
		le.PutUint32(optional[28:], uint32(base))
	} else {
		le.PutUint64(optional[24:], base)
	}
	head := func(h []byte, name string, size int, address, offset, flags uint32) {
		copy(h, name)
		for i, n := range []uint32{uint32(size), address, uint32(size), offset} {
			le.PutUint32(h[8+4*i:], n)
		}
		le.PutUint32(h[36:], flags)
	}
	head(optional[240:], ".text", len(text), textAddress, textOffset, 0x60000020)
	head(optional[280:], ".data", len(data), address, uint32(textOffset+len(text)), 0xC0000040)
	return append(append(b, text...), data...)
}

// machO is the program as a Mach-O file.
func (p program) machO() []byte {
	text, data, address := p.layout(peBase)
	b := []byte("\xCF\xFA\xED\xFE\x07\x00\x00\x01")
	b = append(b, make([]byte, 24+72+2*80)...)
	le.PutUint32(b[16:], 1)
	command := b[32:]
	le.PutUint32(command, 0x19)
	le.PutUint32(command[4:], 72+2*80)
	le.PutUint64(command[24:], peBase)
	le.PutUint64(command[48:], uint64(textOffset+len(text)))
	head := func(h []byte, size int, address, offset, flags uint32) {
		le.PutUint64(h[32:], peBase+uint64(address))
		le.PutUint64(h[40:], uint64(size))
		le.PutUint32(h[48:], offset)
		le.PutUint32(h[64:], flags)
	}
	head(command[72:], len(text), textAddress, textOffset, 0x80000400)
	head(command[72+80:], len(data), address, uint32(textOffset+len(text)), 0)
	b = append(b, make([]byte, textOffset-len(b))...)
	return append(append(b, text...), data...)
}

// universal is the program as the second part of a universal Mach-O file.
func (p program) universal() []byte {
	const part, other = 4096, 0x0100000C
	file := p.machO()
	b := make([]byte, part)
	copy(b, "\xCA\xFE\xBA\xBE\x00\x00\x00\x02")
	for i, kind := range []uint32{other, 0x01000007} {
		h := b[8+20*i:]
		binary.BigEndian.PutUint32(h, kind)
		binary.BigEndian.PutUint32(h[8:], uint32(part*(i+1)))
		binary.BigEndian.PutUint32(h[12:], uint32(len(file)))
	}
	return append(append(b, make([]byte, part)...), file...)
}
