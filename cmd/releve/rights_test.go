package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/elevate"
)

// TestChangesNeedAnAdministrator runs commands with the system's own places
// and without rights for them.
func TestChangesNeedAnAdministrator(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name   string
		args   []string
		status int
	}{
		{"install", []string{"install", "galss"}, exitRights},
		{"recover", []string{"recover"}, exitRights},
		{"silent", []string{"install", "galss", "--silent"}, exitRights},
		{"system-target", []string{"install", "galss", "--state", dir}, exitRights},
		{"places-of-its-own", []string{"recover", "--state", dir, "--target", dir}, exitOK},
		{"wmic", []string{"wmic", "restore"}, exitRights},
		{"taking-back", []string{"wmic", "undo"}, exitRights},
		{"move", []string{"migrate", "pcsc"}, exitRights},
		{"dry-run-that-is-none", []string{"migrate", "pcsc", "--dry-run=false"}, exitRights},
		{"looking", []string{"policy"}, exitOK},
		{"version", []string{"--version"}, exitOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			a := &app{in: strings.NewReader("\n"), out: &out, errOut: &errOut, env: os.Getenv, now: clock()}
			a.rights = &rights{held: func() elevate.Rights { return elevate.Rights{} }, possible: true}
			if got := a.run(t.Context(), append(tt.args, "--lang", "en")); got != tt.status {
				t.Errorf("status %d, want %d: %s%s", got, tt.status, &out, &errOut)
			}
			if tt.status == exitRights && tt.name != "silent" && !strings.Contains(errOut.String(), "administrator") {
				t.Errorf("said %q", &errOut)
			}
		})
	}
}

// TestLookingNeedsNoAdministrator holds that what only looks shows what anybody
// may see.
func TestLookingNeedsNoAdministrator(t *testing.T) {
	for name, args := range map[string][]string{
		"status": {"wmic", "status"}, "restore": {"wmic", "restore", "--dry-run"}, "move": {"migrate", "pcsc", "--dry-run"}, "start": {"start", "galss"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &app{rights: &rights{held: func() elevate.Rights { return elevate.Rights{} }}}
			var cmd *cobra.Command
			root := a.command()
			root.SetArgs(args)
			errStop := errors.New("far enough")
			root.PersistentPreRunE = func(c *cobra.Command, args []string) error {
				cmd = c
				return cmp.Or(a.needAdministrator(c, args), errStop)
			}
			if err := root.ExecuteContext(t.Context()); !errors.Is(err, errStop) || changes(cmd) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestEmptyFolderInstead holds that an empty folder stands for one that is
// closed, and for no damaged one, and goes with the session.
func TestEmptyFolderInstead(t *testing.T) {
	var err error
	s := &session{}
	if s.state, err = s.instead(&cliError{code: CodeNeedRights}); err != nil {
		t.Fatal(err)
	}
	if s.target, err = s.instead(&cliError{code: CodeNeedRights}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.instead(fs.ErrInvalid); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a damaged folder gives %v", err)
	}
	state, target := s.state.Path("."), s.target.Path(".")
	s.close()
	for _, dir := range []string{state, target} {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || state == target {
			t.Errorf("%q stays: %v", dir, err)
		}
	}
}

// TestNobodyWithoutRightsMakesTheStateFolder holds that a folder made by a
// user is never what releve began with.
func TestNobodyWithoutRightsMakesTheStateFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Releve")
	a := &app{rights: &rights{held: func() elevate.Rights { return elevate.Rights{} }}}
	_, err := a.openState(path)
	var c coded
	if !errors.As(err, &c) || c.Code() != CodeNeedRights {
		t.Errorf("got %v, want %s", err, CodeNeedRights)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the folder was made")
	}
}

func TestAgrees(t *testing.T) {
	for answer, want := range map[string]bool{
		"\n": true, "y\n": true, "O\r\n": true, "oui\n": true, "n\n": false, "": false, "what\n": false,
		strings.Repeat("y", 200) + "\n": false,
	} {
		var errOut bytes.Buffer
		a := &app{in: strings.NewReader(answer), errOut: &errOut, env: os.Getenv}
		if err := a.language(); err != nil {
			t.Fatal(err)
		}
		if got := a.agrees(CodeRightsQuestion); got != want || errOut.Len() == 0 {
			t.Errorf("%q: got %v, want %v", fmt.Sprintf("%.10s", answer), got, want)
		}
	}
}
