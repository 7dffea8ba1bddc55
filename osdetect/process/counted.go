package process

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unsafe"
)

// counted reads a counted text of Windows, UNICODE_STRING, from a buffer that
// lies at base: two lengths in bytes, then the address of the characters,
// which has to be in the same buffer.
func counted(buffer []byte, base uintptr) string {
	const word = int(unsafe.Sizeof(base))
	if len(buffer) < 2*word {
		return ""
	}
	length := int(binary.NativeEndian.Uint16(buffer))
	address := uintptr(binary.NativeEndian.Uint32(buffer[word:]))
	if word == 8 {
		address = uintptr(binary.NativeEndian.Uint64(buffer[word:]))
	}
	from := address - base
	if address < base || from > uintptr(len(buffer)) || length > len(buffer)-int(from) {
		return ""
	}
	return wide(buffer[from:][:length])
}

// wide reads UTF-16, without the zeros at its end.
func wide(data []byte) string {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, binary.NativeEndian.Uint16(data[i:]))
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}
