package msi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/component"
)

// machine is a Windows to throw away, with our folder on it.
type machine struct {
	*testing.T
	packages string // of the bench
	dir      *durable.Root
	service  msi.Windows
	jobs     int
}

const standardTime = 5 * time.Minute

func thrownAway(t *testing.T) *machine {
	t.Helper()
	packages := os.Getenv("RELEVE_BENCH_MSI")
	if os.Getenv("RELEVE_BENCH") == "" || packages == "" {
		t.Skip("installs packages: needs RELEVE_BENCH and RELEVE_BENCH_MSI, a machine to throw away")
	}
	dir, err := durable.Open(filepath.Join(t.TempDir(), "state folder"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return &machine{T: t, packages: packages, dir: dir, service: msi.NewWindows()}
}

// The evidence that the reference catalogue has for these components, and for
// SrvSVCNAM its product code alone.
var known = map[string][]manifest.Evidence{
	"cryptolib-cps": {{Kind: manifest.EvidenceRegistry, Platform: manifest.Windows, Path: `SOFTWARE\ASIP\Cryptolib CPS`, Name: "Version"}},
	"galss":         {{Kind: manifest.EvidenceUninstall, Platform: manifest.Windows, Name: "GALSS v*"}},
	"srvsvcnam":     {{Kind: manifest.EvidenceProductCode, Platform: manifest.Windows, ID: "{306912F2-76F5-4BA3-9260-E9F581C886DD}"}},
}

func (m *machine) backend() *msi.Backend { return msi.New(m.dir, m.service) }

func (m *machine) pkg(name string) *file {
	m.Helper()
	data, err := os.ReadFile(filepath.Join(m.packages, name))
	if err != nil {
		m.Fatal(err)
	}
	return &file{name: name, data: data}
}

func (m *machine) state(name string) backend.State {
	m.Helper()
	state, err := m.backend().Inspect(m.Context(), backend.Subject{Name: name, Evidence: known[name]})
	if err != nil {
		m.Fatal(err)
	}
	return state
}

// want checks which versions are installed, "" for none.
func (m *machine) want(versions map[string]string) {
	m.Helper()
	for name, version := range versions {
		if got := m.state(name).Version; got != version && strings.ReplaceAll(version, ".0", ".") != got {
			m.Errorf("%s: got version %q, want %q", name, got, version)
		}
	}
}

func (m *machine) job(action backend.Action, name, to string, pkg backend.Package) backend.Job {
	m.Helper()
	m.jobs++
	return backend.Job{
		ID: "job-" + string(rune('a'+m.jobs)), Action: action, Component: name, Evidence: known[name],
		From: m.state(name).Version, To: to, New: pkg, Release: manifest.Release{Version: to, Backend: msi.Name},
		Progress: func(int64, int64) {}, Tell: func(code string, args map[string]string) { m.Log(code, args) },
	}
}

// change carries a change out.
func (m *machine) change(action backend.Action, name, to string, pkg backend.Package) {
	m.Helper()
	j := m.job(action, name, to, pkg)
	u, err := m.backend().Prepare(m.Context(), j)
	if err != nil {
		m.Fatalf("prepare %s %s: %v", name, to, err)
	}
	if _, err := m.backend().Apply(m.Context(), j, u); err != nil {
		m.Fatalf("apply %s %s: %v", name, to, err)
	}
	if err := m.backend().Settle(m.Context(), j, u, true); err != nil {
		m.Fatalf("settle %s %s: %v", name, to, err)
	}
	m.want(map[string]string{name: to})
}

// TestRealPackages changes Cryptolib CPS beside GALSS and SrvSVCNAM, which
// stay as they are.
func TestRealPackages(t *testing.T) {
	m := thrownAway(t)
	others := map[string]string{"galss": "3.45.01", "srvsvcnam": "5.10.04"}
	m.change(backend.Install, "galss", "3.45.01", m.pkg("galss-3.45.01-x64.msi"))
	m.change(backend.Install, "srvsvcnam", "5.10.04", m.pkg("srvsvcnam-5.10.04.msi"))
	m.change(backend.Install, "cryptolib-cps", "5.1.7", m.pkg("CryptolibCPS-5.1.7_x64.msi"))
	m.change(backend.Update, "cryptolib-cps", "5.2.6", m.pkg("CryptolibCPS-5.2.6_x64.msi"))
	if got := m.state("cryptolib-cps").Kept; !slices.Equal(got, []string{"5.1.7"}) {
		t.Errorf("kept %v, want 5.1.7", got)
	}
	m.change(backend.Rollback, "cryptolib-cps", "5.1.7", nil)
	m.change(backend.Rollback, "cryptolib-cps", "5.2.6", nil)
	m.change(backend.Repair, "cryptolib-cps", "5.2.6", m.pkg("CryptolibCPS-5.2.6_x64.msi"))
	m.change(backend.Downgrade, "cryptolib-cps", "5.2.2", m.pkg("CryptolibCPS-5.2.2_x64.msi"))
	m.want(others)
	m.change(backend.Uninstall, "cryptolib-cps", "", nil)
	m.want(others)
}

// TestFailingPackage comes back from a package that fails after its files
// were copied. Wine does not give the exit code of Windows, so that only what
// is installed afterwards is looked at.
func TestFailingPackage(t *testing.T) {
	m := thrownAway(t)
	m.change(backend.Install, "cryptolib-cps", "5.2.6", m.pkg("CryptolibCPS-5.2.6_x64.msi"))
	j := m.job(backend.Update, "cryptolib-cps", "5.2.7", m.pkg("CryptolibCPS-5.2.7_x64.msi"))
	u, err := m.backend().Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.backend().Apply(t.Context(), j, u)
	t.Log("it ends with", err)
	if _, err := m.backend().Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if err := m.backend().Settle(t.Context(), j, u, false); err != nil {
		t.Fatal(err)
	}
	m.want(map[string]string{"cryptolib-cps": "5.2.6"})
	m.change(backend.Uninstall, "cryptolib-cps", "", nil)
}

// TestPackageGoneFromTheCache removes and updates products whose package
// somebody cleaned out of the folder of Windows Installer.
func TestPackageGoneFromTheCache(t *testing.T) {
	m := thrownAway(t)
	clean := func(code string) {
		t.Helper()
		p, err := component.System().Product(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(p.Package); err != nil {
			t.Fatal(err)
		}
	}
	m.change(backend.Install, "cryptolib-cps", "5.1.7", m.pkg("CryptolibCPS-5.1.7_x64.msi"))
	clean("{297EFD05-38C7-479C-BC34-BC269DCDE018}")
	m.change(backend.Repair, "cryptolib-cps", "5.1.7", m.pkg("CryptolibCPS-5.1.7_x64.msi"))
	clean("{297EFD05-38C7-479C-BC34-BC269DCDE018}")
	m.change(backend.Uninstall, "cryptolib-cps", "", nil)
}

// TestForeignProduct updates what somebody else installed, and goes back by
// the package that Windows keeps.
func TestForeignProduct(t *testing.T) {
	m := thrownAway(t)
	status, err := m.service.Run(t.Context(), `/i "`+filepath.Join(m.packages, "CryptolibCPS-5.1.7_x64.msi")+`" /qn`, standardTime)
	if status != 0 || err != nil {
		t.Fatalf("status %d, %v", status, err)
	}
	m.want(map[string]string{"cryptolib-cps": "5.1.7"})
	j := m.job(backend.Update, "cryptolib-cps", "5.2.6", m.pkg("CryptolibCPS-5.2.6_x64.msi"))
	u, err := m.backend().Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.backend().Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	m.want(map[string]string{"cryptolib-cps": "5.2.6"})
	if _, err := m.backend().Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	m.want(map[string]string{"cryptolib-cps": "5.1.7"})
	if err := m.backend().Settle(t.Context(), j, u, false); err != nil {
		t.Fatal(err)
	}
	m.change(backend.Uninstall, "cryptolib-cps", "", nil)
}

// TestSwappedThousandTimes has somebody swap the package all the time between
// its verification and its run. What is read by its path while it is held is
// what Windows Installer would read.
func TestSwappedThousandTimes(t *testing.T) {
	dir := t.TempDir()
	name, good, evil := filepath.Join(dir, "a.msi"), []byte("good"), []byte("evil")
	sum := sha256.Sum256(good)
	digest := hex.EncodeToString(sum[:])
	stop := make(chan struct{})
	var attacker sync.WaitGroup
	attacker.Go(func() {
		other := filepath.Join(dir, "b.msi")
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			switch n % 3 { // what is refused is refused: that is the point
			case 0:
				_ = os.WriteFile(name, evil, 0o600)
			case 1:
				_ = os.WriteFile(other, evil, 0o600)
				_ = os.Rename(other, name)
			case 2:
				_ = os.Remove(name)
			}
		}
	})
	var run, swapped int
	for tries := 0; run < 1000 && tries < 1_000_000; tries++ {
		_ = os.WriteFile(name, good, 0o600) // as Prepare left it, unless the attacker is at it
		hold, err := msi.NewWindows().Hold(name, digest, "")
		if err != nil {
			continue // seen in time
		}
		run++
		got, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || !bytes.Equal(got, good) {
			swapped++
		}
		if err := hold.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	attacker.Wait()
	t.Logf("%d of %d were swapped", swapped, run)
	if run < 1000 || swapped > 0 {
		t.Errorf("%d of %d were swapped, want 0 of 1000", swapped, run)
	}
}

// TestOnlyTheFolderOfWindowsInstallerIsGuarded names places of packages: what
// lies elsewhere may have been put there by anybody, and its way back would run
// as SYSTEM.
func TestOnlyTheFolderOfWindowsInstallerIsGuarded(t *testing.T) {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		dir + `\Installer\1a2b3c.msi`:                      true,
		strings.ToUpper(dir) + `\INSTALLER\1A2B3C.MSI`:     true,
		dir + `\Installer\..\Temp\1a2b3c.msi`:              false,
		dir + `\Installer\folder\1a2b3c.msi`:               false,
		dir + `\Temp\1a2b3c.msi`:                           false,
		`C:\ProgramData\santesocial\atsam\1a2b3c.msi`:      false,
		`C:\elsewhere` + dir[2:] + `\Installer\1a2b3c.msi`: false,
		`Installer\1a2b3c.msi`:                             false,
		`\\server\c$` + dir[2:] + `\Installer\1a2b3c.msi`:  false,
	} {
		if got := msi.Guarded(path); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
	if found := msi.Search([]string{`\\localhost\c$`, `relative`, t.TempDir()}, "{}"); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}
