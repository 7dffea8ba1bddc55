package database

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Properties of the summary information. Source: Microsoft, "Summary
// Information Stream Property Set".
const (
	summaryTemplate = 7 // platform;languages
	summaryRevision = 9 // package code
)

// summary reads platform and package code from the summary information, which
// a damaged cache may lack.
func (t *tables) summary() (platform, packageCode string, err error) {
	data, err := t.stream(summaryStream)
	if errors.Is(err, errNoTable) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	texts, err := propertySet(data)
	if err != nil {
		return "", "", err
	}
	platform, _, _ = strings.Cut(texts[summaryTemplate], ";")
	if code := strings.ToUpper(texts[summaryRevision]); len(code) >= 38 && IsCode(code[:38]) {
		packageCode = code[:38] // those of the patches follow
	}
	return platform, packageCode, nil
}

// propertySet reads the texts of the first section of a property set. Source:
// Microsoft, [MS-OLEPS].
func propertySet(data []byte) (map[uint32]string, error) {
	const (
		head      = 48 // bytes up to the first section's place
		typeLPSTR = 30
		maxNumber = 100
	)
	if len(data) < head || binary.LittleEndian.Uint16(data) != 0xFFFE {
		return nil, malformed("its summary information has no head")
	}
	start := binary.LittleEndian.Uint32(data[44:])
	if uint64(start)+8 > uint64(len(data)) {
		return nil, malformed("its summary information ends before its section")
	}
	section := data[start:]
	count := binary.LittleEndian.Uint32(section[4:])
	if count > maxNumber || uint64(8+8*count) > uint64(len(section)) {
		return nil, malformed("its summary information has %d properties", count)
	}
	out := map[uint32]string{}
	for i := range count {
		entry := section[8+8*i:]
		id, at := binary.LittleEndian.Uint32(entry), uint64(binary.LittleEndian.Uint32(entry[4:]))
		if at+8 > uint64(len(section)) || binary.LittleEndian.Uint32(section[at:]) != typeLPSTR {
			continue
		}
		size := uint64(binary.LittleEndian.Uint32(section[at+4:]))
		if at+8+size > uint64(len(section)) {
			return nil, malformed("a property of its summary information has %d bytes", size)
		}
		out[id] = strings.TrimRight(decode(section[at+8:at+8+size]), "\x00")
	}
	return out, nil
}
