package galss

import (
	"errors"
	"strings"
)

// ErrText says that a text cannot stand in galss.ini as it is: it has a
// character that Windows-1252 lacks, a control character, a semicolon, or
// spaces or quotes at its ends, which whoever reads the file would take away.
var ErrText = errors.New("galss.ini cannot hold this text")

// high are the characters of the bytes 0x80 to 0x9F in Windows-1252. The five
// that it leaves open stand for themselves, as in Windows.
var high = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// decode reads Windows-1252.
func decode(raw string) string {
	var b strings.Builder
	for _, c := range []byte(raw) {
		if c >= 0x80 && c < 0xa0 {
			b.WriteRune(high[c-0x80])
		} else {
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

// encode writes a value in Windows-1252.
func encode(value string) (string, error) {
	if strings.TrimSpace(value) != value || value != unquote(value) || strings.Contains(value, ";") {
		return "", ErrText
	}
	raw := make([]byte, 0, len(value))
	for _, r := range value {
		c, ok := encodeRune(r)
		if !ok {
			return "", ErrText
		}
		raw = append(raw, c)
	}
	return string(raw), nil
}

func encodeRune(r rune) (byte, bool) {
	switch {
	case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0: // control characters
		return 0, false
	case r < 0x80 || r >= 0xa0 && r <= 0xff:
		return byte(r), true
	}
	for n, c := range high {
		if c == r {
			return byte(0x80 + n), true
		}
	}
	return 0, false
}
