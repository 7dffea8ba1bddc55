//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// offlineCommands gives what a document says one can type, between its
// markers.
func offlineCommands(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "<!-- offline: begin -->")
	part, _, closed := strings.Cut(rest, "<!-- offline: end -->")
	if !found || !closed {
		t.Fatalf("%s has no part between the markers \"offline\"", file)
	}
	var all strings.Builder
	for _, after := range strings.Split(part, "```sh\n")[1:] {
		block, _, closed := strings.Cut(after, "```")
		if !closed {
			t.Fatalf("%s: a block is not closed", file)
		}
		all.WriteString(block)
	}
	return all.String()
}

// TestOfflineByHand types what docs/offline.md says one can type.
func TestOfflineByHand(t *testing.T) {
	commands := offlineCommands(t, "../../docs/offline.md")
	if french := offlineCommands(t, "../../docs/offline.fr.md"); french != commands {
		t.Errorf("docs/offline.fr.md has other commands than docs/offline.md:\n%s", french)
	}
	tools := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tools, ".", "../releve-repo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", commands)
	sh.Dir = t.TempDir()
	sh.Env = append(os.Environ(), "PATH="+tools+string(filepath.ListSeparator)+os.Getenv("PATH"), "LANG=en_GB.UTF-8", "LC_ALL=")
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of docs/offline.md: %v\n%s", err, out)
	}
	text := string(out)
	for _, want := range []string{ // in this order
		"package: galss 3.43.02 (windows)",
		"made the bundle stick.zip",
		"workstations take it until",
		"stick.zip is good",
		"galss 3.43.02 is in place",
		"galss",
		"made the bundle usb/",
		"made the bundle usb/",
		"for windows, stable only",
		"status 5",
		"new: 4 files",
		"new: 0 files, 0 bytes",
		"mirror is good",
	} {
		_, after, found := strings.Cut(text, want)
		if !found {
			t.Fatalf("the commands of docs/offline.md do not print %q, or too early:\n%s", want, out)
		}
		text = after
	}
}
