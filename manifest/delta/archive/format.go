package archive

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

const (
	magic   = "RLVTREE"
	version = 1

	windowBits = 22   // of the program
	maxPath    = 1024 // bytes
)

// The instructions of a program.
const (
	opEnd = iota
	opLiteral
	opHeader
	opKeep
	opKeepOther
	opPatch
	opPatchOther
)

// Where things are in a header block, in bytes (POSIX.1-1988, ustar).
const (
	blockSize  = 512
	nameEnd    = 100
	sizeAt     = 124
	sizeEnd    = 136
	sumAt      = 148
	sumEnd     = 156
	magicAt    = 257
	prefixAt   = 345
	prefixEnd  = 500
	posixMagic = "ustar\x00"
)

// header is a header block of a tar.
type header [blockSize]byte

// checksum returns the checksum field as every archiver of today writes it:
// the sum of all bytes, the field itself taken as spaces, in six octal digits.
func (h *header) checksum() []byte {
	sum := int64(sumEnd-sumAt) * ' '
	for i, b := range h {
		if i < sumAt || i >= sumEnd {
			sum += int64(b)
		}
	}
	return fmt.Appendf(nil, "%06o\x00 ", sum)
}

// canonical reports whether h can do without its checksum.
func (h *header) canonical() bool { return bytes.Equal(h[sumAt:sumEnd], h.checksum()) }

// size returns the length of the content, where it is written in octal.
func (h *header) size() (int64, bool) {
	n, err := strconv.ParseUint(strings.Trim(string(h[sizeAt:sizeEnd]), " \x00"), 8, 63)
	return int64(n), err == nil
}

// path returns the name of the entry as far as the block itself tells it, and
// "" where that is none. Longer names stand in blocks before it.
func (h *header) path() string {
	name := text(h[:nameEnd])
	if prefix := text(h[prefixAt:prefixEnd]); prefix != "" && string(h[magicAt:magicAt+len(posixMagic)]) == posixMagic {
		name = prefix + "/" + name
	}
	return installed(name)
}

// text is a field up to its first zero.
func text(field []byte) string {
	before, _, _ := bytes.Cut(field, []byte{0})
	return string(before)
}

// installed returns where the entry called name is once it is installed, ""
// for what is no file below a directory.
func installed(name string) string {
	for strings.HasPrefix(name, "./") {
		name = name[len("./"):]
	}
	if name == "." || len(name) > maxPath || !fs.ValidPath(name) {
		return ""
	}
	return name
}

// padding is what follows n bytes of content.
func padding(n int64) int64 { return -n & (blockSize - 1) }
