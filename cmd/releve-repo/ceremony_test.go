//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shellBlocks gives what a document says one can type, between its markers.
func shellBlocks(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "<!-- ceremony: begin -->")
	text, _, closed := strings.Cut(rest, "<!-- ceremony: end -->")
	if !found || !closed {
		t.Fatalf("%s has no part between the markers \"ceremony\"", file)
	}
	var all strings.Builder
	for {
		_, after, found := strings.Cut(text, "```sh\n")
		if !found {
			return all.String()
		}
		block, rest, closed := strings.Cut(after, "```")
		if !closed {
			t.Fatalf("%s: a block is not closed", file)
		}
		all.WriteString(block)
		text = rest
	}
}

// TestCeremonyGuide types every command of docs/ceremony.md, in the place of
// holders who agree each time they are asked.
func TestCeremonyGuide(t *testing.T) {
	t.Parallel()
	commands := shellBlocks(t, "../../docs/ceremony.md")
	if french := shellBlocks(t, "../../docs/ceremony.fr.md"); french != commands {
		t.Errorf("docs/ceremony.fr.md has other commands than docs/ceremony.md:\n%s", french)
	}
	dir, bin, real := t.TempDir(), t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(real, "releve-repo")); err != nil {
		t.Fatal(err)
	}
	agreeing := fmt.Sprintf("#!/bin/sh\ncase \"$2\" in sign) set -- \"$@\" --yes;; esac\nexec %q \"$@\"\n",
		filepath.Join(real, "releve-repo"))
	if err := os.WriteFile(filepath.Join(bin, "releve-repo"), []byte(agreeing), 0o700); err != nil {
		t.Fatal(err)
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", commands)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LANG=en_GB.UTF-8", "LC_ALL=",
		"RELEVE_REPO_PASSWORD=a password of the tests", "RELEVE_REPO_KEYS=")
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of docs/ceremony.md: %v\n%s", err, out)
	}
	for _, want := range []string{
		"root: 2 of 3 keys must sign", "targets waits: 0 of 2 signatures", "publisher ans is added",
		"release cryptolib-cps 5.1.8 macos is added", "root: key root-lyon is removed", "timestamp: key timestamp-2 is added",
		"ans waits: 0 of 2 signatures, not signed: ans-1, ans-2, ans-4", "root         version 4", "repo is good",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands of docs/ceremony.md do not print %q:\n%s", want, out)
		}
	}
}
