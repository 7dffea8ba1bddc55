// Package quote makes somebody else's text fit for a message: a value of a
// file, a name of a device, what a system said.
//
// What it promises: no character of the text acts on a terminal, hides, or
// changes the order in which the rest is read; and it stays short.
package quote

import (
	"strings"
	"unicode"
)

// Longest is how many characters of a text Text leaves.
const Longest = 80

// Hidden reports whether a character can make a terminal or a reader see
// something else than what is there: controls, marks of lines and of direction,
// and what stands for bytes that are no text.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// Text puts a question mark in the place of what is hidden, and an ellipsis in
// the place of what is too much.
func Text(s string) string {
	s = strings.Map(func(r rune) rune {
		if Hidden(r) {
			return '?'
		}
		return r
	}, s)
	if short := []rune(s); len(short) > Longest {
		return string(short[:Longest]) + "…"
	}
	return s
}
