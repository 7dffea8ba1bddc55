package durable

import (
	"fmt"
	"io/fs"
	"strings"
)

// maxElement is the longest file name of ours, in bytes. The names we make
// are far shorter; the limit leaves room for a suffix on every file system.
const maxElement = 100

// CheckPath tells whether a Dir accepts name: relative, slash-separated and
// clean, without the characters that some system reads as a separator, a
// drive or a stream. The rule is the same on every system, so that what works
// on one works on all. The error wraps fs.ErrInvalid.
func CheckPath(name string) error {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("path %q: %w", name, fs.ErrInvalid)
	}
	return nil
}

// CheckName tells whether name is one that this program may give to a file:
// elements of [A-Za-z0-9._+~-] separated by slashes, none of them longer than
// 100 bytes, ending in a dot or reserved by Windows. It is the rule for names
// we make; names inside archives have a rule of their own in package unpack.
// The error wraps fs.ErrInvalid.
func CheckName(name string) error {
	for element := range strings.SplitSeq(name, "/") {
		if !plain(element) || strings.HasSuffix(element, ".") || len(element) > maxElement || Reserved(element) {
			return fmt.Errorf("name %q: %w", name, fs.ErrInvalid)
		}
	}
	return nil
}

// CheckPlain tells whether each of names is a CheckName of one element that
// does not begin with a dot, as the names do that a backend gives to its own.
// The error wraps fs.ErrInvalid.
func CheckPlain(names ...string) error {
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return err
		}
		if strings.Contains(name, "/") || name[0] == '.' {
			return fmt.Errorf("name %q: %w", name, fs.ErrInvalid)
		}
	}
	return nil
}

// plain tells whether s is not empty and made of harmless characters only.
func plain(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("._+~-", rune(c)) {
			return false
		}
	}
	return s != ""
}

// Reserved tells whether Windows takes the file name (one element, not a
// path) for a device, whatever its ending and case: "NUL", "com1.txt".
// Source: Microsoft, "Naming Files, Paths, and Namespaces".
func Reserved(element string) bool {
	base, _, _ := strings.Cut(element, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, found := strings.CutPrefix(base, "COM")
	if !found {
		digit, found = strings.CutPrefix(base, "LPT")
	}
	if !found {
		return false
	}
	switch digit {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}
