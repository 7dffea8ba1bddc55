package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The codes of a SyntaxError: what is wrong with a document.
const (
	CodeSyntax       = "manifest-syntax"        // not JSON, or not UTF-8, or more than one value
	CodeTooLarge     = "manifest-too-large"     // bytes, values or depth beyond the limit
	CodeUnknownField = "manifest-unknown-field" // a field this version does not know
	CodeMissingField = "manifest-missing-field" // a field that must be there
	CodeNull         = "manifest-null"          // null, where only values are allowed
	CodeDuplicateKey = "manifest-duplicate-key" // the same key twice in an object
	CodeCharacter    = "manifest-character"     // a control, bidirectional or invisible character
	CodeType         = "manifest-type"          // a string where a number belongs, and the like
	CodeValue        = "manifest-value"         // right type, wrong form or out of range
	CodeDuplicate    = "manifest-duplicate"     // two entries that name the same thing
	CodeMismatch     = "manifest-mismatch"      // two documents, or a document and its name, disagree
)

// The codes of a TextError: what somebody typed cannot be read.
const (
	CodeVersion   = "manifest-version"
	CodeRange     = "manifest-range"
	CodeCondition = "manifest-condition"
)

// A SyntaxError says where a document is wrong. Every text in it may be shown
// on a terminal.
type SyntaxError struct {
	Document string // name in the repository; "" when the reader was not told
	Path     string // for example "releases[3].requires[0].require.fact"; "" is the document itself
	Reason   string // one of the codes above
	Expected string // notation rather than a sentence: "string", "<= 120", "windows | macos"; may be ""
	Found    string // what stands there, cleaned and shortened; may be ""
}

// Code implements the coded errors of the product.
func (e *SyntaxError) Code() string { return e.Reason }

// Args returns what the sentence of the code may name: Document, Path,
// Expected and Found.
func (e *SyntaxError) Args() map[string]string {
	return map[string]string{
		"Document": e.Document, "Path": e.Path, "Expected": e.Expected, "Found": e.Found,
	}
}

// Error is the English text for the log.
func (e *SyntaxError) Error() string {
	var b strings.Builder
	if e.Document != "" {
		b.WriteString(e.Document + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(strings.ReplaceAll(strings.TrimPrefix(e.Reason, "manifest-"), "-", " "))
	if e.Expected != "" {
		b.WriteString(", expected " + e.Expected)
	}
	if e.Found != "" {
		b.WriteString(", found " + e.Found)
	}
	return b.String()
}

// under puts a field in front of the path of e.
func (e *SyntaxError) under(field string) *SyntaxError {
	e.Path = joinPath(visible(field), e.Path)
	return e
}

// element puts an index in front of the path of e.
func (e *SyntaxError) element(i int) *SyntaxError {
	e.Path = joinPath("["+strconv.Itoa(i)+"]", e.Path)
	return e
}

// entry is under(field) of element(i).
func (e *SyntaxError) entry(field string, i int) *SyntaxError {
	return e.element(i).under(field)
}

func joinPath(first, rest string) string {
	if rest == "" || strings.HasPrefix(rest, "[") {
		return first + rest
	}
	return first + "." + rest
}

// A TextError says why a version, a range or a condition that somebody typed
// cannot be read.
type TextError struct {
	Reason   string // CodeVersion, CodeRange or CodeCondition
	Text     string // what was typed, cleaned and shortened
	Column   int    // where reading stopped, in bytes, from 1
	Expected string // notation: what could stand there
}

// Code implements the coded errors of the product.
func (e *TextError) Code() string { return e.Reason }

// Args returns what the sentence of the code may name: Text, Column and
// Expected.
func (e *TextError) Args() map[string]string {
	return map[string]string{
		"Text": e.Text, "Column": strconv.Itoa(e.Column), "Expected": e.Expected,
	}
}

// Error is the English text for the log.
func (e *TextError) Error() string {
	return fmt.Sprintf("%s %q: column %d: expected %s",
		strings.TrimPrefix(e.Reason, "manifest-"), e.Text, e.Column, e.Expected)
}

// longestShown is how many characters of a foreign text an error repeats.
const longestShown = 80

// visible returns s with every character that a terminal would obey or hide
// written as an escape, and shortened, so that an error can repeat it.
func visible(s string) string {
	var b strings.Builder
	shown := 0
	for i, r := range s {
		if shown++; shown > longestShown {
			b.WriteString("...")
			break
		}
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "\\x%02x", s[i])
		case allowedRune(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\u{%x}", r)
		}
	}
	return b.String()
}

// allowedRune reports whether a person can see r, or sees a space: controls,
// line separators, bidirectional and zero-width characters, private use and
// unassigned code points are not allowed in any string of a document.
func allowedRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return unicode.IsGraphic(r) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		!unicode.Is(unicode.Variation_Selector, r)
}
