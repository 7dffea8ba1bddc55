package bundle_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

const writeFlags = os.O_WRONLY | os.O_CREATE | os.O_EXCL

// foreign are files that are not the backend's, in the places where it works.
var foreign = map[string]string{
	"galss.ini":                "[GALSS]\r\nmode=PSS\r\n",
	"sample/notes.txt":         "written by the technician",
	"sample.old/versions/x":    "looks like ours and is not",
	"docs/versions/readme.txt": "left alone",
}

func TestSuite(t *testing.T) {
	for _, pointer := range []bundle.Pointer{bundle.Link, bundle.File} {
		t.Run(string(pointer), func(t *testing.T) {
			onDisk := func(t *testing.T, d *durabletest.Disk) backendtest.Bench { return bench(t, d, pointer) }
			backendtest.Suite{
				New:    func(t *testing.T) backendtest.Bench { return onDisk(t, durabletest.NewDisk()) },
				OnDisk: onDisk,
			}.Run(t)
		})
	}
}

// bench is a machine with foreign files whose whole disk is d.
func bench(t *testing.T, d *durabletest.Disk, pointer bundle.Pointer) backendtest.Bench {
	t.Helper()
	if len(d.Snapshot()) == 0 {
		for name, content := range foreign {
			write(t, d, name, content)
		}
		if err := d.SyncTree("."); err != nil {
			t.Fatal(err)
		}
	}
	return backendtest.Bench{
		Open:    func() backend.Backend { return bundle.New(d, bundle.Options{Pointer: pointer}) },
		Package: func(v string) backend.Package { return backendtest.Archive(v+".tar.gz", backendtest.Files(v)) },
		Tree:    func() map[string]string { return tree(d.Snapshot()) },
		Rest: func() map[string]string {
			rest := d.Snapshot()
			maps.DeleteFunc(rest, func(name, _ string) bool { return ours(name) || strings.HasSuffix(name, "/") })
			return rest
		},
		Leftovers: func() []string { return leftovers(d.Snapshot()) },
	}
}

func write(t *testing.T, d *durabletest.Disk, name, content string) {
	t.Helper()
	if err := d.MkdirAll(path.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := d.OpenFile(name, writeFlags, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func ours(name string) bool {
	return strings.HasPrefix(name, ".releve/") || name == "sample/current" || strings.HasPrefix(name, "sample/versions/")
}

// current returns the directory that the pointer of the sample names.
func current(all map[string]string) (dir string, ok bool) {
	text, ok := all["sample/current"]
	text = strings.TrimSuffix(strings.TrimPrefix(text, "-> "), "\n")
	return "sample/" + text + "/", ok
}

// tree returns the files of the version in use.
func tree(all map[string]string) map[string]string {
	out := map[string]string{}
	dir, ok := current(all)
	for name, content := range all {
		if rest, below := strings.CutPrefix(name, dir); ok && below && rest != "" && !strings.HasSuffix(rest, "/") {
			out[rest] = content
		}
	}
	return out
}

// leftovers names what has no business on a machine at rest: working files, a
// third version, and what lies about without a version in use.
func leftovers(all map[string]string) []string {
	var out []string
	versions := map[string]bool{}
	_, installed := current(all)
	for name := range all {
		if strings.HasPrefix(name, ".releve/") || !installed && ours(name) {
			out = append(out, name)
		}
		if rest, ok := strings.CutPrefix(name, "sample/versions/"); ok && rest != "" {
			id, _, _ := strings.Cut(rest, "/")
			versions[id] = true
		}
	}
	if len(versions) > 2 {
		out = append(out, "more than two versions")
	}
	return out
}

func TestForeignPointerIsRefused(t *testing.T) {
	tests := []struct {
		name string
		put  func(t *testing.T, d *durabletest.Disk)
	}{
		{"text", func(t *testing.T, d *durabletest.Disk) { write(t, d, "sample/current", "somewhere\n") }},
		{"directory", func(t *testing.T, d *durabletest.Disk) { write(t, d, "sample/current/file", "x") }},
		{"link-elsewhere", func(t *testing.T, d *durabletest.Disk) {
			write(t, d, "sample/a", "x")
			if err := d.Symlink("a", "sample/current"); err != nil {
				t.Fatal(err)
			}
		}},
		{"link-that-climbs", func(t *testing.T, d *durabletest.Disk) {
			write(t, d, "sample/a", "x")
			if err := d.Symlink("versions/../../etc/tree", "sample/current"); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := durabletest.NewDisk()
			tt.put(t, d)
			before := d.Snapshot()
			b := bundle.New(d, bundle.Options{})
			if _, err := b.Inspect(t.Context(), backend.Subject{Name: "sample"}); err == nil {
				t.Error("inspect accepts a pointer that is not ours")
			}
			j := backend.Job{ID: "job-1", Action: backend.Uninstall, Component: "sample", Progress: func(int64, int64) {}}
			if _, err := b.Prepare(t.Context(), j); err == nil {
				t.Error("prepare accepts a pointer that is not ours")
			}
			if after := d.Snapshot(); !maps.Equal(before, after) {
				t.Errorf("machine\n got %v\nwant %v", after, before)
			}
		})
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	b := bundle.New(durabletest.NewDisk(), bundle.Options{})
	for _, name := range []string{"", ".", "..", "a/b", "../a", ".releve", "nul", "a b", "a\\b", "c:"} {
		if _, err := b.Inspect(t.Context(), backend.Subject{Name: name}); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("inspect %q: got %v, want fs.ErrInvalid", name, err)
		}
	}
}

func TestFailedPreparationLeavesNothing(t *testing.T) {
	d := durabletest.NewDisk()
	b := bundle.New(d, bundle.Options{})
	j := backend.Job{
		ID: "job-1", Action: backend.Install, Component: "sample", To: "1.0",
		New:      backendtest.Broken("broken.tar.gz"),
		Release:  manifest.Release{Version: "1.0"},
		Progress: func(int64, int64) {},
	}
	if _, err := b.Prepare(t.Context(), j); err == nil {
		t.Fatal("prepare accepts a broken archive")
	}
	if all := d.Snapshot(); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
}
