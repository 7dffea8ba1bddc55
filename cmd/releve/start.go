package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/galss"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// The codes of starting GALSS. Those of the cause stand beside what was tried.
const (
	CodeStartRunning    = "start-already-running"
	CodeStartTwo        = "start-two-servers"
	CodeStartTried      = "start-tried"
	CodeStartStays      = "start-stays"
	CodeStartNoServer   = "start-no-server"    // GALSS is not installed where it should be
	CodeStartCannotLook = "start-cannot-look"  // the processes cannot be listed
	CodeStartRefused    = "start-refused"      // the system did not start the program
	CodeStartNoWMIC     = "start-wmic-missing" // it did not stay, and WMIC is gone
	CodeStartStandin    = "start-standin"      // it did not stay, and only the stand-in answers for WMIC
	CodeStartEnded      = "start-ended"        // it did not stay, and nobody knows why
	CodeStartService    = "start-no-desktop"   // releve runs where no user is
	CodeNotWindows      = "start-not-here"
)

// GALSS asks WMIC in its first moments, and ends when nobody answers.
const (
	startSeen = 2 * time.Second // for the server to be among the processes
	startStay = 5 * time.Second // that it has to run without a break
	startLook = 250 * time.Millisecond
)

// desk is how programs of the workstation are seen and started.
type desk struct {
	list  func(context.Context) ([]process.Process, error)
	start func(program.Command) (int, error)
	path  func() string // the PATH that the machine gives to programs; "" where it has none of its own
}

func (a *app) startCommand() *cobra.Command {
	return &cobra.Command{
		Use: "start galss", Annotations: map[string]string{annotationAbout: "help-about-start"},
		Args: func(cmd *cobra.Command, args []string) error {
			if err := takes(1, 1)(cmd, args); err != nil {
				return err
			}
			if args[0] != galssComponent {
				return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "start", "Value": args[0], "Choices": galssComponent}}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.startGalss(cmd.Context()) },
	}
}

const galssComponent = "galss"

// started is what "start galss" prints with --json.
type started struct {
	Tried   string            `json:"tried,omitempty"` // path of the program that was started
	Servers []server          `json:"servers"`         // that run now
	Code    string            `json:"code"`            // of how it ended
	Remedy  []manifest.Remedy `json:"remedies,omitempty"`
}

type server struct {
	PID     uint32 `json:"pid"`
	Session uint32 `json:"session"`
	Name    string `json:"name"`
	Path    string `json:"path,omitempty"`
}

// startGalss starts the server unless one runs, and sees whether it stays. It
// looks for itself and needs no WMIC for that.
func (a *app) startGalss(ctx context.Context) error {
	s, err := a.openFor(true)
	if err != nil {
		return err
	}
	defer s.close()
	w := &work{s: s}
	if w.manifest, err = s.describing(ctx); err != nil {
		return err
	}
	if w.facts, err = a.machineFacts(ctx, s.target.Path(".")); err != nil {
		return err
	}
	if family := w.facts["os.family"]; family != "windows" {
		return &cliError{code: CodeNotWindows}
	}
	running, err := a.servers(ctx)
	if err != nil {
		return err
	}
	if len(running) > 0 {
		return a.alreadyStarted(running)
	}
	path := w.serverPath()
	if path == "" {
		return &cliError{code: CodeStartNoServer}
	}
	if w.facts["session.kind"] == "service" {
		return &cliError{code: CodeStartService, args: map[string]string{"Path": path}}
	}
	if !a.flags.json {
		a.say(CodeStartTried, map[string]string{"Path": path})
	}
	command := program.Command{Path: path}
	if dirs := a.desk.path(); dirs != "" {
		// GALSS looks for WMIC there, and the stand-in may be newer than what
		// this process was given when it started.
		command.Env = []string{"PATH=" + dirs}
	}
	if _, err := a.desk.start(command); err != nil {
		return &cliError{code: CodeStartRefused, args: map[string]string{"Path": path, "Why": err.Error()}, cause: err}
	}
	return w.watchServer(ctx, path)
}

// servers lists the GALSS servers that run.
func (a *app) servers(ctx context.Context) ([]server, error) {
	all, err := a.desk.list(ctx)
	if err != nil {
		return nil, &cliError{code: CodeStartCannotLook, args: map[string]string{"Why": err.Error()}, cause: err}
	}
	return galssServers(all), nil
}

func galssServers(all []process.Process) []server {
	found := []server{}
	for _, name := range []string{"galsvw64.exe", "galsvw32.exe", "galsvosx"} {
		for _, p := range process.Named(all, name) {
			found = append(found, server{PID: p.PID, Session: p.Session, Name: p.Name, Path: p.Path})
		}
	}
	return found
}

// alreadyStarted says which servers run. Several are a fault.
func (a *app) alreadyStarted(running []server) error {
	code, status := CodeStartRunning, exitOK
	if len(running) > 1 {
		code, status = CodeStartTwo, exitChanges
	}
	if a.flags.json {
		if err := jsonl.Value(a.out, "start", started{Servers: running, Code: code}); err != nil {
			return err
		}
	} else {
		for _, s := range running {
			a.say(CodeStartRunning, s.args())
		}
		if status != exitOK {
			a.warn(code, map[string]string{"N": strconv.Itoa(len(running))})
		}
	}
	if status != exitOK {
		return statusError(status)
	}
	return nil
}

func (s server) args() map[string]string {
	path := s.Path
	if path == "" {
		path = s.Name
	}
	return map[string]string{"Path": path, "PID": strconv.FormatUint(uint64(s.PID), 10), "Session": strconv.FormatUint(uint64(s.Session), 10)}
}

// serverPath is where the server of GALSS lies: as the manifest says, or at one
// of the places that are known.
func (w *work) serverPath() string {
	files := w.s.settings()
	var paths []string
	if doc, ok := w.manifest.Component(galssComponent); ok {
		for _, p := range doc.Programs {
			if p.Platform == manifest.Windows && p.Start != "" {
				paths = append(paths, p.Start)
			}
		}
	}
	for _, known := range galss.Servers() {
		paths = append(paths, known.Path)
	}
	for _, path := range paths {
		if _, err := files.Lstat(installer.SettingName(path)); err == nil {
			return path
		}
	}
	return ""
}

// watchServer waits until the server has stayed for a while, and says why it
// did not.
func (w *work) watchServer(ctx context.Context, path string) error {
	a := w.s.a
	begin := time.Now()
	var since time.Time // it was seen first
	for {
		running, err := a.servers(ctx)
		if err != nil {
			return err
		}
		switch {
		case len(running) == 0 && (!since.IsZero() || time.Since(begin) >= startSeen):
			return w.notStarted(ctx, path)
		case len(running) == 0:
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= startStay:
			if a.flags.json {
				return jsonl.Value(a.out, "start", started{Tried: path, Servers: running, Code: CodeStartStays})
			}
			a.say(CodeStartStays, running[0].args())
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(startLook):
		}
	}
}

// notStarted says why the server did not stay, as far as that is known, and
// what remedies it.
func (w *work) notStarted(ctx context.Context, path string) error {
	answer := started{Tried: path, Servers: []server{}, Code: CodeStartEnded}
	if w.facts["wmic.present"] == false {
		answer.Code, answer.Remedy = CodeStartNoWMIC, w.wmicRemedies(ctx)
		if w.facts["wmic.standin"] == true { // no real GALSS has confirmed it
			answer.Code = CodeStartStandin
			answer.Remedy = slices.DeleteFunc(slices.Clone(answer.Remedy), func(r manifest.Remedy) bool { return r.Code == "replace-wmic" })
		}
	}
	a := w.s.a
	if a.flags.json {
		if err := jsonl.Value(a.out, "start", answer); err != nil {
			return err
		}
	} else if err := line.WriteRemedies(a.out, a.text, answer.Remedy); err != nil {
		return err
	}
	return &cliError{code: answer.Code, args: map[string]string{"Path": path}}
}

// withServers adds whether GALSS runs. The facts of another machine stay as
// they are, and so does what cannot be told.
func (a *app) withServers(ctx context.Context, facts osdetect.Facts) osdetect.Facts {
	if family := facts["os.family"]; a.flags.facts != "" || family != "windows" && family != "macos" {
		return facts
	}
	all, err := a.desk.list(ctx)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			a.log.Warn("the processes are not known", "error", err.Error())
		}
		return facts
	}
	running := galssServers(all)
	return facts.With("galss.servers", int64(len(running))).With("galss.running", len(running) > 0)
}
