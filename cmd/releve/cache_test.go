package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/trust"
)

// A folder in the place of a cached file, and one in the place of what was
// set aside before, stand in nobody's way.
func TestWhatIsInTheWayOfTheCacheIsSetAside(t *testing.T) {
	dir := t.TempDir()
	state, err := durable.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	c := metadataCache{state}
	const name = "trusted.json"
	for range 2 {
		if err := os.MkdirAll(filepath.Join(dir, "metadata", name, "in-it"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load(name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("load: got %v, want that something is in the way", err)
		}
		if err := c.SetAside(name); err != nil {
			t.Fatal(err)
		}
		if err := c.Store(name, []byte("content")); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Load(name); err != nil || string(got) != "content" {
			t.Errorf("load: got %q, %v", got, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "metadata", trust.DamagedPrefix+name, "in-it")); err != nil {
			t.Errorf("what was in the way: %v", err)
		}
		if err := os.Remove(filepath.Join(dir, "metadata", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetAside(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing to set aside: got %v", err)
	}
}
