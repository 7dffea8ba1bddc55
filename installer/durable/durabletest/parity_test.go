package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"runtime"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
)

// TestDiskDoesWhatRootDoes gives the same random calls to a real directory
// and to a Disk: both must agree on success, on the kind of error and on what
// is there in the end.
func TestDiskDoesWhatRootDoes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	for seed := range uint64(200) {
		real, err := durable.Open(t.TempDir())
		must(t, err)
		disk := NewDisk()
		random := rand.New(rand.NewPCG(seed, 0))
		for range 120 {
			call, name := randomCall(random)
			wantErr, gotErr := call(real), call(disk)
			if kind(wantErr) != kind(gotErr) {
				t.Errorf("seed %d: %s: disk says %v, root says %v", seed, name, gotErr, wantErr)
			}
		}
		want, got := map[string]string{}, map[string]string{}
		must(t, list(real, ".", want))
		must(t, list(disk, ".", got))
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d: disk holds %q, root holds %q", seed, got, want)
		}
		must(t, real.Close())
	}
}

// kind is what callers may tell apart about an error.
func kind(err error) string {
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	case errors.Is(err, fs.ErrExist):
		return "exists"
	}
	return "other"
}

func randomCall(r *rand.Rand) (call func(durable.Dir) error, name string) {
	names := []string{"a", "b", "a/c", "a/b", "b/c", "a/b/c", "l", "l/c", "."}
	x, y := names[r.IntN(len(names))], names[r.IntN(len(names))]
	content := []byte(fmt.Sprint(r.IntN(1000)))
	targets := []string{"a", "b", "../a", "c", "missing", "..", "../.."}
	target := targets[r.IntN(len(targets))]
	flag := []int{os.O_TRUNC, os.O_APPEND, os.O_EXCL}[r.IntN(3)] | os.O_WRONLY | os.O_CREATE
	switch r.IntN(12) {
	case 0, 1, 2:
		return func(d durable.Dir) error { return write(d, x, flag, content) }, "write " + x
	case 3:
		return func(d durable.Dir) error { return d.Mkdir(x, 0o700) }, "mkdir " + x
	case 4:
		return func(d durable.Dir) error { return mkdirAll(d, x) }, "mkdirall " + x
	case 5, 6:
		return func(d durable.Dir) error { return d.Rename(x, y) }, "rename " + x + " " + y
	case 7:
		return func(d durable.Dir) error { return d.Remove(x) }, "remove " + x
	case 8:
		return func(d durable.Dir) error { return d.Symlink(target, x) }, "symlink " + target + " " + x
	case 9:
		return func(d durable.Dir) error { return d.SyncDir(x) }, "syncdir " + x
	case 10:
		return func(d durable.Dir) error { return d.SyncTree(x) }, "synctree " + x
	}
	if x == "." || r.IntN(4) > 0 {
		return func(d durable.Dir) error { _, err := d.ReadDir(x); return err }, "readdir " + x
	}
	return func(d durable.Dir) error { return d.RemoveAll(x) }, "removeall " + x
}

// mkdirAll leaves out links on the way: os.Root creates what a dangling one
// leads to, and Disk says that it does not.
func mkdirAll(d durable.Dir, name string) error {
	for at := path.Dir(name); at != "."; at = path.Dir(at) {
		if info, err := d.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
	}
	return d.MkdirAll(name, 0o700)
}

func write(d durable.Dir, name string, flag int, content []byte) error {
	f, err := d.OpenFile(name, flag, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

func list(d durable.Dir, dir string, all map[string]string) error {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir():
			all[name+"/"] = ""
			err = list(d, name, all)
		case e.Type()&fs.ModeSymlink != 0:
			all[name], err = d.Readlink(name)
		default:
			var data []byte
			data, err = durable.ReadFile(d, name, 1<<20)
			all[name] = string(data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
