package exe

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
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

// goesOn reports whether one of the processes that stayed is among all that
// run, or one that descends from them. The number of a parent that ended may
// have been given again: then a stranger counts too, which only makes us wait.
func goesOn(all []process.Process, stayed []program.Left) bool {
	for _, p := range all {
		for _, s := range stayed {
			unknown := p.Started.IsZero()
			if p.PID == s.PID && (unknown || p.Started.Equal(s.Started)) ||
				p.Parent == s.PID && (unknown || !p.Started.Before(s.Started)) {
				return true
			}
		}
	}
	return false
}
