package exe_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/component"
)

const (
	sampleName = "Sample of setup programs"
	sampleKey  = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\InstallShield_{5B0E8C6A-6B1B-4C33-9B58-3C8B6E4C0D11}`
)

// TestMain lets the test program be the setup program of a sample: one that
// hands its work to a child and ends at once, as InstallShield does, and that
// starts the server it installs.
func TestMain(m *testing.M) {
	if len(os.Args) < 3 {
		os.Exit(m.Run())
	}
	var err error
	switch version := os.Args[2]; os.Args[1] {
	case "setup":
		err = again("work", version)
	case "work":
		err = work(version)
	case "serve":
		err = serve()
	case "remove":
		err = remove()
	case "fail":
		fmt.Println("Le composant n'a pas pu \x88tre install\x82.") // ê and é in the code page of a console
		os.Exit(1603)
	case "hang":
		err = again("sleep", version)
	case "sleep":
		time.Sleep(time.Hour)
	case "apply":
		err = applyAlone(version)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	os.Exit(0)
}

// again starts this program, which unpacks itself into TEMP as setup programs
// do.
func again(args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	engine := filepath.Join(os.Getenv("TEMP"), "{0}", "engine.exe")
	err = errors.Join(os.Mkdir(filepath.Dir(engine), 0o755), os.WriteFile(engine, data, 0o755))
	if err != nil {
		return err
	}
	return exec.CommandContext(context.Background(), engine, args...).Start()
}

// at is a file of the sample.
func at(name string) string { return filepath.Join(os.Getenv("ProgramFiles"), "sample", name) }

// work installs a version, slowly.
func work(version string) error {
	time.Sleep(500 * time.Millisecond)
	if err := os.MkdirAll(at("."), 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"uninstall.exe", "server.exe"} {
		data, err := os.ReadFile(self)
		if err == nil {
			err = os.WriteFile(at(name), data, 0o755)
		}
		if err != nil {
			return err
		}
	}
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, sampleKey, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"DisplayName": sampleName, "DisplayVersion": version,
		"QuietUninstallString": `"` + at("uninstall.exe") + `" remove now`,
	} {
		if err := k.SetStringValue(name, text); err != nil {
			return err
		}
	}
	if err := errors.Join(k.Close(), os.WriteFile(at("VERSION"), []byte(version), 0o644)); err != nil {
		return err
	}
	return exec.CommandContext(context.Background(), at("server.exe"), "serve", "now").Start()
}

// serve is the server: it stays until it is told to end.
func serve() error {
	if err := os.WriteFile(at("serving"), []byte(os.Getenv("TEMP")), 0o644); err != nil {
		return err
	}
	for range 600 {
		if _, err := os.Stat(at("VERSION")); errors.Is(err, fs.ErrNotExist) {
			return os.Remove(at("serving"))
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

func remove() error {
	if err := registry.DeleteKey(registry.LOCAL_MACHINE, sampleKey); err != nil {
		return err
	}
	return os.Remove(at("VERSION"))
}

// onWindows is a real machine that the test may change.
func onWindows(t *testing.T) *exe.Windows {
	t.Helper()
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("changes the machine: only with RELEVE_BENCH")
	}
	return exe.NewWindows(component.System(), installer{})
}

// installer is a Windows Installer that works for nobody. No product is
// removed here.
type installer struct{ exe.Installer }

func (installer) Free(context.Context, backend.Job) error { return nil }

// setupFile is a package whose bytes are a file.
type setupFile string

func (p setupFile) Name() string { return "Setup.exe" }

func (p setupFile) Open() (backend.PackageFile, error) { return os.Open(string(p)) }

func windowsJob(t *testing.T, action backend.Action, from, to string) backend.Job {
	t.Helper()
	j, err := sampleJob(action, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func sampleJob(action backend.Action, from, to string) (backend.Job, error) {
	self, err := os.Executable()
	if err != nil {
		return backend.Job{}, err
	}
	j := backend.Job{
		ID: "job-" + string(action) + to, Action: action, Component: "sample", From: from, To: to,
		Evidence: []manifest.Evidence{{Kind: manifest.EvidenceUninstall, Platform: manifest.Windows, Name: sampleName}},
		Progress: func(int64, int64) {}, Tell: func(string, map[string]string) {},
	}
	if to != "" {
		j.New = setupFile(self)
		j.Release = manifest.Release{Version: to, Backend: exe.Name, Setup: &manifest.Setup{
			Arguments: []string{"setup", to}, Minutes: 1,
			Uninstall: &manifest.SetupCommand{Path: `%ProgramFiles%\sample\uninstall.exe`, Arguments: []string{"remove", "now"}},
		}}
	}
	return j, nil
}

// awaitServer waits for the server that a setup program started, and which goes
// on after it: when it gets to run is for the system to say.
func awaitServer(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		temp, err := os.ReadFile(at("serving"))
		if len(temp) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server that was installed does not go on: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestLifeOnWindows installs, updates, reverts and removes the sample for
// real. Each setup program has ended long before its work is done.
func TestLifeOnWindows(t *testing.T) {
	w := onWindows(t)
	dir, err := durable.Open(filepath.Join(t.TempDir(), "state folder"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := exe.New(dir, w)
	check := func(when, want string, kept int) {
		t.Helper()
		state, err := b.Inspect(t.Context(), backend.Subject{Name: "sample", Evidence: windowsJob(t, backend.Repair, "", "").Evidence})
		if err != nil || state.Version != want || len(state.Kept) != kept {
			t.Fatalf("%s: got %+v, %v; want %q with %d kept", when, state, err, want, kept)
		}
	}
	change := func(j backend.Job, commit bool) {
		t.Helper()
		u, err := b.Prepare(t.Context(), j)
		if err == nil {
			_, err = b.Apply(t.Context(), j, u)
		}
		if err == nil && !commit {
			_, err = b.Revert(t.Context(), j, u)
		}
		if err := errors.Join(err, b.Settle(t.Context(), j, u, commit)); err != nil {
			t.Fatalf("%s %s: %v", j.Action, j.To, err)
		}
	}
	check("before", "", 0)
	change(windowsJob(t, backend.Install, "", "1.0"), true)
	check("installed", "1.0", 0)
	awaitServer(t)
	wantServersTemp(t, filepath.Join(dir.Path("setups"), ".temp"))
	endServer(t)
	j := windowsJob(t, backend.Update, "1.0", "2.0")
	j.Release.Setup.Uninstall = nil // the registry knows
	change(j, false)
	check("update undone", "1.0", 0)
	endServer(t)
	change(windowsJob(t, backend.Uninstall, "1.0", ""), true)
	check("removed", "", 0)
	endServer(t)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := dir.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// endServer does what quiescing does before a change. The version stays.
func endServer(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile(at("VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err == nil {
		if err := os.Remove(at("VERSION")); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.WriteFile(at("VERSION"), data, 0o644); err != nil {
				t.Error(err)
			}
		}()
	}
	for range 100 {
		if f, err := os.OpenFile(at("server.exe"), os.O_RDWR, 0); err == nil {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the server does not end")
}

// run runs this program as a setup program.
func run(t *testing.T, w *exe.Windows, limit time.Duration, args ...string) (exe.Result, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return w.Run(t.Context(), exe.Command{File: self, Digest: digestOf(data), Arguments: args, Temp: t.TempDir(), Limit: limit})
}

func TestFailureOnWindows(t *testing.T) {
	got, err := run(t, onWindows(t), time.Minute, "fail", "1.0")
	if err != nil || got.Status != 1603 || !strings.Contains(got.Output, "n'a pas pu être installé") {
		t.Errorf("got %+v, %v; want 1603 and its sentence", got, err)
	}
}

// TestTimeLimitOnWindows: the setup program itself ends, its child never does.
func TestTimeLimitOnWindows(t *testing.T) {
	_, err := run(t, onWindows(t), 2*time.Second, "hang", "1.0")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the time", err)
	}
}

func TestUnsignedIsNotRunOnWindows(t *testing.T) {
	w := onWindows(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Run(t.Context(), exe.Command{
		File: self, Digest: digestOf(data), Signer: "Agence du Numérique en Santé", Arguments: []string{"fail", ""}, Temp: t.TempDir(), Limit: time.Minute,
	})
	var e *authenticode.Error
	if !errors.As(err, &e) || e.Code() != authenticode.CodeUnsigned {
		t.Errorf("got %v, want %s", err, authenticode.CodeUnsigned)
	}
}
