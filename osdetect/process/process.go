// Package process lists the running processes of a machine.
//
// What it promises:
//   - a list is whole or an error: whoever looks for a program and does not
//     find it may conclude that it does not run
//   - it asks the system itself and starts no program, so that it works where
//     wmic, tasklist and ps do not
//   - its cost is bounded, however many processes there are and whatever they
//     call themselves
//
// What it does not promise: the path, the command line and the start of each
// process. A process of another user, or one that ended meanwhile, keeps them
// to itself; they are empty then.
package process

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Process is one running process.
type Process struct {
	PID     uint32
	Parent  uint32    // PID of who started it, which may have ended and be another process by now
	Session uint32    // Windows: the session it runs in, 0 for services; 0 elsewhere
	Name    string    // file name of the program, for example "galsvw64.exe"
	Path    string    // of the program, "" when it cannot be told
	Started time.Time // zero when it cannot be told

	// CommandLine is what it was started with, "" when it cannot be told. On
	// Windows it is the text itself; elsewhere the arguments, joined by
	// spaces. It may hold what others must not see.
	CommandLine string
}

const (
	maxProcesses = 1 << 16
	maxCommand   = 64 << 10 // bytes of a command line that are read; Windows knows none that is longer
)

// List returns the processes of the machine, in the system's order. Errors
// are that of ctx, errors.ErrUnsupported on a system this package does not
// know, or say what could not be read.
func List(ctx context.Context) ([]Process, error) {
	all, err := list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	return all, nil
}

// Named returns the processes of a program, told by its file name without
// regard to case.
func Named(all []Process, program string) []Process {
	var out []Process
	for _, p := range all {
		if strings.EqualFold(p.Name, program) {
			out = append(out, p)
		}
	}
	return out
}

// tooMany is the error for a list that would not be whole.
func tooMany(found int) error {
	return fmt.Errorf("%d processes found, at most %d are expected", found, maxProcesses)
}
