//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeByHand types what README.md says one can type, in a copy of the
// checkout.
func TestReadmeByHand(t *testing.T) {
	const root = "../.."
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "<!-- by hand: begin -->\n```sh\n")
	block, _, closed := strings.Cut(rest, "```\n<!-- by hand: end -->")
	if !found || !closed {
		t.Fatal("README.md has no block between the markers \"by hand\"")
	}
	dir := t.TempDir()
	copySources(t, root, dir)
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", block)
	sh.Dir = dir
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of README.md: %v\n%s", err, out)
	}
	for _, want := range []string{"status 3", "status 10", "10.14.6", "cryptolib-cps 5.1.5 is in place"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands of README.md do not print %q:\n%s", want, out)
		}
	}
}

// copySources copies what building needs, and nothing that a run left behind.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if strings.HasPrefix(e.Name(), ".git") || e.Name() == "by-hand" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
