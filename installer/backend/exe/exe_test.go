package exe_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

// job is a change of the sample on w.
func job(t *testing.T, w *world, action backend.Action, to string) backend.Job {
	t.Helper()
	from, err := w.Detect(t.Context(), backend.Subject{Name: backendtest.Component})
	if err != nil {
		t.Fatal(err)
	}
	j := backend.Job{
		ID: "job-" + to + string(action), Action: action, Component: backendtest.Component, From: from, To: to,
		Progress: func(int64, int64) {}, Tell: func(string, map[string]string) {},
	}
	if to != "" {
		j.New = backendtest.Archive("Setup-"+to+".exe", backendtest.Files(to))
		j.Release = manifest.Release{Version: to, Backend: exe.Name, Setup: setup()}
	}
	return j
}

// carryOut carries a job out.
func carryOut(t *testing.T, w *world, j backend.Job) (backend.Undo, backend.Outcome, error) {
	t.Helper()
	b := exe.New(w.disk, w)
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.Apply(t.Context(), j, u)
	return u, out, err
}

// have installs a version through the backend.
func have(t *testing.T, w *world, version string) {
	t.Helper()
	j := job(t, w, backend.Install, version)
	u, _, err := carryOut(t, w, j)
	if err != nil {
		t.Fatal(err)
	}
	if err := exe.New(w.disk, w).Settle(t.Context(), j, u, true); err != nil {
		t.Fatal(err)
	}
	*w.ran = nil
}

// programs are the base names of what was run.
func programs(w *world) []string {
	var out []string
	for _, c := range *w.ran {
		out = append(out, c.File[strings.LastIndexAny(c.File, `/\`)+1:])
	}
	return out
}

func TestWhatIsRun(t *testing.T) {
	tests := []struct {
		name   string
		from   string
		action backend.Action
		to     string
		want   []string
	}{
		{"install", "", backend.Install, "1.0", []string{"Setup-1.0.exe"}},
		{"update-goes-over-it", "1.0", backend.Update, "2.0", []string{"Setup-2.0.exe"}},
		{"downgrade-removes-first", "2.0", backend.Downgrade, "1.0", []string{"uninstall.exe", "Setup-1.0.exe"}},
		{"repair-runs-again", "1.0", backend.Repair, "1.0", []string{"Setup-1.0.exe"}},
		{"uninstall", "1.0", backend.Uninstall, "", []string{"uninstall.exe"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			if tt.from != "" {
				have(t, w, tt.from)
			}
			if _, _, err := carryOut(t, w, job(t, w, tt.action, tt.to)); err != nil {
				t.Fatal(err)
			}
			if got := programs(w); !slices.Equal(got, tt.want) {
				t.Errorf("ran %v, want %v", got, tt.want)
			}
			for _, c := range *w.ran {
				if c.Digest == "" && (c.File != uninstaller || !slices.Equal(c.Arguments, []string{"/silent"})) {
					t.Errorf("removed by %+v", c)
				}
				if c.Digest != "" && (c.Signer != "Sample SA" || !slices.Equal(c.Arguments, setup().Arguments) || c.Limit.Minutes() != 5) {
					t.Errorf("installed by %+v", c)
				}
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		name   string
		status uint32
		reboot bool
		code   string
		spelt  string
	}{
		{"success", 0, false, "", ""},
		{"success-of-the-release", 0xFFFFFFFB, false, "", ""}, // -5
		{"restart-of-the-release", 7, true, "", ""},
		{"restart-of-windows-installer", 3010, true, "", ""},
		{"restart-begun", 1641, true, "", ""},
		{"another-installation", 1618, false, exe.CodeBusy, "1618"},
		{"nobody-knows", 1603, false, exe.CodeFailed, "1603"},
		{"of-a-crash", 0xC0000005, false, exe.CodeFailed, "-1073741819, 0xC0000005"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.status = func(exe.Command) (exe.Result, error) {
				return exe.Result{Status: tt.status, Output: "one\r\n\r\n  two\nthree\nfour\nfive\nsix \r\n"}, nil
			}
			_, out, err := carryOut(t, w, job(t, w, backend.Install, "1.0"))
			if out.Reboot != tt.reboot {
				t.Errorf("restart: got %t, want %t", out.Reboot, tt.reboot)
			}
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *exe.Error
			if !errors.As(err, &e) || e.Code() != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			if got, want := e.Args()["Status"], tt.spelt; got != want {
				t.Errorf("status: got %q, want %q", got, want)
			}
			if got, want := e.Args()["Output"], "two / three / four / five / six"; got != want {
				t.Errorf("output: got %q, want %q", got, want)
			}
		})
	}
}

func TestTimeLimit(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.works = func(exe.Command) bool { return false }
	w.status = func(exe.Command) (exe.Result, error) { return exe.Result{}, context.DeadlineExceeded }
	_, _, err := carryOut(t, w, job(t, w, backend.Install, "1.0"))
	var e *exe.Error
	if !errors.As(err, &e) || e.Code() != exe.CodeTime || e.Args()["Minutes"] != "5" {
		t.Errorf("got %v, want %s after 5 minutes", err, exe.CodeTime)
	}
}

// TestFailedUpdateComesBack lets the new setup program fail with nothing, half
// and all of its work done.
func TestFailedUpdateComesBack(t *testing.T) {
	for _, how := range []string{"nothing", "half", "all"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			have(t, w, "1.0")
			w.works = func(c exe.Command) bool {
				is := strings.Contains(c.File, "2.0") && how != "all"
				if is && how == "half" {
					if err := w.write(home+"/bin/sample", "half"); err != nil {
						t.Error(err)
					}
				}
				return !is
			}
			w.status = func(c exe.Command) (exe.Result, error) {
				if strings.Contains(c.File, "2.0") {
					return exe.Result{Status: 1}, nil
				}
				return exe.Result{}, nil
			}
			j := job(t, w, backend.Update, "2.0")
			u, _, err := carryOut(t, w, j)
			if err == nil {
				t.Fatal("the failure is not told")
			}
			b := exe.New(w.disk, w)
			w.trusts = func(signer string) bool { return signer == "" } // the certificate was revoked meanwhile
			if _, err := b.Revert(t.Context(), j, u); err != nil {
				t.Fatal(err)
			}
			if err := b.Settle(t.Context(), j, u, false); err != nil {
				t.Fatal(err)
			}
			if got, want := w.installedFiles(), backendtest.Files("1.0"); !maps.Equal(got, want) {
				t.Errorf("after the way back\n got %v\nwant %v", got, want)
			}
		})
	}
}

// TestWayBackWaitsForWindowsInstaller holds that what a setup program that was
// ended has left to Windows Installer is over before the machine is looked at.
func TestWayBackWaitsForWindowsInstaller(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "1.0")
	j := job(t, w, backend.Update, "2.0")
	u, err := exe.New(w.disk, w).Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	w.works = func(exe.Command) bool { return false }
	w.status = func(c exe.Command) (exe.Result, error) {
		w.going = func() error { return w.install(t.Context(), c.File) }
		return exe.Result{}, errors.New("ended")
	}
	b := exe.New(w.disk, w)
	if _, err := b.Apply(t.Context(), j, u); err == nil {
		t.Fatal("no error")
	}
	w.works = func(exe.Command) bool { return true }
	w.status = func(exe.Command) (exe.Result, error) { return exe.Result{}, nil }
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	version, err := w.Detect(t.Context(), j.Subject())
	if err != nil || version != "1.0" || w.going != nil {
		t.Errorf("version %q, %v; Windows Installer goes on: %v", version, err, w.going != nil)
	}
}

func TestNoWayBack(t *testing.T) {
	former := manifest.Release{Version: "1.0", Backend: exe.Name, Setup: setup()}
	old := backendtest.Archive("Setup-1.0.exe", backendtest.Files("1.0"))
	code := []manifest.Evidence{{Kind: manifest.EvidenceProductCode, Version: "2.0", ID: "{82AB7DB2-140E-4166-A04E-1FD805EE0A74}"}}
	tests := []struct {
		name     string
		change   func(j *backend.Job)
		registry exe.Removal
		want     error
	}{
		{"nothing-of-the-old", func(*backend.Job) {}, exe.Removal{}, backend.ErrNoWayBack},
		{"package-of-the-old", func(j *backend.Job) { j.Old, j.Former = old, &former }, exe.Removal{}, nil},
		{"package-that-is-no-setup", func(j *backend.Job) {
			other := former
			other.Backend = "msi"
			j.Old, j.Former = old, &other
		}, exe.Removal{}, backend.ErrNoWayBack},
		{"no-removal-of-the-new", func(j *backend.Job) { j.Old, j.Former, j.Release.Setup = old, &former, nil }, exe.Removal{}, backend.ErrNoWayBack},
		{"removal-in-the-registry", func(j *backend.Job) { j.Old, j.Former, j.Release.Setup = old, &former, nil }, exe.Removal{File: uninstaller}, nil},
		{"product-of-the-old", func(j *backend.Job) { j.Old, j.Former, j.Release.Setup = old, &former, nil },
			exe.Removal{Product: "{0}"}, backend.ErrNoWayBack},
		{"product-of-the-new", func(j *backend.Job) { j.Old, j.Former, j.Release.Setup, j.Evidence = old, &former, nil, code },
			exe.Removal{Product: "{0}"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.registry = tt.registry
			if err := w.write(home+"/VERSION", "1.0"); err != nil {
				t.Fatal(err)
			}
			j := job(t, w, backend.Update, "2.0")
			tt.change(&j)
			b := exe.New(w.disk, w)
			if !b.NeedsOld(j) {
				t.Error("the old package is not asked for")
			}
			u, err := b.Prepare(t.Context(), j)
			if !errors.Is(err, tt.want) || u == nil {
				t.Errorf("got %v with %s, want %v with a way", err, u, tt.want)
			}
		})
	}
}

func TestDowngradeWithoutRemovalIsRefused(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "2.0")
	for name := range w.disk.Snapshot() {
		if strings.HasSuffix(name, "kept.json") {
			if err := w.disk.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := exe.New(w.disk, w).Prepare(t.Context(), job(t, w, backend.Downgrade, "1.0"))
	var e *exe.Error
	if !errors.As(err, &e) || e.Code() != exe.CodeNoRemoval || errors.Is(err, backend.ErrNoWayBack) {
		t.Errorf("got %v, want %s and no choice", err, exe.CodeNoRemoval)
	}
}

func TestWrongSignerStopsBeforeTheTouch(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.trusts = func(signer string) bool { return signer != "Sample SA" }
	if _, err := exe.New(w.disk, w).Prepare(t.Context(), job(t, w, backend.Install, "1.0")); err == nil {
		t.Error("prepared")
	}
	if left := w.disk.Snapshot(); len(left) > 0 || len(*w.ran) > 0 {
		t.Errorf("left behind %v, ran %v", left, *w.ran)
	}
}

func TestSwappedSetupIsNotRun(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	b := exe.New(w.disk, w)
	j := job(t, w, backend.Install, "1.0")
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	for name := range w.disk.Snapshot() {
		if strings.HasSuffix(name, ".exe") {
			if err := w.write(name, "evil"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := b.Apply(t.Context(), j, u); err == nil {
		t.Error("other bytes were run")
	}
	if files := w.installedFiles(); len(files) > 0 {
		t.Errorf("installed %v", files)
	}
}

func TestRemovedAndStillThere(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "1.0")
	w.works = func(exe.Command) bool { return false }
	_, _, err := carryOut(t, w, job(t, w, backend.Uninstall, ""))
	var e *exe.Error
	if !errors.As(err, &e) || e.Code() != exe.CodeStillThere || e.Args()["Version"] != "1.0" {
		t.Errorf("got %v, want %s with 1.0", err, exe.CodeStillThere)
	}
}

func TestForeignInstallations(t *testing.T) {
	tests := []struct {
		name     string
		registry exe.Removal
		want     string
		second   bool
	}{
		{"nobody-can-remove-it", exe.Removal{}, "", false},
		{"silent-command", exe.Removal{File: uninstaller}, "1.0", false},
		{"windows-installer-can", exe.Removal{Product: "{0}"}, "1.0", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.registry = tt.registry
			if err := w.write(home+"/VERSION", "1.0"); err != nil {
				t.Fatal(err)
			}
			state, err := exe.New(w.disk, w).Inspect(t.Context(), backend.Subject{Name: backendtest.Component})
			if err != nil || state.Version != tt.want || state.Second != tt.second {
				t.Errorf("got %+v, %v; want version %q, second: %t", state, err, tt.want, tt.second)
			}
		})
	}
}

// TestProductIsLeftToWindowsInstaller holds that no program is started for the
// removal of a product, on the way there and on the way back.
func TestProductIsLeftToWindowsInstaller(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.registry = exe.Removal{Product: "{restart}"}
	j := job(t, w, backend.Install, "1.0")
	j.Release.Setup = nil
	j.Evidence = []manifest.Evidence{{Kind: manifest.EvidenceProductCode, Version: "1.0"}}
	u, _, err := carryOut(t, w, j)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exe.New(w.disk, w).Revert(t.Context(), j, u)
	if err != nil || !out.Reboot {
		t.Errorf("got %+v, %v; want the restart that Windows Installer asks for", out, err)
	}
	if files := w.installedFiles(); len(files) > 0 {
		t.Errorf("left %v", files)
	}
	if got, want := *w.products, []string{"{restart}"}; !slices.Equal(got, want) || len(*w.ran) != 1 {
		t.Errorf("asked for %q, want %q; ran %+v, want the setup program alone", got, want, *w.ran)
	}
}
