package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/durable"
)

func TestMachineSettings(t *testing.T) {
	target, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	elsewhere := filepath.Join(t.TempDir(), "galss.ini")
	for path, content := range map[string]string{elsewhere: "of the machine", target.Path("galss.ini"): "of the target"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &machineSettings{Root: target, volumes: map[string]*durable.Root{}}
	absolute := installer.SettingsRoot + "/" + strings.Trim(strings.Replace(filepath.ToSlash(elsewhere), ":", "", 1), "/")
	for name, want := range map[string]string{"galss.ini": "of the target", absolute: "of the machine"} {
		got, err := durable.ReadFile(m, name, 100)
		if err != nil || string(got) != want {
			t.Errorf("reading %q: got %q, %v, want %q", name, got, err, want)
		}
	}
	if err := durable.Replace(m, absolute, []byte("put back"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.SyncDir(absolute[:strings.LastIndex(absolute, "/")]); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(elsewhere); err != nil || string(got) != "put back" {
		t.Errorf("the file of the machine holds %q, %v", got, err)
	}
	if err := m.Rename(absolute, "galss.ini"); err == nil {
		t.Error("a file moved from one volume to another")
	}
}

func TestCommandLineHidesPasswords(t *testing.T) {
	a := &app{args: []string{"--repo", "https://somebody:secret@example.org/repo/x", "--repo=http://u:p@h", "install", "galss@3.43"}}
	want := "--repo https://***@example.org/repo/x --repo=http://***@h/ install galss@3.43"
	if got := a.commandLine(); got != want {
		t.Errorf("commandLine()\n got %q\nwant %q", got, want)
	}
}
