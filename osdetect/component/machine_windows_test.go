package component

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
	sys "golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/registry"
)

func TestFileVersionOfThisSystem(t *testing.T) {
	m := System()
	kernel, err := m.FileVersion(t.Context(), `%SystemRoot%\System32\kernel32.dll`)
	if err != nil || strings.Count(kernel.Version, ".") < 2 {
		t.Errorf("kernel32.dll: %+v, %v", kernel, err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.FileVersion(t.Context(), program); err != nil || got.Version != "" {
		t.Errorf("a program without a version: %+v, %v", got, err)
	}
	if _, err := m.FileVersion(t.Context(), `%ProgramFiles%`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder: %v, want fs.ErrNotExist", err)
	}
	if _, err := m.FileVersion(t.Context(), `%ProgramFiles(x86)%\no\such.exe`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want fs.ErrNotExist", err)
	}
}

func TestNothingInstalledIsNoError(t *testing.T) {
	m := System()
	if p, err := m.Product(t.Context(), codeOther); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Product: %+v, %v", p, err)
	}
	if all, err := m.Related(t.Context(), codeOther); err != nil || len(all) != 0 {
		t.Errorf("Related: %+v, %v", all, err)
	}
	if found, err := Find(t.Context(), m, cryptolib); err != nil || found.Presence == Unknown {
		t.Errorf("got %+v, %v", found, err)
	}
}

// bench skips a test that changes the machine, unless the machine is there to
// be thrown away and has the packages to install.
func bench(t *testing.T) (packages string) {
	t.Helper()
	packages = os.Getenv("RELEVE_BENCH_MSI")
	if os.Getenv("RELEVE_BENCH") == "" || packages == "" {
		t.Skip("installs packages: needs RELEVE_BENCH and RELEVE_BENCH_MSI, a machine to throw away")
	}
	return packages
}

// msiexec runs Windows Installer.
func msiexec(t *testing.T, args ...string) {
	t.Helper()
	program := filepath.Join(os.Getenv("SystemRoot"), "System32", "msiexec.exe")
	if out, err := exec.CommandContext(t.Context(), program, append(args, "/qn")...).CombinedOutput(); err != nil {
		t.Fatalf("msiexec %q: %v\n%s", args, err, out)
	}
}

// TestRealPackages installs, upgrades and removes packages of the real names.
func TestRealPackages(t *testing.T) {
	packages := bench(t)
	m := System()
	const benchUpgrade = "{0C0FFEE0-5A17-4CE5-9E11-000000000512}"
	find := func(evidence ...manifest.Evidence) Found {
		t.Helper()
		found, err := Find(t.Context(), m, evidence)
		if err != nil || len(found.Problems) > 0 {
			t.Errorf("problems %v, error %v", found.Problems, err)
		}
		return found
	}
	msiexec(t, "/i", filepath.Join(packages, "CryptolibCPS-5.1.7_x64.msi"))
	found := find(cryptolib...)
	if found.Version != "5.1.7" || len(found.Installs) != 1 {
		t.Fatalf("5.1.7 is installed: %+v", found)
	}
	in := found.Installs[0]
	if in.Product != code517 || in.View != registry.View64 {
		t.Errorf("got %+v", in)
	}
	if _, err := os.Stat(in.Package); err != nil {
		t.Errorf("the package that Windows Installer keeps: %v", err)
	}
	msiexec(t, "/i", filepath.Join(packages, "CryptolibCPS-5.2.6_x64.msi"))
	for _, e := range []manifest.Evidence{
		{Kind: manifest.EvidenceUpgradeCode, ID: benchUpgrade}, cryptolib[0], cryptolib[2], cryptolib[4],
	} {
		if found := find(e); found.Version != "5.2.6" || len(found.Installs) != 1 {
			t.Errorf("5.2.6 is installed, by %s: %+v", e.Kind, found)
		}
	}

	forget := leaveOld(t)
	if got := find(cryptolib...).Versions(); !slices.Equal(got, []string{"5.2.6", "5.0.45"}) {
		t.Errorf("side by side: %q", got)
	}
	forget()

	msiexec(t, "/i", filepath.Join(packages, "galss-3.43.04-x86.msi"))
	galss := manifest.Evidence{Kind: manifest.EvidenceUninstall, Name: "GALSS v*"}
	if found := find(galss); found.Version != "3.43.4" || found.Installs[0].View != registry.View32 {
		t.Errorf("the 32-bit GALSS is installed: %+v", found)
	}
	msiexec(t, "/x", code526)
	if found := find(cryptolib...); found.Presence != Absent {
		t.Errorf("Cryptolib is removed: %+v", found)
	}
	if found := find(galss); found.Presence != Present {
		t.Errorf("GALSS is not: %+v", found)
	}
}

// leaveOld leaves what an older 32-bit installer would in its own view. What
// it returns removes it.
func leaveOld(t *testing.T) (forget func()) {
	t.Helper()
	old, _, err := sys.CreateKey(sys.LOCAL_MACHINE, cryptolibKey, sys.SET_VALUE|sys.WOW64_32KEY)
	if err == nil {
		err = errors.Join(old.SetStringValue("Version", "5.0.45"), old.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := sys.DeleteKey(sys.LOCAL_MACHINE, `SOFTWARE\WOW6432Node\ASIP\Cryptolib CPS`); err != nil {
			t.Error(err)
		}
	}
}

// TestHostileList fills the list of installed programs with 10,000 odd keys,
// as somebody might who wants the program that reads it to fail.
func TestHostileList(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("writes below HKLM: needs RELEVE_BENCH, a machine to throw away")
	}
	list, _, err := sys.CreateKey(sys.LOCAL_MACHINE, uninstall, sys.ALL_ACCESS|sys.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	defer fill(t, list)()
	found, err := Find(t.Context(), System(), []manifest.Evidence{{Kind: manifest.EvidenceUninstall, Name: "Composants Cryptographiques CPS v*"}})
	if err != nil || found.Version != "5.2.6" || len(found.Problems) > 0 {
		t.Errorf("got %+v, %v", found, err)
	}
}

// odd are entries that no installer writes.
func odd() []func(k sys.Key) error {
	return []func(k sys.Key) error{
		func(k sys.Key) error { return k.SetStringValue("DisplayName", strings.Repeat("A", 40_000)) },
		func(k sys.Key) error { return k.SetDWordValue("DisplayName", 7) },
		func(k sys.Key) error { return k.SetBinaryValue("DisplayName", []byte{1, 2, 3}) },
		func(k sys.Key) error { return k.SetStringValue("DisplayName", "\u202eComposants\x1b[31m") },
		func(sys.Key) error { return nil },
		func(k sys.Key) error {
			name, err := windows.UTF16PtrFromString("DisplayName")
			if err != nil {
				return err
			}
			half := byte('A') // a text of half a character
			status, _, _ := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegSetValueExW").Call(
				uintptr(k), uintptr(unsafe.Pointer(name)), 0, sys.SZ, uintptr(unsafe.Pointer(&half)), 1)
			if status != 0 {
				return syscall.Errno(status)
			}
			return nil
		},
	}
}

// fill adds the odd entries and, at their end, the one that is looked for.
// What it returns removes them.
func fill(t *testing.T, list sys.Key) (empty func()) {
	t.Helper()
	var made []string
	empty = func() {
		for _, name := range made {
			if err := sys.DeleteKey(list, name); err != nil {
				t.Error(err)
				return
			}
		}
	}
	entries := odd()
	for i := range 10_000 {
		name := fmt.Sprintf("%05d%s", i, []string{strings.Repeat("x", 250), "%s%n", "{\u202e", "é"}[i%4])
		k, _, err := sys.CreateKey(list, name, sys.SET_VALUE)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, name)
		if err := errors.Join(entries[i%len(entries)](k), k.Close()); err != nil {
			t.Fatal(err)
		}
	}
	last := "zzz-releve-test"
	k, _, err := sys.CreateKey(list, last, sys.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, last)
	err = errors.Join(k.SetStringValue("DisplayName", "Composants Cryptographiques CPS v5.2.6"), k.SetStringValue("DisplayVersion", "5.2.6"), k.Close())
	if err != nil {
		t.Fatal(err)
	}
	return empty
}
