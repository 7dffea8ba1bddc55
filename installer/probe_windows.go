package installer

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// probeEnvironment is all that a probe's program sees of the environment. The
// directory of the system is asked from the system, not from the environment
// of this process, which a user may have set.
func probeEnvironment() []string {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return nil // the library then adds SystemRoot by itself
	}
	return []string{"SystemRoot=" + dir, "PATH=" + dir + `\System32`}
}

// isolate keeps a console window from opening.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true}
}
