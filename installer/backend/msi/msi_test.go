package msi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/backend/msi/database/databasetest"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

// evidence recognises every version of the sample.
var evidence = []manifest.Evidence{{Kind: manifest.EvidenceUpgradeCode, ID: strings.ToLower(family)}}

// told collects what a job says.
type told []string

func (s *told) tell(code string, args map[string]string) {
	*s = append(*s, code+" "+args["Others"]+args["Holder"])
}

// job is a change of the sample on w.
func job(t *testing.T, w *world, action backend.Action, to string, pkg backend.Package) (backend.Job, *told) {
	t.Helper()
	s := backend.Subject{Name: backendtest.Component, Evidence: evidence}
	state, err := msi.New(w.disk, w).Inspect(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	said := new(told)
	return backend.Job{
		ID: fmt.Sprintf("job-%s-%s", action, strings.ReplaceAll(to, ".", "-")), Action: action, Component: s.Name, Evidence: evidence,
		From: state.Version, To: to, New: pkg, Release: manifest.Release{Version: to, Backend: msi.Name},
		Progress: func(int64, int64) {}, Tell: said.tell,
	}, said
}

// carryOut carries a job out and settles it when that worked.
func carryOut(t *testing.T, w *world, j backend.Job) (backend.Undo, backend.Outcome, error) {
	t.Helper()
	b := msi.New(w.disk, w)
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.Apply(t.Context(), j, u)
	if err == nil {
		err = b.Settle(t.Context(), j, u, true)
	}
	return u, out, err
}

// have installs a version through the backend.
func have(t *testing.T, w *world, version string) {
	t.Helper()
	j, _ := job(t, w, backend.Install, version, sample(version))
	j.Release.Setup = &manifest.Setup{Signer: "Sample SA"}
	if _, _, err := carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	*w.lines = nil
}

// verbs are the runs of msiexec in short.
func verbs(w *world) string {
	var out []string
	for _, line := range *w.lines {
		words := msi.Words(line)
		verb := words[0]
		if slices.Contains(words, "REINSTALLMODE=vamus") {
			verb += " over"
		}
		if slices.Contains(words, "REINSTALLMODE=vomus") {
			verb += " again"
		}
		out = append(out, verb)
	}
	return strings.Join(out, ", ")
}

func TestWhatIsRun(t *testing.T) {
	same := func(version string) func(s *databasetest.Source) { // product of 1.0.0 in another version
		return func(s *databasetest.Source) {
			s.Properties["ProductCode"], s.Properties["ProductVersion"] = productOf("1.0.0"), version
		}
	}
	keeps := func(s *databasetest.Source) { s.Upgrades = nil }
	tests := []struct {
		name   string
		from   string
		action backend.Action
		to     string
		pkg    *file
		want   string
		left   []string
	}{
		{"install", "", backend.Install, "1.0.0", sample("1.0.0"), "/i", []string{"1.0.0"}},
		{"upgrade-removes-by-itself", "1.0.0", backend.Update, "2.0.0", sample("2.0.0"), "/i", []string{"2.0.0"}},
		{"upgrade-that-stands-beside", "1.0.0", backend.Update, "2.0.0", sample("2.0.0", keeps), "/i", []string{"1.0.0", "2.0.0"}},
		{"minor-upgrade-goes-over", "1.0.0", backend.Update, "1.1.0", sample("1.1.0", same("1.1.0")), "/i over", []string{"1.1.0"}},
		{"fourth-field-of-the-product", "1.0.0", backend.Update, "1.0.0.1", sample("1.0.0.1", same("1.0.0.1")), "/i over", []string{"1.0.0.1"}},
		{"fourth-field-of-another", "1.0.0", backend.Update, "1.0.0.1", sample("1.0.0.1"), "/x, /i", []string{"1.0.0.1"}},
		{"downgrade-removes-first", "2.0.0", backend.Downgrade, "1.0.0", sample("1.0.0"), "/x, /i", []string{"1.0.0"}},
		{"repair", "1.0.0", backend.Repair, "1.0.0", sample("1.0.0"), "/i over", []string{"1.0.0"}},
		{"uninstall", "1.0.0", backend.Uninstall, "", nil, "/x", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			if tt.from != "" {
				have(t, w, tt.from)
			}
			var pkg backend.Package
			if tt.pkg != nil {
				pkg = tt.pkg
			}
			j, said := job(t, w, tt.action, tt.to, pkg)
			if _, _, err := carryOut(t, w, j); err != nil {
				t.Fatal(err)
			}
			if got := verbs(w); got != tt.want {
				t.Errorf("ran %q, want %q", got, tt.want)
			}
			if got := w.versions(t); !slices.Equal(got, tt.left) {
				t.Errorf("installed %v, want %v", got, tt.left)
			}
			for _, line := range *w.lines {
				words := msi.Words(line)
				for _, want := range []string{"/qn", "REBOOT=ReallySuppress", "MSIRESTARTMANAGERCONTROL=Disable"} {
					if !slices.Contains(words, want) {
						t.Errorf("line %q: want %s, for no window, no restart and no program ended", line, want)
					}
				}
			}
			if beside := slices.Contains(*said, msi.CodeBeside+" 1.0.0"); beside != (len(tt.left) > 1) {
				t.Errorf("told %v", *said)
			}
		})
	}
}

// TestUndone undoes changes of which the second half fails.
func TestUndone(t *testing.T) {
	tests := []struct {
		name   string
		action backend.Action
		to     string
		fails  string // verb and product that fails
	}{
		{"upgrade-fails", backend.Update, "3.0.0", "/i" + productOf("3.0.0")},
		{"downgrade-fails-between", backend.Downgrade, "1.0.0", "/i" + productOf("1.0.0")},
		{"downgrade-fails-at-once", backend.Downgrade, "1.0.0", "/x" + productOf("2.0.0")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			have(t, w, "2.0.0")
			w.status = func(verb, product string) uint32 {
				if verb+product == tt.fails {
					return 1603
				}
				return 0
			}
			j, _ := job(t, w, tt.action, tt.to, sample(tt.to))
			u, _, err := carryOut(t, w, j)
			if err == nil {
				t.Fatal("the failure is not told")
			}
			w.status = func(string, string) uint32 { return 0 }
			w.trusts = func(signer string) bool { return signer == "" } // the certificate was revoked meanwhile
			if _, err := msi.New(w.disk, w).Revert(t.Context(), j, u); err != nil {
				t.Fatal(err)
			}
			if got := w.versions(t); !slices.Equal(got, []string{"2.0.0"}) {
				t.Errorf("installed %v, want 2.0.0", got)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		status uint32
		reboot bool
		code   string
	}{
		{0, false, ""},
		{3010, true, ""},
		{1641, true, ""},
		{1602, false, msi.CodeCancelled},
		{1603, false, msi.CodeFailed},
		{1605, false, msi.CodeUnknown},
		{1612, false, msi.CodeNoSource},
		{1618, false, msi.CodeBusy},
		{1619, false, msi.CodeUnreadable},
		{1620, false, msi.CodeUnreadable},
		{1625, false, msi.CodePolicy},
		{1633, false, msi.CodePlatform},
		{1638, false, msi.CodeOtherVersion},
		{1643, false, msi.CodePolicy},
		{1654, false, msi.CodeStatus},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.status = func(string, string) uint32 { return tt.status }
			w.wrote = wide("Fin de l'action 10:12:33 : InstallFiles. Valeur renvoyée 3.\r\n")
			j, _ := job(t, w, backend.Install, "1.0.0", sample("1.0.0"))
			_, out, err := carryOut(t, w, j)
			if out.Reboot != tt.reboot {
				t.Errorf("restart: got %t, want %t", out.Reboot, tt.reboot)
			}
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *msi.Error
			if !errors.As(err, &e) || e.Code() != tt.code || e.Args()["Status"] != fmt.Sprint(tt.status) {
				t.Fatalf("got %v, want %s with %d", err, tt.code, tt.status)
			}
			if tt.code != msi.CodeBusy && e.Args()["Action"] != "InstallFiles" {
				t.Errorf("action: got %q, want InstallFiles", e.Args()["Action"])
			}
		})
	}
}

func TestAnotherInstallationIsWaitedFor(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	left := 3
	w.status = func(string, string) uint32 {
		if left--; left >= 0 {
			return 1618
		}
		return 0
	}
	j, said := job(t, w, backend.Install, "1.0.0", sample("1.0.0"))
	if _, _, err := carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	if want := 35 * time.Second; w.waited != want {
		t.Errorf("waited %v, want %v", w.waited, want)
	}
	if !slices.Contains(*said, msi.CodeWaiting+" setup.exe (4711)") {
		t.Errorf("told %v, want who is waited for", *said)
	}
	w.status, w.waited = func(string, string) uint32 { return 1618 }, 0
	j, _ = job(t, w, backend.Update, "2.0.0", sample("2.0.0"))
	_, _, err := carryOut(t, w, j)
	var e *msi.Error
	if !errors.As(err, &e) || e.Code() != msi.CodeBusy || e.Args()["Holder"] != "setup.exe (4711)" {
		t.Errorf("got %v, want %s with the holder", err, msi.CodeBusy)
	}
	if w.waited < 9*time.Minute || w.waited > 11*time.Minute {
		t.Errorf("waited %v, want about ten minutes", w.waited)
	}
}

func TestInstallationThatOutlivesItsTime(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.slow = true
	j, _ := job(t, w, backend.Install, "1.0.0", sample("1.0.0"))
	j.Release.Setup = &manifest.Setup{Minutes: 7}
	_, _, err := carryOut(t, w, j)
	var e *msi.Error
	if !errors.As(err, &e) || e.Code() != msi.CodeTime || e.Args()["Minutes"] != "7" || !errors.Is(err, msi.ErrTime) {
		t.Errorf("got %v, want %s after 7 minutes", err, msi.CodeTime)
	}
	if len(w.held) != 1 {
		t.Errorf("held %v, want the package", w.held)
	}
	for name, n := range w.held {
		if n != 1 {
			t.Errorf("%q is let go of while Windows Installer reads it", name)
		}
	}
}

// TestWayBackWaitsForWhatGoesOn holds that an installation which goes on after
// its starter was ended, or gave up, is over before the machine is looked at:
// the old version would not go under the new one.
func TestWayBackWaitsForWhatGoesOn(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "1.0.0")
	j, said := job(t, w, backend.Update, "2.0.0", sample("2.0.0"))
	j.From, j.Old = "1.0.0", sample("1.0.0")
	b := msi.New(w.disk, w)
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	w.slow = true
	if _, err := b.Apply(t.Context(), j, u); !errors.Is(err, msi.ErrTime) {
		t.Fatalf("got %v, want %v", err, msi.ErrTime)
	}
	if got := w.versions(t); !slices.Equal(got, []string{"1.0.0"}) {
		t.Fatalf("installed %v while the installation goes on", got)
	}
	if _, err := msi.New(w.disk, w).Revert(t.Context(), j, u); err != nil {
		t.Errorf("way back: %v", err)
	}
	if got := w.versions(t); !slices.Equal(got, []string{"1.0.0"}) || w.waited == 0 {
		t.Errorf("installed %v after a wait of %v, want the old version", got, w.waited)
	}
	if !slices.Contains(*said, msi.CodeWaiting+" setup.exe (4711)") {
		t.Errorf("told %v, want that it is waited for", *said)
	}
}

// TestLostPackage removes a product whose package is gone from the cache of
// Windows, from our own copy.
func TestLostPackage(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "1.0.0")
	all, err := w.installed()
	if err != nil {
		t.Fatal(err)
	}
	p := all[productOf("1.0.0")]
	p.Lost = true
	all[productOf("1.0.0")] = p
	if err := w.set(all); err != nil {
		t.Fatal(err)
	}
	j, _ := job(t, w, backend.Uninstall, "", nil)
	if _, _, err := carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	if got, want := verbs(w), "/x, /i again, /x"; got != want {
		t.Errorf("ran %q, want %q", got, want)
	}
}
