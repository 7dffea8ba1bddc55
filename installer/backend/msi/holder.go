package msi

import (
	"fmt"
	"strings"

	"github.com/releve-sante/releve/osdetect/process"
)

// serviceArguments mark the processes of msiexec that are not whoever asked:
// the service, and the helpers that run actions of a package.
var serviceArguments = []string{"/v", "-v", "-embedding", "/embedding"}

// holderAmong names the program that holds Windows Installer, as far as the
// running processes tell: whoever started the msiexec that installs, or that
// msiexec itself. Programs that call Windows Installer without it cannot be told
// and give "". The command line is not shown, it may hold a password.
func holderAmong(all []process.Process) string {
	byPID := make(map[uint32]process.Process, len(all))
	for _, p := range all {
		byPID[p.PID] = p
	}
	for _, p := range process.Named(all, "msiexec.exe") {
		if isService(p) {
			continue
		}
		parent, ok := byPID[p.Parent]
		young := !parent.Started.IsZero() && !p.Started.IsZero() && parent.Started.After(p.Started) // its number was given again
		if ok && !young && !strings.EqualFold(parent.Name, "explorer.exe") && !strings.EqualFold(parent.Name, "msiexec.exe") {
			return fmt.Sprintf("%s %d", parent.Name, parent.PID)
		}
		return fmt.Sprintf("%s %d", p.Name, p.PID)
	}
	return ""
}

// isService reports whether a process of msiexec is the service or a helper. A
// command line that cannot be read belongs to another account, as the
// service's does.
func isService(p process.Process) bool {
	words := strings.Fields(strings.ToLower(p.CommandLine))
	if len(words) < 2 {
		return true
	}
	for _, known := range serviceArguments {
		if words[1] == known {
			return true
		}
	}
	return false
}
