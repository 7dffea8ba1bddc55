package exe

import (
	"slices"
	"strings"
)

// stays reports whether a process that a setup program left running belongs
// to what it installed: a server that runs from Program Files, or the console
// of one, which ends with it. The engines of setup programs run from there
// too, and from temporary folders; those are waited for.
func (f Folders) stays(path string) bool {
	elements := strings.Split(small(path), `\`)
	if slices.Contains(elements, "installshield installation information") || slices.Contains(elements, "installshield") {
		return false
	}
	if small(path) == small(f.System)+`\conhost.exe` {
		return true
	}
	return slices.ContainsFunc(f.Programs, func(folder string) bool {
		return folder != "" && strings.HasPrefix(small(path), small(folder)+`\`)
	})
}
