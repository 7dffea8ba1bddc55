package program

import (
	"context"
	"strings"

	"github.com/releve-sante/releve/osdetect/process"
)

// GoesOn reports whether a program of the system still runs that a process which
// is gone has started: one with mark in its command line, which its starter
// chose so that nobody else has it. A starter that is ended while it starts a
// program leaves it waiting for a first step that nobody lets it do; such a
// one is let go, so that it ends as it would have.
func (s System) GoesOn(ctx context.Context, mark string) (bool, error) {
	all, err := process.List(ctx)
	if err != nil {
		return false, err
	}
	left := marked(process.Named(all, string(s)), mark)
	for _, p := range left {
		letGo(p.PID)
	}
	return len(left) > 0, nil
}

// marked are the processes with mark in their command line. Windows does not
// tell capitals apart in paths and options.
func marked(all []process.Process, mark string) []process.Process {
	mark = strings.ToLower(mark)
	var out []process.Process
	for _, p := range all {
		if strings.Contains(strings.ToLower(p.CommandLine), mark) {
			out = append(out, p)
		}
	}
	return out
}
