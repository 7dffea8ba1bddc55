package main

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// answered reads the answer of WMIC: a heading, then a command line each.
func answered(out []byte) ([]string, error) {
	text := string(out)
	if len(out) >= 2 && out[0] == 0xff && out[1] == 0xfe {
		units := make([]uint16, len(out)/2-1)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(out[2*i+2:])
		}
		text = string(utf16.Decode(units))
	}
	var lines []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	if !strings.EqualFold(lines[0], "CommandLine") {
		return nil, fmt.Errorf("the answer of WMIC begins with %q", lines[0])
	}
	return lines[1:], nil
}
