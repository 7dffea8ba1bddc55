//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRingsByHand types what docs/rings.md says one can type.
func TestRingsByHand(t *testing.T) {
	data, err := os.ReadFile("../../docs/rings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "<!-- rings: begin -->\n```sh\n")
	block, _, closed := strings.Cut(rest, "```\n<!-- rings: end -->")
	if !found || !closed {
		t.Fatal("docs/rings.md has no block between the markers \"rings\"")
	}
	tools := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tools, ".", "../releve-repo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", block)
	sh.Dir = t.TempDir()
	sh.Env = append(os.Environ(), "PATH="+tools+string(filepath.ListSeparator)+os.Getenv("PATH"))
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of docs/rings.md: %v\n%s", err, out)
	}
	text := string(out)
	for _, want := range []string{ // in this order
		"stable offers galss 3.44.00 to: pilot",
		"among those it is offered to",
		"galss 3.44.00 is in place",
		"held back",
		"stable offers galss 3.44.00 to: pilot | FINESS 2",
		"galss 3.44.00 is in place",
		"status 3",
		"to: pilot | 0.01 % | department 2A | FINESS 2",
		"galss 3.44.00 is in place",
		"stable offers galss 3.44.00 to everybody",
		"withdrew galss 3.44.00 (any)",
		"plan-withdrawn-installed",
		"withdrawn by its",
		"Replace galss 3.44.00 with the older version 3.43.02",
		"galss 3.43.02 is in place",
		"galss (any): 3.43.02 or newer",
	} {
		_, after, found := strings.Cut(text, want)
		if !found {
			t.Fatalf("the commands of docs/rings.md do not print %q, or too early:\n%s", want, out)
		}
		text = after
	}
}
