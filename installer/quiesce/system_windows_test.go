package quiesce

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// TestMain lets a copy of the test be the program that is stopped.
func TestMain(m *testing.M) {
	if self, err := os.Executable(); err == nil && filepath.Base(self) == standIn {
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const standIn = "galsvw64-stand-in.exe"

// TestMachine stops and starts a real process. It has no window, so it is
// ended once it had its time to close.
func TestMachine(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("starts and ends programs by name: runs in the bench")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	programs64, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp(programs64, "releve-quiesce-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, standIn)
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	pid, err := program.Start(program.Command{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(code string, args map[string]string) { t.Log(code, args) }
	programs := []manifest.Program{{Process: standIn}}
	q := New(Options{System: Machine{}, Polite: time.Second})
	ran, err := q.Running(t.Context(), programs, tell)
	if err != nil || len(ran) == 0 {
		t.Fatalf("process %d runs, found %s, %v", pid, ran, err)
	}
	if err := q.Stop(t.Context(), programs, tell); err != nil {
		t.Fatal(err)
	}
	if left := instances(t); len(left) != 0 {
		t.Fatalf("left running: %v", left)
	}
	if err := q.Start(t.Context(), ran, tell); err != nil {
		t.Fatal(err)
	}
	if again := instances(t); len(again) != 1 || int(again[0].PID) == pid {
		t.Errorf("running again: %v", again)
	}
	if err := q.Stop(t.Context(), programs, tell); err != nil {
		t.Error(err)
	}
}

// TestProgramOfAUserIsNotStarted holds that the rights of this process are not
// lent to what somebody else put under the name of a server.
func TestProgramOfAUserIsNotStarted(t *testing.T) {
	path := filepath.Join(t.TempDir(), standIn)
	if err := os.WriteFile(path, []byte("planted"), 0o700); err != nil {
		t.Fatal(err)
	}
	var own uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &own); err != nil {
		t.Fatal(err)
	}
	if err := (Machine{}).Start(path, own); !errors.Is(err, ErrUnguarded) {
		t.Errorf("got %v, want %v", err, ErrUnguarded)
	}
}

func instances(t *testing.T) []process.Process {
	t.Helper()
	all, err := process.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return process.Named(all, standIn)
}

// TestServices asks about services without changing one: Windows always has
// the first.
func TestServices(t *testing.T) {
	if runs, err := (Machine{}).ServiceRuns("RpcSs"); err != nil {
		t.Errorf("RpcSs runs: %v, %v", runs, err)
	}
	if runs, err := (Machine{}).ServiceRuns("releve no such service"); runs || err != nil {
		t.Errorf("got %v, %v, want none", runs, err)
	}
}
