package unpack

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// The codes of an Error: why an archive is refused.
const (
	CodeUnknownFormat = "unpack-unknown-format" // the ending of the name is none of ours
	CodeDamaged       = "unpack-damaged"        // it cannot be read to its end
	CodeBadName       = "unpack-bad-name"       // a name that is unsafe, or impossible on some system
	CodeTwinName      = "unpack-twin-name"      // two entries that are one file on some system
	CodeBadType       = "unpack-bad-type"       // neither a regular file nor a directory
	CodeTooLarge      = "unpack-too-large"      // more bytes than allowed
	CodeTooMany       = "unpack-too-many"       // more entries than allowed
)

// Error says why an archive is refused.
type Error struct {
	Reason  string // one of the codes above
	Archive string // file name
	Name    string // the entry; "" when it is not about one
	Other   string // the entry that was there before, for CodeTwinName
	Limit   int64  // for CodeTooLarge (bytes) and CodeTooMany (entries)
	Cause   error  // nil when the reason says all
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("archive %q: %s", e.Archive, strings.TrimPrefix(e.Reason, "unpack-"))
	if e.Name != "" {
		text += fmt.Sprintf(", entry %q", shown(e.Name))
	}
	if e.Limit > 0 {
		text += fmt.Sprintf(", limit %d", e.Limit)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the reason.
func (e *Error) Code() string { return e.Reason }

// Args returns the places of the sentence: Archive, Name, Other and Limit,
// clean of what could disturb a screen.
func (e *Error) Args() map[string]string {
	return map[string]string{
		"Archive": shown(e.Archive),
		"Name":    shown(e.Name),
		"Other":   shown(e.Other),
		"Limit":   strconv.FormatInt(e.Limit, 10),
	}
}

const maxShown = 120 // runes of a name that are shown

// shown replaces what is not printable, invisible and bidirectional
// characters included, and shortens.
func shown(name string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name))
	if len(clean) > maxShown {
		return string(clean[:maxShown]) + "..."
	}
	return string(clean)
}
