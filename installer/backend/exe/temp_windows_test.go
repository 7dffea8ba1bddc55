package exe_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// wantServersTemp requires that the server still has the folder that its setup
// program had, below dir.
func wantServersTemp(t *testing.T, dir string) {
	t.Helper()
	temp, err := os.ReadFile(at("serving"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(temp), dir+`\`) {
		t.Errorf("TEMP of the server: got %q, want one below %q", temp, dir)
	}
	if _, err := os.Stat(string(temp)); err != nil {
		t.Errorf("TEMP of the server: %v", err)
	}
}

// applyAlone begins an installation below folder that never ends.
func applyAlone(folder string) error {
	dir, err := durable.Open(folder)
	if err != nil {
		return err
	}
	j, err := sampleJob(backend.Install, "", "1.0")
	if err != nil {
		return err
	}
	j.Release.Setup.Arguments[0] = "hang"
	b := exe.New(dir, exe.NewWindows(component.System(), nil))
	u, err := b.Prepare(context.Background(), j)
	if err == nil {
		_, err = b.Apply(context.Background(), j, u)
	}
	return err
}

// TestKilledInTheMiddle kills the program that runs a setup program, which
// then ends too: nothing uses its temporary files any more.
func TestKilledInTheMiddle(t *testing.T) {
	w := onWindows(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "state")
	cmd := exec.CommandContext(t.Context(), self, "apply", folder)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	engine := await(t, func() (process.Process, bool) {
		all, err := process.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(p process.Process) bool { return p.Name == "engine.exe" })
		return all[max(i, 0)], i >= 0
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	await(t, func() (process.Process, bool) {
		running, err := w.Running(t.Context(), []program.Left{{PID: engine.PID, Started: engine.Started}})
		if err != nil {
			t.Fatal(err)
		}
		return engine, !running
	})
	dir, err := durable.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := exe.New(dir, w).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := dir.ReadDir(".")
	if err := errors.Join(err, dir.Close()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// await asks until the answer is yes. When it gets to be is for the system to
// say.
func await(t *testing.T, is func() (process.Process, bool)) process.Process {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if p, yes := is(); yes {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("it never is")
		}
	}
}
