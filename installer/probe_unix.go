//go:build unix

package installer

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// probeEnvironment is all that a probe's program sees of the environment.
func probeEnvironment() []string {
	return []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}
}

// isolate gives the program a process group of its own, which is ended with
// it, so that nothing it started outlives the probe.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
