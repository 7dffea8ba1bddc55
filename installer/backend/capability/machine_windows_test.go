package capability

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/installer/backend"
)

// TestMain lets a copy of the test that is called dism.exe answer as DISM
// does: the state of the feature is whether its file is there.
func TestMain(m *testing.M) {
	program, err := os.Executable()
	if err == nil && strings.EqualFold(filepath.Base(program), "dism.exe") {
		os.Exit(dism(filepath.Join(filepath.Dir(program), "wbem", "WMIC.exe"), strings.Join(os.Args[1:], " ")))
	}
	os.Exit(m.Run())
}

func dism(file, line string) int {
	_, err := os.Stat(file)
	state := "Installed"
	if err != nil {
		state = "Not Present"
	}
	switch {
	case !strings.HasPrefix(line, "/English /Online /") || !strings.Contains(line, "/CapabilityName:WMIC~~~~"):
		fmt.Print("\r\nError: 87\r\n\r\nThe option is unknown.\r\n")
		return 87
	case strings.Contains(line, "/Get-CapabilityInfo"):
		fmt.Printf("\r\nCapability Identity : WMIC~~~~\r\nState : %s\r\n", state)
		return 0
	case strings.Contains(line, "/Remove-Capability"):
		err = os.Remove(file)
	default:
		if server, err := (Machine{}).UpdateServer(); err == nil && server != nil && *server != 0 && !strings.Contains(line, "/LimitAccess") {
			fmt.Print("\r\nError: 0x800f0954\r\n\r\nDISM failed. No operation was performed.\r\n")
			return -0x7ff0f6ac // the same 32 bits
		}
		err = os.WriteFile(file, []byte("MZ"), 0o600)
	}
	if err != nil {
		fmt.Printf("\r\nError: 5\r\n\r\n%v\r\n", err)
		return 5
	}
	return 0
}

// bench puts the test in the place of DISM and takes WMIC away, and puts both
// back at the end.
func bench(t *testing.T) {
	t.Helper()
	if os.Getenv("RELEVE_BENCH") != "wine" {
		t.Skip("it puts itself in the place of DISM, which needs the bench under Wine")
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dism.exe", filepath.Join("wbem", "WMIC.exe")} {
		path := filepath.Join(system, name)
		if err := os.Rename(path, path+".kept"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = os.Remove(path)
			if err := os.Rename(path+".kept", path); err != nil {
				t.Error(err)
			}
		})
	}
	copyFile(t, self, filepath.Join(system, "dism.exe"))
	// Wine prefers a DISM of its own to any file of that name.
	key, _, err := registry.CreateKey(registry.CURRENT_USER, `Software\Wine\DllOverrides`, registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(key.DeleteValue("dism.exe"), key.Close()) })
	if err := key.SetStringValue("dism.exe", "native"); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func policy(t *testing.T, value uint32) {
	t.Helper()
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, policyKey, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	if err := key.SetDWordValue(policyValue, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := registry.DeleteKey(registry.LOCAL_MACHINE, policyKey); err != nil {
			t.Error(err)
		}
	})
}

func TestMachine(t *testing.T) {
	bench(t)
	b := New(Machine{})
	change := func(to string, params map[string]string) error {
		j := job(to, params)
		u, err := b.Prepare(t.Context(), j)
		if err == nil {
			_, err = b.Apply(t.Context(), j, u)
		}
		if err == nil {
			err = b.Settle(t.Context(), j, u, true)
		}
		return err
	}
	see := func(want string) {
		t.Helper()
		if s, err := b.Inspect(t.Context(), backend.Subject{Name: WMIC}); err != nil || s.Version != want {
			t.Fatalf("version %q, %v; want %q", s.Version, err, want)
		}
	}
	see("")
	for _, to := range []string{Installed, ""} {
		if err := change(to, nil); err != nil {
			t.Fatal(err)
		}
		see(to)
	}
	policy(t, 1)
	var e *Error
	if err := change(Installed, nil); !errors.As(err, &e) || e.Code() != CodeUpdateServer {
		t.Fatalf("error is %v, want %s", err, CodeUpdateServer)
	}
	see("")
	if err := change(Installed, map[string]string{BypassWSUS: Yes}); err != nil {
		t.Fatal(err)
	}
	see(Installed)
	if server, err := (Machine{}).UpdateServer(); err != nil || server == nil || *server != 1 {
		t.Errorf("the policy is %v, %v; want 1", server, err)
	}
	if err := change("", nil); err != nil {
		t.Fatal(err)
	}
	if err := change(Installed, map[string]string{Source: `C:\FoD de test`}); err != nil {
		t.Fatal(err)
	}
	see(Installed)
}
