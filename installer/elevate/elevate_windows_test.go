package elevate

import (
	"debug/pe"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// TestMain lets the test run itself as the program that is started again.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "again" {
		if err := os.WriteFile(os.Args[2], []byte(strings.Join(os.Args[3:], "\n")), 0o600); err != nil {
			os.Exit(1)
		}
		os.Exit(42)
	}
	CutSearch()
	os.Exit(m.Run())
}

func TestRelaunchHandsOnArgumentsAndStatus(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("asks for an administrator: runs in the bench")
	}
	file := t.TempDir() + `\again.txt`
	args := []string{"a b", `c"d`, `e\`, `f \`, "", "été", "--repo=Z:\\x y\\"}
	status, err := Relaunch(append([]string{"again", file}, args...))
	if err != nil || status != 42 {
		t.Fatalf("got status %d, %v, want 42", status, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(string(data), "\n"); !reflect.DeepEqual(got, args) {
		t.Errorf("got %q, want %q", got, args)
	}
}

// TestSearchIsCut looks for a library that lies in the working directory.
func TestSearchIsCut(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("PATH", dir+";"+os.Getenv("PATH"))
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(system + `\version.dll`)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("planted.dll", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if h, err := windows.LoadLibrary("planted.dll"); err == nil {
		t.Errorf("a planted library was loaded: handle %v", h)
	} else if !errors.Is(err, windows.ERROR_MOD_NOT_FOUND) {
		t.Errorf("got %v", err)
	}
	if h, err := windows.LoadLibrary(dir + `\planted.dll`); err != nil {
		t.Errorf("the library cannot be loaded at all, so the test proves nothing: %v", err)
	} else if err := windows.FreeLibrary(h); err != nil {
		t.Error(err)
	}
}

func TestHeld(t *testing.T) {
	r := Held()
	if r.Service && !r.Administrator {
		t.Errorf("got %+v", r)
	}
	if os.Getenv("RELEVE_BENCH") != "" && !r.Administrator {
		t.Errorf("got %+v, want an administrator", r)
	}
}

// TestProgramsLoadNothingBeforeTheSearchIsCut looks at what our programs have
// Windows load before their first line runs: kernel32.dll, which is never
// looked for beside a program. Everything else is loaded after CutSearch.
func TestProgramsLoadNothingBeforeTheSearchIsCut(t *testing.T) {
	dir := os.Getenv("RELEVE_BENCH_PROGRAMS")
	if dir == "" {
		t.Skip("looks at the programs of the bench")
	}
	for _, name := range []string{"releve.exe", "wmic.exe"} {
		f, err := pe.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := f.ImportedSymbols()
		if err := errors.Join(err, f.Close()); err != nil || len(symbols) == 0 {
			t.Fatalf("%s: %d symbols, %v", name, len(symbols), err)
		}
		for _, s := range symbols {
			if _, library, _ := strings.Cut(s, ":"); !strings.EqualFold(library, "kernel32.dll") {
				t.Errorf("%s has Windows load %q", name, s)
			}
		}
	}
}
