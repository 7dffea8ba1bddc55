package story

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// asService runs a command as the account of services, LocalSystem on a real
// Windows: as-service STATUS COMMAND.... What it says is in as-service.out.
func asService(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: as-service STATUS COMMAND...")
	}
	file := ts.MkAbs("as-service")
	program, err := programPath(of(ts).programs, args[1])
	ts.Check(err)
	order, err := json.Marshal(map[string]any{
		"dir": ts.MkAbs("."), "command": append([]string{program}, args[2:]...), "env": environmentOf(ts),
	})
	ts.Check(err)
	ts.Check(os.WriteFile(file, order, 0o600))
	ts.Check(runService(filepath.Join(of(ts).programs, "system.exe"), file))
	if text, err := os.ReadFile(file + ".error"); err == nil {
		ts.Fatalf("the service failed: %s", text)
	}
	if got := ts.ReadFile("as-service.status"); got != args[0] {
		ts.Fatalf("it ended with status %s, want %s:\n%s", got, args[0], ts.ReadFile("as-service.out"))
	}
}

// runService makes a service of program, waits until it has done its work, and
// removes it.
func runService(program, file string) (err error) {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Disconnect()) }()
	s, err := m.CreateService("releve-bench", program, mgr.Config{StartType: mgr.StartManual}, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Delete(), s.Close()) }()
	if err := s.Start(); err != nil {
		return err
	}
	ended := within(func() bool {
		var status svc.Status
		status, err = s.Query()
		return err != nil || status.State == svc.Stopped
	})
	if !ended {
		return errors.New("the service did not end")
	}
	return err
}

// environmentOf is what programs of the script see.
func environmentOf(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range append(variables(), "PATH", "TEMP", "TMP", "WORK") {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}
