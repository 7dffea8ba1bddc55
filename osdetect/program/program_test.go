package program

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
)

// TestMain lets the test run itself as the program that is started.
func TestMain(m *testing.M) {
	switch os.Getenv("PROGRAM_TEST") {
	case "say":
		fmt.Print(strings.Join(os.Args[1:], "|"), " ", os.Getenv("PROGRAM_OTHER"))
		os.Exit(7)
	case "much":
		fmt.Print(strings.Repeat("x", MaxOutput+1))
		os.Exit(0)
	case "stay":
		time.Sleep(time.Hour)
	case "starter", "starter-of-what-stays":
		c := Command{Path: self(), Args: os.Args[1:], Env: []string{"PROGRAM_TEST=stay"}, Limit: time.Hour}
		c.Family = os.Getenv("PROGRAM_TEST") == "starter"
		c.NoEnd = !c.Family
		_, err := Run(context.Background(), c)
		fmt.Print(err)
		os.Exit(1)
	case "child": // leaves a child behind, which writes a file when it ends
		cmd := exec.CommandContext(context.Background(), self(), os.Args[1:]...)
		cmd.Env = []string{"PROGRAM_TEST=late", "SystemRoot=" + os.Getenv("SystemRoot")}
		fmt.Print(cmd.Start())
		os.Exit(0)
	case "late":
		time.Sleep(300 * time.Millisecond)
		if err := os.WriteFile(os.Args[1], []byte("late"), 0o600); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		return "" // which is not absolute, and refused
	}
	return path
}

func TestRun(t *testing.T) {
	t.Setenv("PROGRAM_OTHER", "seen")
	got, err := Run(t.Context(), Command{Path: self(), Args: []string{"a b", "c\"d", ""}, Env: []string{"PROGRAM_TEST=say"}, Limit: time.Minute})
	if err != nil || got.Code != 7 || string(got.Output) != "a b|c\"d| " || got.Cut {
		t.Errorf("got %+v with output %q, %v; want code 7 and nothing of this environment", got, got.Output, err)
	}
}

func TestOutputHasALimit(t *testing.T) {
	got, err := Run(t.Context(), Command{Path: self(), Env: []string{"PROGRAM_TEST=much"}, Limit: time.Minute})
	if err != nil || len(got.Output) != MaxOutput || !got.Cut {
		t.Errorf("kept %d bytes, cut %v, %v", len(got.Output), got.Cut, err)
	}
}

func TestProgramThatStaysIsEnded(t *testing.T) {
	_, err := Run(t.Context(), Command{Path: self(), Env: []string{"PROGRAM_TEST=stay"}, Limit: 300 * time.Millisecond})
	if !errors.Is(err, ErrTime) {
		t.Errorf("error is %v, want that the time is over", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := Run(ctx, Command{Path: self(), Env: []string{"PROGRAM_TEST=stay"}, Limit: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
}

func TestFamilyIsWaitedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "late")
	c := Command{Path: self(), Args: []string{file}, Env: []string{"PROGRAM_TEST=child"}, Limit: time.Minute, Family: true}
	got, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("what the program left running was not waited for: %v; it said %q", err, got.Output)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	for name, path := range map[string]string{
		"program":           self() + ".not",
		"program-no-folder": filepath.Join(t.TempDir(), "not", "uninstall.exe"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Run(t.Context(), Command{Path: path, Limit: time.Minute}); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v, want %v", err, fs.ErrNotExist)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]Command{
		"name-alone":    {Path: "msiexec", Limit: time.Second},
		"no-time-limit": {Path: self()},
		"script":        {Path: filepath.Join(t.TempDir(), "setup.CMD"), Limit: time.Second},
		"not-there":     {Path: self() + ".not", Limit: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Run(t.Context(), c); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := System("../nothing").Path(); err == nil {
		t.Error("a program that is not there has a path")
	}
}
