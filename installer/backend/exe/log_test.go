package exe_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// logged is a job whose setup program and uninstaller write a log.
func logged(t *testing.T, w *world, action backend.Action, to string) backend.Job {
	t.Helper()
	j := job(t, w, action, to)
	if to == "" {
		return j
	}
	j.Release.Setup.Arguments = []string{"/s", `/v"/qn /l*v {log}"`}
	j.Release.Setup.Uninstall.Arguments = []string{"/S", "/LOG={log}"}
	return j
}

func TestLogOfASetupProgram(t *testing.T) {
	const log = "setups/.logs/sample-install.log"
	const msi = "MSI (s) (A4:F8) [10:12:33:446]: Product: Sample -- Error 1310. Cannot write.\nAction ended 10:12:33: InstallFiles. Return value 3.\n"
	tests := []struct {
		name, wrote        string
		result             exe.Result
		err                error
		code, action, line string
		log                string
	}{
		{"of-windows-installer", msi, exe.Result{Status: 1603}, nil, exe.CodeFailed, "InstallFiles", "Product: Sample -- Error 1310. Cannot write.", log},
		{"of-another", "one\nCannot open C:\\x.dll\n", exe.Result{Status: 5}, nil, exe.CodeFailed, "", `one / Cannot open C:\x.dll`, log},
		{"time", "Waiting for an answer", exe.Result{}, context.DeadlineExceeded, exe.CodeTime, "", "Waiting for an answer", log},
		{"that-was-never-written", "", exe.Result{Status: 5}, nil, exe.CodeFailed, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			if err := w.write(log, "what went wrong yesterday"); err != nil {
				t.Fatal(err)
			}
			w.works = func(exe.Command) bool { return false }
			w.status = func(c exe.Command) (exe.Result, error) {
				if want := `/v"/qn /l*v ` + log + `"`; c.Arguments[1] != want {
					t.Errorf("got the argument %s, want %s", c.Arguments[1], want)
				}
				if tt.wrote == "" {
					return tt.result, tt.err
				}
				return tt.result, errors.Join(tt.err, w.write(log, tt.wrote))
			}
			_, _, err := carryOut(t, w, logged(t, w, backend.Install, "1.0"))
			var e *exe.Error
			if !errors.As(err, &e) || e.Code() != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			args := e.Args()
			if args["Log"] != tt.log || args["Action"] != tt.action || args["Line"] != tt.line {
				t.Errorf("got log %q, action %q, line %q; want %q, %q, %q", args["Log"], args["Action"], args["Line"], tt.log, tt.action, tt.line)
			}
		})
	}
}

// TestOwnLogOfASetupProgram holds that what a setup program wrote by itself
// about its failure does not go with its temporary files.
func TestOwnLogOfASetupProgram(t *testing.T) {
	tests := []struct {
		name   string
		leaves map[string]string
		status uint32
		want   string
	}{
		{"log", map[string]string{"Sample 20260102.LOG": "Error 0x80070643: it failed", "a.txt": "x"}, 1, "Error 0x80070643: it failed"},
		{"log-of-a-success", map[string]string{"a.log": "fine"}, 0, ""},
		{"no-log", map[string]string{"a.txt": "x"}, 1, ""},
		{"log-within-a-folder", map[string]string{"{1}/a.log": "x"}, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.leaves = tt.leaves
			w.status = func(exe.Command) (exe.Result, error) { return exe.Result{Status: tt.status}, nil }
			_, _, err := carryOut(t, w, job(t, w, backend.Install, "1.0"))
			const log = "setups/.logs/sample-install.log"
			if got := w.disk.Snapshot()[log]; got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
			var e *exe.Error
			if errors.As(err, &e) != (tt.status != 0) {
				t.Fatal(err)
			}
			if e != nil && (e.Args()["Line"] != tt.want || (e.Args()["Log"] == log) != (tt.want != "")) {
				t.Errorf("got %v, want the line %q", e.Args(), tt.want)
			}
			if left := temps(w.disk); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// TestEachKindOfRunHasItsLog holds that the way back does not write over what
// tells why it had to be taken.
func TestEachKindOfRunHasItsLog(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	j := logged(t, w, backend.Install, "1.0")
	u, _, err := carryOut(t, w, j)
	if err != nil {
		t.Fatal(err)
	}
	b := exe.New(w.disk, w)
	if err := b.Settle(t.Context(), j, u, true); err != nil {
		t.Fatal(err)
	}
	j = logged(t, w, backend.Uninstall, "")
	if u, _, err = carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range *w.ran {
		got = append(got, c.Arguments[1])
	}
	want := `/v"/qn /l*v setups/.logs/sample-install.log"|/LOG=setups/.logs/sample-remove.log|/v"/qn /l*v setups/.logs/sample-back-install.log"`
	if strings.Join(got, "|") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
	}
}
