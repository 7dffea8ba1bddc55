package databasetest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf16"
)

// Of a compound file of version 3. Source: Microsoft, [MS-CFB].
const (
	sector     = 512
	miniSector = 64
	miniLimit  = 4096 // streams below it lie in the mini stream
	endOfChain = 0xFFFFFFFE
	fatSector  = 0xFFFFFFFD
	free       = 0xFFFFFFFF
	inHeader   = 109 // sectors of the allocation table that the header names
)

// disk collects sectors and their chains.
type disk struct {
	data []byte
	next []uint32
}

// put stores data in sectors of its own and returns the first.
func (d *disk) put(data []byte) uint32 {
	if len(data) == 0 {
		return endOfChain
	}
	first := uint32(len(d.next)) //nolint:gosec // of a test
	for len(data) > 0 {
		part := make([]byte, sector)
		data = data[copy(part, data):]
		d.data = append(d.data, part...)
		d.next = append(d.next, uint32(len(d.next)+1)) //nolint:gosec // of a test
	}
	d.next[len(d.next)-1] = endOfChain
	return first
}

// compound writes streams into a compound file.
func compound(streams map[string][]byte) []byte {
	names := slices.SortedFunc(maps.Keys(streams), func(a, b string) int {
		return cmp.Or(cmp.Compare(len([]rune(a)), len([]rune(b))), cmp.Compare(a, b))
	})
	var d disk
	var mini, miniTable []byte
	entries := make([][]byte, 0, len(names)+1)
	for i, name := range names {
		data, next := streams[name], uint32(i+2) //nolint:gosec // of a test
		if i == len(names)-1 {
			next = free
		}
		start := uint32(endOfChain)
		switch {
		case len(data) >= miniLimit:
			start = d.put(data)
		case len(data) > 0:
			start = uint32(len(mini) / miniSector) //nolint:gosec // of a test
			mini = append(mini, data...)
			mini = append(mini, make([]byte, -len(mini)&(miniSector-1))...)
			for n := uint32(len(miniTable)/4) + 1; int(n) < len(mini)/miniSector; n++ { //nolint:gosec // of a test
				miniTable = binary.LittleEndian.AppendUint32(miniTable, n)
			}
			miniTable = binary.LittleEndian.AppendUint32(miniTable, endOfChain)
		}
		entries = append(entries, entry(name, 2, next, free, start, len(data)))
	}
	root := entry("Root Entry", 5, free, 1, d.put(mini), len(mini))
	directory := slices.Concat(append([][]byte{root}, entries...)...)
	for len(directory)%sector != 0 {
		directory = append(directory, entry("", 0, free, free, 0, 0)...)
	}
	for len(miniTable)%sector != 0 {
		miniTable = binary.LittleEndian.AppendUint32(miniTable, free)
	}
	directoryAt, miniAt := d.put(directory), d.put(miniTable)
	return slices.Concat(d.allocate(directoryAt, miniAt, len(miniTable)/sector), d.data, d.table())
}

// tableSize is how many sectors the allocation table takes.
func (d *disk) tableSize() int {
	size := 0
	for len(d.next)+size > size*sector/4 {
		size++
	}
	if size > inHeader {
		panic("the package is too large for a test") //nolint:forbidigo // only tests come here
	}
	return size
}

// table is the allocation table, which lies behind the data.
func (d *disk) table() []byte {
	var out []byte
	for _, next := range d.next {
		out = binary.LittleEndian.AppendUint32(out, next)
	}
	for range d.tableSize() {
		out = binary.LittleEndian.AppendUint32(out, fatSector)
	}
	for len(out)%sector != 0 {
		out = binary.LittleEndian.AppendUint32(out, free)
	}
	return out
}

// allocate is the header.
func (d *disk) allocate(directory, mini uint32, miniSectors int) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // into memory
	put(uint64(0xE11AB1A1E011CFD0))
	put([16]byte{})
	put([]uint16{0x3e, 3, 0xfffe, 9, 6, 0, 0, 0})
	size := d.tableSize()
	put([]uint32{0, uint32(size), directory, 0, miniLimit, mini, uint32(miniSectors), endOfChain, 0}) //nolint:gosec // of a test
	for i := range inHeader {
		if i < size {
			put(uint32(len(d.next) + i)) //nolint:gosec // of a test
		} else {
			put(uint32(free))
		}
	}
	return b.Bytes()
}

// entry is one of the directory.
func entry(name string, kind byte, right, child, start uint32, size int) []byte {
	out := make([]byte, 128)
	units := utf16.Encode([]rune(name))
	for i, u := range units {
		binary.LittleEndian.PutUint16(out[2*i:], u)
	}
	if name != "" {
		binary.LittleEndian.PutUint16(out[64:], uint16(2*len(units)+2)) //nolint:gosec // of a test
	}
	out[66], out[67] = kind, 1
	binary.LittleEndian.PutUint32(out[68:], free)
	binary.LittleEndian.PutUint32(out[72:], right)
	binary.LittleEndian.PutUint32(out[76:], child)
	binary.LittleEndian.PutUint32(out[116:], start)
	binary.LittleEndian.PutUint32(out[120:], uint32(size)) //nolint:gosec // of a test
	return out
}
