//go:build !windows

package quiesce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// Machine is this machine. There are no services on it that this package
// knows.
type Machine struct{}

// List lists the processes.
func (Machine) List(ctx context.Context) ([]process.Process, error) { return process.List(ctx) }

// Close asks a process to end.
func (Machine) Close(p process.Process) error { return signal(p, syscall.SIGTERM) }

// Kill ends a process.
func (Machine) Kill(p process.Process) error { return signal(p, syscall.SIGKILL) }

func signal(p process.Process, s os.Signal) error {
	found, err := os.FindProcess(int(p.PID))
	if err == nil {
		err = found.Signal(s)
	}
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ending %q (%d): %w", p.Name, p.PID, err)
	}
	return nil
}

// ServiceRuns is false: there are no services.
func (Machine) ServiceRuns(string) (bool, error) { return false, nil }

// StopService is never asked.
func (Machine) StopService(name string) error { return noService(name) }

// StartService is never asked.
func (Machine) StartService(name string) error { return noService(name) }

func noService(name string) error { return fmt.Errorf("service %q: %w", name, errors.ErrUnsupported) }

// Start starts a program that stays.
func (Machine) Start(path string, _ uint32) error {
	_, err := program.Start(program.Command{Path: path})
	return err
}

// Holders is never asked for a file that cannot be replaced while it is used:
// here every file can.
func (Machine) Holders([]string) ([]Holder, error) { return nil, nil }

// Resolve leaves a path as it is: none has a variable in it here.
func (Machine) Resolve(path string) (resolved string, shared bool) { return path, false }
