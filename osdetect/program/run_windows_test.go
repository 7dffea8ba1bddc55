package program

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/releve-sante/releve/osdetect/process"
)

// TestStarterIsEnded ends a process that runs a program: what may be ended ends
// with it, and what may not goes on and is found.
func TestStarterIsEnded(t *testing.T) {
	for mode, stays := range map[string]bool{"starter": false, "starter-of-what-stays": true} {
		t.Run(mode, func(t *testing.T) {
			mark := "mark-of-" + mode
			starter := exec.CommandContext(t.Context(), self(), mark)
			starter.Env = append(os.Environ(), "PROGRAM_TEST="+mode)
			if err := starter.Start(); err != nil {
				t.Fatal(err)
			}
			started := func() []process.Process { return marked(others(t, starter.Process.Pid), mark) }
			for len(started()) == 0 {
				moment(t)
			}
			if err := starter.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = starter.Wait()
			if !stays {
				for len(started()) > 0 {
					moment(t)
				}
				return
			}
			if left, err := System(filepath.Base(self())).GoesOn(t.Context(), mark); err != nil || !left {
				t.Errorf("goes on %v, %v; want that the program goes on", left, err)
			}
			for _, p := range started() {
				found, err := os.FindProcess(int(p.PID))
				if err != nil {
					t.Fatal(err)
				}
				_ = found.Kill()
			}
		})
	}
}

// others are the processes that run, but for one.
func others(t *testing.T, pid int) []process.Process {
	t.Helper()
	all, err := process.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []process.Process
	for _, p := range all {
		if int(p.PID) != pid {
			out = append(out, p)
		}
	}
	return out
}

// moment passes before the next look, until the test is out of time.
func moment(t *testing.T) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	case <-time.After(20 * time.Millisecond):
	}
}
