package quiesce

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRestartManager asks who holds the file that this program was started
// from. Wine's Restart Manager answers, and names nobody.
func TestRestartManager(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	holders, err := Machine{}.Holders([]string{self})
	if err != nil {
		t.Fatal(err)
	}
	me := func(h Holder) bool { return h.PID == uint32(os.Getpid()) }
	if os.Getenv("RELEVE_BENCH") != "wine" && !slices.ContainsFunc(holders, me) {
		t.Errorf("%q is held by %v, want this process among them", self, holders)
	}
}

func TestResolve(t *testing.T) {
	for path, want := range map[string]bool{
		`%SystemRoot%\cptabw64.dll`:                     true,
		`%ProgramFiles%\santesocial\galss\galsvw64.exe`: false,
	} {
		got, shared := Machine{}.Resolve(path)
		if !filepath.IsAbs(got) || strings.Contains(got, "%") || shared != want {
			t.Errorf("%q is %q, shared %v; want shared %v", path, got, shared, want)
		}
	}
	t.Setenv("ProgramFiles", `C:\elsewhere`)
	if got, _ := (Machine{}).Resolve(`%ProgramFiles%\galss\galsvw64.exe`); strings.HasPrefix(got, `C:\elsewhere`) {
		t.Errorf("the environment leads to %q", got)
	}
	if got, _ := (Machine{}).Resolve(`galss\galsvw64.exe`); got != "" {
		t.Errorf("a relative path became %q", got)
	}
}
