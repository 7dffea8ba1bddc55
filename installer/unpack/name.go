package unpack

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/releve-sante/releve/installer/durable"
)

// Limits of names. The strictest common system decides: 255 units for an
// element, and for a whole path what leaves room for the target directory.
const (
	maxElement = 255  // bytes
	maxPath    = 1024 // bytes
	maxDepth   = 32   // elements
)

// cleanName returns the path of an entry without the ornaments that archivers
// add ("./" before, "/" after), "." for the directory itself. ok is false for
// a name that is unsafe or does not exist on every system. The rule is the
// same everywhere, so that a package that is refused on one system is refused
// by the tests on all.
func cleanName(name string) (clean string, ok bool) {
	clean = strings.TrimSuffix(name, "/")
	for strings.HasPrefix(clean, "./") {
		clean = clean[len("./"):]
	}
	if clean == "." || clean == "" && name == "./" {
		return ".", true
	}
	if len(clean) > maxPath || strings.Count(clean, "/") >= maxDepth || !utf8.ValidString(clean) {
		return "", false
	}
	for element := range strings.SplitSeq(clean, "/") {
		if !goodElement(element) {
			return "", false
		}
	}
	return clean, true
}

// goodElement tells whether a file of that name can exist on every system.
// Empty elements, "." and ".." end in a dot or in nothing.
func goodElement(element string) bool {
	if element == "" || len(element) > maxElement {
		return false
	}
	if last := element[len(element)-1]; last == '.' || last == ' ' {
		return false
	}
	for _, r := range element {
		// What does not print cannot be seen in a report either.
		if !unicode.IsPrint(r) || strings.ContainsRune(`\:*?"<>|`, r) {
			return false
		}
	}
	return !durable.Reserved(element)
}

// twinKey is equal for names that some system takes for one: it forgets case,
// as Windows and macOS do, and how accents are composed, as macOS does.
func twinKey(name string) string {
	return norm.NFD.String(strings.Map(fold, norm.NFD.String(name)))
}

// fold returns the same rune for all that differ in case only. The capital is
// taken first: a dotless i has one, and still is no form of i to SimpleFold.
func fold(r rune) rune {
	first := unicode.ToUpper(r)
	lowest := first
	for next := unicode.SimpleFold(first); next != first; next = unicode.SimpleFold(next) {
		lowest = min(lowest, next)
	}
	return unicode.ToLower(lowest)
}
