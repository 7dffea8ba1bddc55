package publish

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// depth is how many levels a delegation DIR/** covers: in TUF a star does not
// cross a slash, so each level needs a pattern of its own.
const depth = 5

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// targetName is the file of the target at path: the digest stands in front of
// the last name.
func targetName(path, sha256 string) string {
	i := strings.LastIndexByte(path, '/') + 1
	return "targets/" + path[:i] + sha256 + "." + path[i:]
}

// isName reports whether s is [a-z0-9-]{1,32}: components, channels and
// roles, whose names become file names on every system.
func isName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isPlain reports whether s can be one part of a path: letters, digits and
// ._+~- without a dot at either end.
func isPlain(s string) bool {
	if s == "" || len(s) > 100 || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("._+~-", rune(c)) {
			return false
		}
	}
	return true
}

// roleTaken reports whether a publisher may not be called s.
func roleTaken(s string) bool {
	return slices.Contains([]string{
		metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP, Catalogue,
		"root-1", "root-2", "root-3",
	}, s)
}

// expand turns DIR/** into one pattern for each level, and leaves a plain
// path alone. Any other star is refused: nobody can tell by reading what it
// covers.
func expand(pattern string) ([]string, bool) {
	dir, all := strings.CutSuffix(pattern, "/**")
	for part := range strings.SplitSeq(dir, "/") {
		if !isPlain(part) {
			return nil, false
		}
	}
	if !all {
		return []string{pattern}, true
	}
	var patterns []string
	for level := range depth {
		patterns = append(patterns, dir+strings.Repeat("/*", level+1))
	}
	return patterns, true
}

// overlap reports whether some path could match both patterns.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i] != bs[i] && as[i] != "*" && bs[i] != "*" {
			return false
		}
	}
	return true
}
