package trust

import (
	"slices"
	"strconv"
	"strings"
)

func topLevel() []string { return []string{"root", "timestamp", "snapshot", "targets"} }

func isTopLevel(role string) bool { return slices.Contains(topLevel(), role) }

// roleName reports whether s is [a-z0-9-]{1,32}. Role names become file
// names, so nothing that a file system reads differently may be in them.
func roleName(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// targetPath reports whether s is a relative path of plain names. Characters
// that path patterns or some system give a meaning to are not plain.
func targetPath(s string) bool {
	if len(s) > 512 {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || part[len(part)-1] == '.' {
			return false
		}
		for i := range len(part) {
			c := part[i]
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
			if !letter && !strings.ContainsRune("._+~-", rune(c)) {
				return false
			}
		}
	}
	return true
}

// remoteName is the path of a metadata file in the repository.
func remoteName(role string, version int64) string {
	if role == "timestamp" {
		return "metadata/timestamp.json"
	}
	return "metadata/" + strconv.FormatInt(version, 10) + "." + role + ".json"
}

// remoteTarget is the path in the repository of the target at path with the
// given digest: the digest stands in front of the last name.
func remoteTarget(path, sha256 string) string {
	i := strings.LastIndexByte(path, '/') + 1
	return "targets/" + path[:i] + sha256 + "." + path[i:]
}

// Names in the cache.
const (
	savedName     = "trusted.json"
	recordName    = "record.json"
	clockName     = "clock.json"
	damagedClock  = "damaged-clock.json"
	seenTimestamp = "seen-timestamp.json"
	seenSnapshot  = "seen-snapshot.json"
	mirrorsName   = "mirrors.json"
)

func cachedRoot(version int64) string { return strconv.FormatInt(version, 10) + ".root.json" }

// savedTargets is the file for the next targets.json when the one in use lies
// in before.
func savedTargets(before string) string {
	if before == "targets-a.json" {
		return "targets-b.json"
	}
	return "targets-a.json"
}

func cachedRole(role string) string { return "role-" + role + ".json" }

// cachedDocument is a digest, because a path may be longer than a file name,
// and two paths may differ in case only.
func cachedDocument(path string) string { return "doc-" + digestOf([]byte(path)) }
