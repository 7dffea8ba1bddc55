package manifest

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of every document. The catalogues of ten thousand releases that
// planning is measured with fit twice.
const (
	MaxDocument = 8 << 20 // bytes
	MaxValues   = 400_000 // strings, numbers, booleans, lists and objects together
	MaxDepth    = 32      // lists and objects inside each other
)

// A scanner reads JSON tokens. Strings are cut out of text without a copy, so
// a decoded document keeps its text alive.
type scanner struct {
	text   string
	pos    int
	depth  int
	values int
}

// next skips white space and returns the next byte without consuming it, 0 at
// the end.
func (s *scanner) next() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// unexpected is the error of a byte that JSON does not allow here.
func (s *scanner) unexpected(expected string) *SyntaxError {
	if s.pos >= len(s.text) {
		return &SyntaxError{Reason: CodeSyntax, Expected: expected, Found: "end of document"}
	}
	return &SyntaxError{Reason: CodeSyntax, Expected: expected, Found: s.excerpt()}
}

// excerpt quotes a few characters from the current position on.
func (s *scanner) excerpt() string {
	rest := s.text[s.pos:]
	for i := range rest {
		if i >= 12 {
			rest = rest[:i]
			break
		}
	}
	return visible(rest)
}

// value counts one more value.
func (s *scanner) value() *SyntaxError {
	if s.values++; s.values > MaxValues {
		return &SyntaxError{Reason: CodeTooLarge, Expected: "<= " + strconv.Itoa(MaxValues) + " values"}
	}
	return nil
}

// open enters a list or an object, whose first byte is next.
func (s *scanner) open() *SyntaxError {
	s.pos++
	if s.depth++; s.depth > MaxDepth {
		return &SyntaxError{Reason: CodeTooLarge, Expected: "depth <= " + strconv.Itoa(MaxDepth)}
	}
	return nil
}

// more reports whether another member of the list or object that ends with
// end follows; first tells that none was read yet. It consumes the comma or
// the end.
func (s *scanner) more(end byte, first bool) (bool, *SyntaxError) {
	switch c := s.next(); {
	case c == end:
		s.pos++
		s.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.pos++
		if s.next() == end {
			return false, s.unexpected("value")
		}
		return true, nil
	}
	return false, s.unexpected("\",\" | \"" + string(end) + "\"")
}

// key reads the key of a member and its colon.
func (s *scanner) key() (string, *SyntaxError) {
	if s.next() != '"' {
		return "", s.unexpected("\"key\"")
	}
	key, err := s.str()
	if err != nil {
		return "", err
	}
	if s.next() != ':' {
		return "", s.unexpected("\":\"")
	}
	s.pos++
	return key, nil
}

// str reads a string, whose opening quote is next.
func (s *scanner) str() (string, *SyntaxError) {
	s.pos++
	start := s.pos
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == '"':
			out := s.text[start:s.pos]
			s.pos++
			return out, nil
		case c == '\\':
			return s.escaped(start)
		case c >= ' ' && c < 0x7f:
			s.pos++
		default:
			if err := s.rune(); err != nil {
				return "", err
			}
		}
	}
	return "", s.unexpected("\"\\\"\"")
}

// escaped goes on with a string that began at start and whose first escape is
// next; such a string has to be copied.
func (s *scanner) escaped(start int) (string, *SyntaxError) {
	out := []byte(s.text[start:s.pos])
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return string(out), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		default:
			from := s.pos
			if err := s.rune(); err != nil {
				return "", err
			}
			out = append(out, s.text[from:s.pos]...)
		}
	}
	return "", s.unexpected("\"\\\"\"")
}

// rune consumes one character that stands as itself.
func (s *scanner) rune() *SyntaxError {
	r, size := utf8.DecodeRuneInString(s.text[s.pos:])
	if r == utf8.RuneError && size == 1 {
		return &SyntaxError{Reason: CodeSyntax, Expected: "UTF-8", Found: s.excerpt()}
	}
	if !allowedRune(r) {
		return forbidden(r)
	}
	s.pos += size
	return nil
}

func forbidden(r rune) *SyntaxError {
	return &SyntaxError{Reason: CodeCharacter, Found: visible(string(r))}
}

// escape consumes one escape sequence.
func (s *scanner) escape() (rune, *SyntaxError) {
	var r rune
	c := byte(0)
	if s.pos+1 < len(s.text) {
		c = s.text[s.pos+1]
	}
	switch c {
	case '"', '\\', '/':
		s.pos += 2
		return rune(c), nil
	case 'b':
		r = '\b'
	case 'f':
		r = '\f'
	case 'n':
		r = '\n'
	case 'r':
		r = '\r'
	case 't':
		r = '\t'
	case 'u':
		return s.unicodeEscape()
	default:
		return 0, s.unexpected("escape sequence")
	}
	return 0, forbidden(r)
}

// unicodeEscape consumes \uXXXX, or two of them that are a surrogate pair.
func (s *scanner) unicodeEscape() (rune, *SyntaxError) {
	r, ok := s.hex(s.pos)
	size := 6
	if ok && utf16.IsSurrogate(r) {
		var low rune
		low, ok = s.hex(s.pos + 6)
		r, size = utf16.DecodeRune(r, low), 12
		ok = ok && r != utf8.RuneError
	}
	if !ok {
		return 0, s.unexpected("\\uXXXX")
	}
	if !allowedRune(r) {
		return 0, forbidden(r)
	}
	s.pos += size
	return r, nil
}

// hex reads the code unit of the \uXXXX at position at.
func (s *scanner) hex(at int) (rune, bool) {
	if at+6 > len(s.text) || s.text[at] != '\\' || s.text[at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s.text[at+2:at+6], 16, 16)
	return rune(n), err == nil
}

// number reads a number and returns it as written; whole reports whether it
// has neither fraction nor exponent.
func (s *scanner) number() (text string, whole bool, err *SyntaxError) {
	start := s.pos
	if s.text[s.pos] == '-' {
		s.pos++
	}
	first := s.pos
	if s.digits() == 0 || s.text[first] == '0' && s.pos > first+1 {
		s.pos = start
		return "", false, s.unexpected("number")
	}
	whole = true
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		whole = false
		s.pos++
		if s.digits() == 0 {
			return "", false, s.unexpected("digit")
		}
	}
	if s.pos < len(s.text) && (s.text[s.pos] == 'e' || s.text[s.pos] == 'E') {
		whole = false
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return "", false, s.unexpected("digit")
		}
	}
	return s.text[start:s.pos], whole, nil
}

// digits consumes digits and returns how many.
func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// word consumes w when it is next.
func (s *scanner) word(w string) bool {
	if len(s.text)-s.pos < len(w) || s.text[s.pos:s.pos+len(w)] != w {
		return false
	}
	s.pos += len(w)
	return true
}
