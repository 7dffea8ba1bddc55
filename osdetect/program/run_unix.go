//go:build unix

package program

import (
	"errors"
	"os/exec"
	"syscall"
)

// environment is all that a program sees of the environment.
func environment() []string {
	return []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}
}

// group is a program with what it started: its process group.
type group struct{ id int }

// start starts a program in a process group of its own.
func start(cmd *exec.Cmd, _ Command) (*group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &group{cmd.Process.Pid}, nil
}

// alive reports whether a process of the group is left.
func (g *group) alive(func(string) bool) bool {
	return !errors.Is(syscall.Kill(-g.id, 0), syscall.ESRCH)
}

// leave tells what is left of the group: nothing.
func (g *group) leave() ([]Left, error) { return nil, nil }

// end ends every process of the group.
func (g *group) end() error {
	err := syscall.Kill(-g.id, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

func (g *group) close() {}

// letGo has nothing to do: a program runs as soon as it is there.
func letGo(uint32) {}

// code is the exit code of a program that ended; one that was ended by a
// signal has the code a shell gives it.
func code(cmd *exec.Cmd) int {
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return cmd.ProcessState.ExitCode()
}
