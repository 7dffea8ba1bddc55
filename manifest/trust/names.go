package trust

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
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

// layout tells how a repository names its files: with consistent snapshots
// every version of a file has a name of its own.
type layout struct{ consistent bool }

func layoutOf(set *trustedmetadata.TrustedMetadata) layout {
	return layout{set.Root.Signed.ConsistentSnapshot}
}

// metadata is the path of a metadata file in the repository.
func (l layout) metadata(role string, version int64) string {
	if l.consistent || role == "root" {
		return remoteName(role, version)
	}
	return "metadata/" + escaped(role) + ".json"
}

// target is the path in the repository of the target at path with the given
// digest.
func (l layout) target(path, digest string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	path = strings.Join(parts, "/")
	if l.consistent {
		return remoteTarget(path, digest)
	}
	return "targets/" + path
}

// escaped gives a role as it stands in a URL. The names that Strict takes stay
// as they are.
func escaped(role string) string {
	var b strings.Builder
	for i := range len(role) {
		c := role[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// remoteName is the path of a metadata file in a repository with consistent
// snapshots.
func remoteName(role string, version int64) string {
	if role == "timestamp" {
		return "metadata/timestamp.json"
	}
	return "metadata/" + strconv.FormatInt(version, 10) + "." + escaped(role) + ".json"
}

// remoteTarget is the path of the target at path in a repository with
// consistent snapshots: the digest stands in front of the last name.
func remoteTarget(path, digest string) string {
	i := strings.LastIndexByte(path, '/') + 1
	return "targets/" + path[:i] + digest + "." + path[i:]
}

// Names in the cache.
const (
	savedName   = "trusted.json"
	seenName    = "seen.json"
	recordName  = "record.json"
	clockName   = "clock.json"
	mirrorsName = "mirrors.json"
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

func cachedRole(role string) string { return "role-" + escaped(role) + ".json" }

// cachedDocument is a digest, because a path may be longer than a file name,
// and two paths may differ in case only.
func cachedDocument(path string) string { return "doc-" + digestOf([]byte(path)) }
