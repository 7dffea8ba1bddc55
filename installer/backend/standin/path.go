package standin

import "strings"

// separator stands between the directories of a PATH of Windows.
const separator = ";"

// with returns a PATH with a directory at its end. A PATH that ends in a
// separator still does, so that without gives back the bytes it was.
func with(path, dir string) string {
	switch {
	case path == "":
		return dir
	case strings.HasSuffix(path, separator):
		return path + dir + separator
	}
	return path + separator + dir
}

// without returns a PATH without the directories below root, and with every
// other byte as it was: with a directory goes the separator after it, or the
// one before it at the end.
func without(path, root string) string {
	entries := strings.Split(path, separator)
	kept := make([]string, 0, len(entries))
	for _, e := range entries {
		if !below(e, root) {
			kept = append(kept, e)
		}
	}
	return strings.Join(kept, separator)
}

// has reports whether a directory is in a PATH.
func has(path, dir string) bool {
	for e := range strings.SplitSeq(path, separator) {
		if plain(e) == plain(dir) {
			return true
		}
	}
	return false
}

func below(entry, root string) bool { return strings.HasPrefix(plain(entry), plain(root)+`\`) }

// plain is a directory as Windows compares it.
func plain(dir string) string {
	dir = strings.ReplaceAll(strings.Trim(strings.TrimSpace(dir), `"`), "/", `\`)
	return strings.ToLower(strings.TrimRight(dir, `\`))
}
