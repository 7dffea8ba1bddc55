package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/process"
)

// stateDir is the state folder of releve where no command names another.
const stateDir = `C:\ProgramData\Releve`

// cut is one way in which a run of releve ends before its time: as soon as its
// journal has so many lines, and a while later.
type cut struct {
	lines int
	after time.Duration
	alone bool // releve ends and what it started goes on; otherwise everything ends, as when the power goes
	next  next // what runs afterwards
}

// next is the run of releve after the one that was cut.
type next string

const (
	recovery next = "a recovery"
	again    next = "the same command"
	goBack   next = "the way back"
)

func (c cut) String() string {
	who := "everything"
	if c.alone {
		who = "releve"
	}
	return fmt.Sprintf("%s ended at line %d of the journal + %v, then %s", who, c.lines, c.after.Round(time.Millisecond), c.next)
}

// ended is how a run that was cut came to its end.
type ended struct {
	lines int  // of its journal
	late  bool // it was over before it could be cut
}

// run starts a command of releve and cuts it.
func (b *bench) run(ts *testscript.TestScript, c cut, command []string) (ended, error) {
	before, err := running(b.t.Context())
	if err != nil {
		return ended{}, err
	}
	cmd, err := b.command(ts, command)
	if err != nil {
		return ended{}, err
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // what goes on holds the output open
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	for journalLines() < c.lines {
		select {
		case err := <-over:
			ts.Logf("%s", out.Bytes())
			return ended{late: true}, wellEnded(err)
		case <-time.After(100 * time.Microsecond):
		}
	}
	select {
	case err := <-over:
		return ended{late: true}, wellEnded(err)
	case <-time.After(c.after):
	}
	_ = cmd.Process.Kill() // it may have ended this moment
	<-over
	ts.Logf("%s", out.Bytes())
	lines := journalLines()
	if !c.alone {
		err = endAll(b.t.Context(), before)
	}
	return ended{lines: lines, late: lines == 0}, err
}

// command is a command of the script, run as ts.Exec runs it.
func (b *bench) command(ts *testscript.TestScript, words []string) (*exec.Cmd, error) {
	program, err := programPath(b.programs, words[0])
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(b.t.Context(), program, words[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = environmentOf(ts)
	return cmd, nil
}

// needsRestart is the status of a change that a restart of Windows completes.
const needsRestart = 3010

// wellEnded passes over the status of a change that a restart completes.
func wellEnded(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && uint32(exit.ExitCode()) == needsRestart {
		return nil
	}
	return err
}

// journalLines counts the records of the run in progress.
func journalLines() int {
	data, err := os.ReadFile(filepath.Join(stateDir, `journal\current`))
	if err != nil {
		return 0
	}
	return bytes.Count(data, []byte("\n"))
}

// notOurs are programs that go on whatever ends: those that Wine starts for
// itself, and GALSS, which is part of the machine as it is found.
var notOurs = []string{"conhost.exe", "explorer.exe", galssName}

// running lists what runs and is no part of Windows itself, by its number.
func running(ctx context.Context) (map[uint32]process.Process, error) {
	all, err := process.List(ctx)
	if err != nil {
		return nil, err
	}
	services := process.Named(all, "services.exe")
	out := map[uint32]process.Process{}
	for _, p := range all {
		service := slices.ContainsFunc(services, func(s process.Process) bool { return p.PID == s.PID || p.Parent == s.PID })
		if !service && !slices.Contains(notOurs, strings.ToLower(p.Name)) {
			out[p.PID] = p
		}
	}
	return out, nil
}

// added lists the processes that run now and did not run before.
func added(ctx context.Context, before map[uint32]process.Process) ([]process.Process, error) {
	now, err := running(ctx)
	if err != nil {
		return nil, err
	}
	var out []process.Process
	for pid, p := range now {
		if _, there := before[pid]; !there {
			out = append(out, p)
		}
	}
	return out, nil
}

// waitFor waits until nothing runs that did not run before, and returns what
// does not end. A process whose starter was ended while it started it takes no
// step by itself; one that nobody had to wait for is let go here.
func waitFor(ctx context.Context, before map[uint32]process.Process) (left []process.Process, err error) {
	letGo := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtResumeProcess")
	within(func() bool {
		left, err = added(ctx, before)
		for _, p := range left {
			if h, err := windows.OpenProcess(windows.PROCESS_SUSPEND_RESUME, false, p.PID); err == nil {
				_, _, _ = letGo.Call(uintptr(h))
				_ = windows.CloseHandle(h)
			}
		}
		return err != nil || len(left) == 0
	})
	return left, err
}

// endAll ends every process that did not run before, until there is none: one
// may start another in the meantime.
func endAll(ctx context.Context, before map[uint32]process.Process) error {
	var left []process.Process
	none := within(func() bool {
		var err error
		left, err = added(ctx, before)
		for _, p := range left {
			if found, err := os.FindProcess(int(p.PID)); err == nil {
				_ = found.Kill() // it may have ended by itself
				_ = found.Release()
			}
		}
		return err == nil && len(left) == 0
	})
	if !none {
		return fmt.Errorf("these do not end: %v", left)
	}
	return nil
}
