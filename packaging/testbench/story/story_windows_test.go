package story

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// galssDir is where the 64-bit GALSS lies.
const galssDir = `C:\Program Files\santesocial\galss`

// galssProgram is its server.
const (
	galssName    = "galsvw64.exe"
	galssProgram = galssDir + `\` + galssName
)

// TestStory plays every script on this machine, which has to be one that may
// be spoiled.
func TestStory(t *testing.T) {
	bench, programs := os.Getenv("RELEVE_BENCH"), os.Getenv("RELEVE_BENCH_PROGRAMS")
	if bench == "" || programs == "" {
		t.Skip("RELEVE_BENCH and RELEVE_BENCH_PROGRAMS are not set: packaging/testbench/wine/run does it, on a machine that may be spoiled")
	}
	var played atomic.Int32
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Condition: func(name string) (bool, error) {
			switch name {
			case "wine":
				return bench == "wine", nil
			case "all-cuts":
				return os.Getenv(cutsVariable) == allCuts, nil
			}
			return false, errors.New("unknown condition")
		},
		Setup: func(e *testscript.Env) error {
			if played.Add(1) > 1 {
				return errors.New("each story wants a machine of its own: use packaging/testbench/wine/run story, or -run for one")
			}
			return setUp(t, e, programs)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"impersonate": impersonated,
			"status":      wantStatus,
			"galss-ini":   writeSettings,
			"galss":       controlGALSS,
			"card":        insertCard,
			"nocard":      removeCard,
			"nowmic":      removeWMIC,
			"dism":        programDISM,
			"msi":         installPackage,
			"msiexec":     programInstaller,
			"snapshot":    takeSnapshot,
			"unchanged":   wantUnchanged,
			"cuts":        cutShort,
			"package":     makePackage,
			"copytree":    copyTree,
			"console":     inConsole,
			"as-service":  asService,
			"same-run":    sameRun,
		},
	})
}

// variables are those a program finds on Windows.
func variables() []string {
	return []string{
		"ALLUSERSPROFILE", "APPDATA", "COMSPEC", "LOCALAPPDATA", "PATHEXT", "ProgramData", "ProgramFiles", "ProgramFiles(x86)",
		"ProgramW6432", "SYSTEMDRIVE", "SYSTEMROOT", "USERNAME", "USERPROFILE", "WINDIR",
	}
}

// setUp gives a script those variables, which testscript keeps from it.
func setUp(t *testing.T, e *testscript.Env, programs string) error {
	for _, name := range variables() {
		e.Setenv(name, os.Getenv(name))
	}
	// Those of Windows come first: some of ours have their names.
	e.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+programs)
	e.Setenv("PROGRAMS", programs)
	e.Setenv("MSI", os.Getenv("RELEVE_BENCH_MSI"))
	e.Setenv("SRV", `C:\Program Files (x86)\santesocial\srvsvcnam`)
	e.Setenv("LANG", "en_GB.UTF-8")
	e.Setenv("RELEVE_REPO_PASSWORD", "a password of the tests")
	b := &bench{t: t, programs: programs}
	e.Values[benchKey{}] = b
	e.Defer(b.close)
	return nil
}

// wantStatus runs a command and requires its exit status, which on Windows
// can be above 255: status N COMMAND....
func wantStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("running %v: %v", args[1:], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v ended with status %d, want %d", args[1:], got, want)
	}
}

// makePackage writes a package for the bundle backend with a probe file and
// the files named: package TARGET [FILE]....
func makePackage(ts *testscript.TestScript, _ bool, args []string) {
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	write := func(name string, data []byte) {
		ts.Check(tw.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}))
		_, err := tw.Write(data)
		ts.Check(err)
	}
	write("probe.txt", []byte("ready\n"))
	for _, file := range args[1:] {
		data, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		write(filepath.Base(file), data)
	}
	ts.Check(tw.Close())
	ts.Check(zw.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// copyTree copies a folder: copytree FROM TO.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// copyFile copies a file into a folder that is made.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}
