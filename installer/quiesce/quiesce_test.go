package quiesce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/process"
)

// machine is a machine whose programs close when they are asked, but for
// those that are stubborn, and stop when they are ended, but for the immortal.
type machine struct {
	processes          []process.Process
	services           map[string]bool
	stubborn, immortal string
	refuses            error // to start anything
	did                []string
	broken             error

	holders  []Holder
	asked    []string // files
	system   string   // folder
	programs string   // folder
}

func (m *machine) List(context.Context) ([]process.Process, error) {
	return slices.Clone(m.processes), m.broken
}

func (m *machine) end(p process.Process) {
	m.processes = slices.DeleteFunc(m.processes, func(o process.Process) bool { return o.PID == p.PID })
}

func (m *machine) Close(p process.Process) error {
	m.did = append(m.did, "close "+p.Name)
	if p.Name != m.stubborn && p.Name != m.immortal {
		m.end(p)
	}
	return nil
}

func (m *machine) Kill(p process.Process) error {
	m.did = append(m.did, "kill "+p.Name)
	if p.Name != m.immortal {
		m.end(p)
	}
	return nil
}

func (m *machine) ServiceRuns(name string) (bool, error) { return m.services[name], m.broken }

func (m *machine) StopService(name string) error {
	m.did = append(m.did, "stop "+name)
	m.services[name] = name == m.immortal
	return nil
}

func (m *machine) StartService(name string) error {
	m.did = append(m.did, "start "+name)
	m.services[name] = true
	return nil
}

func (m *machine) Holders(files []string) ([]Holder, error) {
	m.asked = files
	return m.holders, m.broken
}

// Resolve knows one folder of the system, and where programs are.
func (m *machine) Resolve(path string) (resolved string, shared bool) {
	if rest, ok := strings.CutPrefix(path, `%ProgramFiles%\`); ok {
		path = filepath.Join(m.programs, rest)
	}
	return path, m.system != "" && strings.HasPrefix(path, m.system)
}

func (m *machine) Start(path string, session uint32) error {
	if m.refuses != nil {
		return m.refuses
	}
	m.did = append(m.did, "start "+filepath.Base(path))
	m.processes = append(m.processes, process.Process{PID: 100, Name: filepath.Base(path), Path: path, Session: session})
	return nil
}

// workstation is one with GALSS, the CCM of two persons and a service.
func workstation(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	var all []process.Process
	for i, name := range []string{"explorer.exe", "galsvw64.exe", "CCM.exe", "ccm.exe"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, process.Process{PID: uint32(i + 1), Name: name, Path: path, Session: uint32(i)})
	}
	return &machine{processes: all, services: map[string]bool{"SrvSvcNam": true, "Spooler": true}}
}

var named = []manifest.Program{
	{Process: "galsvw32.exe"}, {Process: "galsvw64.exe"}, {Process: "CCM.exe"}, {Service: "SrvSvcNam"}, {Service: "Absent"},
}

// quiescer works without a clock.
func quiescer(m *machine, inUse func(context.Context) (bool, error), wait time.Duration) *Quiescer {
	return New(Options{System: m, InUse: inUse, Wait: wait, Sleep: func(context.Context, time.Duration) error { return nil }})
}

func listen(told *[]string) backend.Tell {
	return func(code string, args map[string]string) { *told = append(*told, code+" "+args["Name"]) }
}

func TestStopsAndStartsWhatRan(t *testing.T) {
	m := workstation(t)
	m.stubborn = "galsvw64.exe"
	q, told := quiescer(m, nil, 0), []string{}
	ran, err := q.Running(t.Context(), named, listen(&told))
	if err != nil || len(ran) == 0 || len(m.did) != 0 {
		t.Fatalf("got %s, %v, and did %v", ran, err, m.did)
	}
	if err := q.Stop(t.Context(), named, listen(&told)); err != nil {
		t.Fatal(err)
	}
	want := []string{"close galsvw64.exe", "kill galsvw64.exe", "close CCM.exe", "close ccm.exe", "stop SrvSvcNam"}
	if !reflect.DeepEqual(m.did, want) || len(m.processes) != 1 || !m.services["Spooler"] {
		t.Fatalf("did %v, want %v; left %v", m.did, want, m.processes)
	}
	m.did = nil
	for range 2 { // the second time does nothing
		if err := q.Start(t.Context(), ran, listen(&told)); err != nil {
			t.Fatal(err)
		}
	}
	want = []string{"start galsvw64.exe", "start CCM.exe", "start ccm.exe", "start SrvSvcNam"}
	if !reflect.DeepEqual(m.did, want) {
		t.Errorf("did %v, want %v", m.did, want)
	}
	wantTold := []string{
		CodeStopping + " galsvw64.exe", CodeStopping + " CCM.exe", CodeStopping + " SrvSvcNam",
		CodeStarted + " galsvw64.exe", CodeStarted + " CCM.exe", CodeStarted + " CCM.exe", CodeStarted + " SrvSvcNam",
	}
	if !reflect.DeepEqual(told, wantTold) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(wantTold, "\n"))
	}
}

// TestProgramHasItsTimeToClose holds that a program which asks its user what to
// do with his work is not ended before its time is over.
func TestProgramHasItsTimeToClose(t *testing.T) {
	m := workstation(t)
	m.stubborn = "galsvw64.exe"
	q, waited := quiescer(m, nil, 0), time.Duration(0)
	q.o.Sleep = func(_ context.Context, d time.Duration) error {
		waited += d
		if waited == polite-beat { // it closes at the last moment
			m.end(m.processes[1])
		}
		return nil
	}
	if err := q.Stop(t.Context(), named[1:2], func(string, map[string]string) {}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"close galsvw64.exe"}; !reflect.DeepEqual(m.did, want) {
		t.Errorf("did %v, want %v", m.did, want)
	}
}

func TestNothingRuns(t *testing.T) {
	used := func(context.Context) (bool, error) { return true, nil }
	ran, err := quiescer(&machine{}, used, 0).Running(t.Context(), named, nil)
	if ran != nil || err != nil {
		t.Errorf("got %s, %v; nothing runs, so nothing is waited for", ran, err)
	}
}

func TestCardInUse(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []bool
		err     error
		wait    time.Duration
		code    string
	}{
		"never":            {[]bool{false}, nil, 0, ""},
		"until-it-is-over": {[]bool{true, true, false}, nil, time.Minute, ""},
		"too-long":         {[]bool{true}, nil, time.Minute, CodeCardInUse},
		"no-wait-allowed":  {[]bool{true, false}, nil, 0, CodeCardInUse},
		"cannot-be-told":   {[]bool{false}, errors.New("no answer"), time.Minute, CodeCardSilent},
	} {
		t.Run(name, func(t *testing.T) {
			m, told := workstation(t), []string{}
			q := quiescer(m, func(context.Context) (bool, error) {
				now := tt.answers[0]
				if len(tt.answers) > 1 {
					tt.answers = tt.answers[1:]
				}
				return now, tt.err
			}, tt.wait)
			_, err := q.Running(t.Context(), named, listen(&told))
			var e *Error
			if (err == nil) != (tt.code == "") || tt.code != "" && (!errors.As(err, &e) || e.Code() != tt.code) || len(m.did) != 0 {
				t.Errorf("got %v, did %v, told %v, want %q", err, m.did, told, tt.code)
			}
		})
	}
}

func TestWhatDoesNotStop(t *testing.T) {
	for _, name := range []string{"galsvw64.exe", "SrvSvcNam"} {
		m := workstation(t)
		m.immortal = name
		err := quiescer(m, nil, 0).Stop(t.Context(), named, func(string, map[string]string) {})
		var e *Error
		if !errors.As(err, &e) || e.Code() != CodeNotStopped || e.Args()["Name"] != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatDoesNotStart(t *testing.T) {
	m, told := workstation(t), []string{}
	q := quiescer(m, nil, 0)
	ran, err := q.Running(t.Context(), named, listen(&told))
	if err != nil {
		t.Fatal(err)
	}
	gone := m.processes[1].Path
	m.processes, m.services = nil, map[string]bool{"SrvSvcNam": true}
	if err := os.Remove(gone); err != nil { // the change took it away
		t.Fatal(err)
	}
	for code, refusal := range map[string]error{
		CodeNextLogon: ErrNobody, CodeUnguarded: ErrUnguarded, CodeNotStarted: errors.New("security software holds it"),
	} {
		m.refuses, told = fmt.Errorf("session 2: %w", refusal), nil
		if err := q.Start(t.Context(), ran, listen(&told)); err != nil {
			t.Fatal(err)
		}
		if want := []string{code + " CCM.exe", code + " CCM.exe"}; !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	}
	if err := q.Start(t.Context(), []byte(`{"torn`), listen(&told)); err == nil {
		t.Error("torn data was read")
	}
}

// TestStartsWhatTheManifestNames holds that a program is started from where
// its path in the manifest leads on this machine, not from where it ran.
func TestStartsWhatTheManifestNames(t *testing.T) {
	m := workstation(t)
	m.programs = t.TempDir()
	if err := os.WriteFile(filepath.Join(m.programs, "launcher.exe"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	programs := []manifest.Program{{Process: "galsvw64.exe", Start: `%ProgramFiles%\launcher.exe`}}
	q, told := quiescer(m, nil, 0), []string{}
	ran, err := q.Running(t.Context(), programs, listen(&told))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Stop(t.Context(), programs, listen(&told)); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context(), ran, listen(&told)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"close galsvw64.exe", "start launcher.exe"}; !reflect.DeepEqual(m.did, want) {
		t.Errorf("did %v, want %v; told %v", m.did, want, told)
	}
}

func TestUnreadableMachine(t *testing.T) {
	m := workstation(t)
	m.broken = errors.New("no snapshot")
	_, err := quiescer(m, nil, 0).Running(t.Context(), named, nil)
	var e *Error
	if !errors.As(err, &e) || e.Code() != CodeUnreadable {
		t.Errorf("got %v", err)
	}
}
