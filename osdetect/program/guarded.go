package program

import (
	"slices"
	"strings"
)

// Guarded reports whether a program of Windows lies where only administrators
// can put one: below one of the folders of programs, or directly in the folder
// of Windows, as old programs do. The folders below that one hold interpreters,
// and some that users write to. Folders are absolute and without a backslash
// at the end; one that is not known is "".
func Guarded(path string, folders []string, windows string) bool {
	lower := small(path)
	if !strings.HasSuffix(lower, ".exe") || strings.ContainsAny(lower, "/\"<>|*?") || strings.Contains(lower[min(2, len(lower)):], ":") {
		return false
	}
	elements := strings.Split(lower, `\`)
	bad := func(element string) bool {
		return element == "" || strings.Trim(element, ".") == "" || strings.HasSuffix(element, " ") || strings.HasSuffix(element, ".")
	}
	if slices.ContainsFunc(elements, bad) {
		return false
	}
	for _, folder := range folders {
		if folder != "" && strings.HasPrefix(lower, small(folder)+`\`) {
			return true
		}
	}
	rest, below := strings.CutPrefix(lower, small(windows)+`\`)
	return windows != "" && below && !strings.Contains(rest, `\`)
}

// small makes the letters of ASCII small, as far as the names of folders of
// Windows have any.
func small(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
