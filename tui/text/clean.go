package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxRunes is the longest string that is shown, in runes. A sentence of
	// a manifest has a few hundred.
	maxRunes = 2000
	// maxMarks is how many combining marks may follow one another; more is
	// a string that wants to paint over the lines around it.
	maxMarks = 3
)

// Clean makes a string from outside fit for a terminal and a log: control
// characters but the line feed, bidirectional and invisible characters,
// line and paragraph separators, private use characters and invalid UTF-8 are
// removed; a tab becomes a space; what is longer than 2,000 runes is cut and
// ends in "...".
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	runes, marks := 0, 0
	for _, r := range s {
		if r == '\t' {
			r = ' '
		}
		if !visible(r) {
			continue
		}
		if unicode.Is(unicode.M, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if runes++; runes > maxRunes {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Line is Clean on one line: line feeds become spaces.
func Line(s string) string {
	s = Clean(s)
	if !strings.Contains(s, "\n") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// plain is the short way for nearly every string: printable ASCII.
func plain(s string) bool {
	if len(s) > maxRunes {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n') || c > '~' {
			return false
		}
	}
	return true
}

// visible says whether a rune may be shown. unicode.Cf holds the
// bidirectional controls, the zero-width characters, the soft hyphen, the
// byte order mark and the tags.
func visible(r rune) bool {
	if r == '\n' {
		return true
	}
	if r == utf8.RuneError || unicode.IsControl(r) {
		return false
	}
	return !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs, unicode.Variation_Selector)
}

// fold writes a clean string in ASCII.
func fold(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case unicode.Is(unicode.M, r): // the letter before it stands
		default:
			b.WriteString(spell(r))
		}
	}
	return b.String()
}

// spell is a letter or sign of French or of our layouts without Unicode.
func spell(r rune) string {
	const from = "àâäéèêëîïôöùûüÿçñÀÂÄÉÈÊËÎÏÔÖÙÛÜŸÇÑ’‘“”–—−·•×\u00a0\u202f\u2009"
	const to = "aaaeeeeiioouuuycnAAAEEEEIIOOUUUYCN''\"\"---.*x   "
	i := 0
	for _, f := range from {
		if f == r {
			return to[i : i+1]
		}
		i++
	}
	switch r {
	case 'œ':
		return "oe"
	case 'Œ':
		return "OE"
	case 'æ':
		return "ae"
	case 'Æ':
		return "AE"
	case '…':
		return "..."
	case '«', '»':
		return "\""
	case '≥':
		return ">="
	case '≤':
		return "<="
	case '≠':
		return "!="
	case '→':
		return "->"
	case '€':
		return "EUR"
	}
	return "?"
}
