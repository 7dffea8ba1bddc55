package durabletest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
)

// putFile writes a file without any sync.
func putFile(t testing.TB, d *Disk, name, content string) durable.File {
	t.Helper()
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cuts say what is left of a change when the power fails and everything that
// no sync covered is lost.
var cuts = []struct {
	name string
	do   func(t *testing.T, d *Disk)
	want map[string]string // after LoseAll; the disk holds old="1" before
}{
	{"write-without-sync", func(t *testing.T, d *Disk) {
		putFile(t, d, "old", "2")
	}, map[string]string{"old": "1"}},
	{"write-and-sync", func(t *testing.T, d *Disk) {
		must(t, putFile(t, d, "old", "2").Sync())
	}, map[string]string{"old": "2"}},
	{"create-and-sync-file-only", func(t *testing.T, d *Disk) {
		must(t, putFile(t, d, "new", "2").Sync())
	}, map[string]string{"old": "1"}},
	{"create-and-sync-directory-only", func(t *testing.T, d *Disk) {
		putFile(t, d, "new", "2")
		must(t, d.SyncDir("."))
	}, map[string]string{"old": "1", "new": ""}},
	{"write-sync-rename-without-directory-sync", func(t *testing.T, d *Disk) {
		must(t, putFile(t, d, "temp", "2").Sync())
		must(t, d.Rename("temp", "old"))
	}, map[string]string{"old": "1"}},
	{"rename-and-directory-sync-without-file-sync", func(t *testing.T, d *Disk) {
		putFile(t, d, "temp", "2")
		must(t, d.Rename("temp", "old"))
		must(t, d.SyncDir("."))
	}, map[string]string{"old": ""}},
	{"remove-without-sync", func(t *testing.T, d *Disk) {
		must(t, d.Remove("old"))
	}, map[string]string{"old": "1"}},
	{"remove-and-sync", func(t *testing.T, d *Disk) {
		must(t, d.Remove("old"))
		must(t, d.SyncDir("."))
	}, map[string]string{}},
	{"file-in-directory-nobody-synced", func(t *testing.T, d *Disk) {
		must(t, d.Mkdir("dir", 0o700))
		must(t, putFile(t, d, "dir/new", "2").Sync())
		must(t, d.SyncDir("dir"))
	}, map[string]string{"old": "1"}},
	{"sync-tree-covers-below-but-not-itself", func(t *testing.T, d *Disk) {
		must(t, d.MkdirAll("a/b", 0o700))
		putFile(t, d, "a/b/new", "2")
		must(t, d.SyncTree("a"))
	}, map[string]string{"old": "1"}},
	{"sync-tree-and-its-entry", func(t *testing.T, d *Disk) {
		must(t, d.MkdirAll("a/b", 0o700))
		putFile(t, d, "a/b/new", "2")
		must(t, d.Symlink("b", "a/link"))
		must(t, d.SyncTree("a"))
		must(t, d.SyncDir("."))
	}, map[string]string{"old": "1", "a/": "", "a/b/": "", "a/b/new": "2", "a/link": "-> b"}},
	{"rename-between-directories-is-atomic", func(t *testing.T, d *Disk) {
		must(t, d.Mkdir("dir", 0o700))
		must(t, d.SyncDir("."))
		must(t, d.Rename("old", "dir/moved"))
		must(t, d.SyncDir("."))
	}, map[string]string{"dir/": "", "dir/moved": "1"}},
	{"rename-builds-on-the-creation", func(t *testing.T, d *Disk) {
		must(t, d.Mkdir("dir", 0o700))
		must(t, d.SyncDir("."))
		must(t, putFile(t, d, "new", "2").Sync())
		must(t, d.Rename("new", "dir/new"))
		must(t, d.SyncDir("dir"))
	}, map[string]string{"old": "1", "dir/": "", "dir/new": "2"}},
	{"truncate-without-sync", func(t *testing.T, d *Disk) {
		f, err := d.OpenFile("old", os.O_RDWR, 0)
		must(t, err)
		must(t, f.Truncate(0))
	}, map[string]string{"old": "1"}},
}

// TestWhatSurvivesAPowerCut holds the model itself: what may be lost is lost.
func TestWhatSurvivesAPowerCut(t *testing.T) {
	for _, test := range cuts {
		t.Run(test.name, func(t *testing.T) {
			d := NewDisk()
			must(t, putFile(t, d, "old", "1").Sync())
			must(t, d.SyncDir("."))
			test.do(t, d)
			before := d.Snapshot()
			if got := d.Restart(LoseAll()).Snapshot(); !maps.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := d.Restart(KeepAll()).Restart(LoseAll()).Snapshot(); !maps.Equal(got, before) {
				t.Errorf("kept %q, want %q", got, before)
			}
			if got := d.Restart(Killed()).Snapshot(); !maps.Equal(got, before) {
				t.Errorf("after a kill %q, want %q", got, before)
			}
			if got := d.Restart(Killed()).Restart(LoseAll()).Snapshot(); !maps.Equal(got, test.want) {
				t.Errorf("after a kill and a cut %q, want %q", got, test.want)
			}
		})
	}
}

func TestCuts(t *testing.T) {
	run := func(d *Disk) error { return durable.WriteFile(d, "f", []byte("new"), 0o600) }
	whole := NewDisk()
	must(t, run(whole))
	if got, want := whole.Ops(), 5; got != want { // create, write, sync, rename, sync directory
		t.Fatalf("WriteFile took %d operations, want %d", got, want)
	}
	if got, want := whole.Op(4), "rename f.tmp f"; got != want {
		t.Errorf("operation 4 is %q, want %q", got, want)
	}
	for n := 1; n <= whole.Ops(); n++ {
		d := NewDisk()
		d.CutBefore(n)
		if err := run(d); !errors.Is(err, ErrPower) || d.Ops() != n-1 {
			t.Errorf("cut before %d: got %v after %d operations", n, err, d.Ops())
		}
		d = NewDisk()
		d.CutAfter(n)
		if err := run(d); !errors.Is(err, ErrPower) || d.Ops() != n || !d.Dead() {
			t.Errorf("cut after %d: got %v after %d operations", n, err, d.Ops())
		}
		if _, err := d.Lstat("f"); !errors.Is(err, ErrPower) {
			t.Errorf("after the cut a reading call returned %v", err)
		}
		d = NewDisk()
		d.FailAt(n, syscall.ENOSPC)
		if err := run(d); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("failure at %d: got %v", n, err)
		}
		if err := run(d); err != nil {
			t.Errorf("run after the failure at %d: %v", n, err)
		}
	}
}

func TestLoseSomeIsRandomButRepeatable(t *testing.T) {
	d := NewDisk()
	must(t, putFile(t, d, "log", "one\n").Sync())
	must(t, d.SyncDir("."))
	f, err := d.OpenFile("log", os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.Write([]byte("two\n"))
	must(t, err)
	putFile(t, d, "temp", "x")
	must(t, d.Rename("temp", "name"))
	logs, names := map[string]bool{}, map[string]bool{}
	for seed := range uint64(300) {
		got := d.Restart(LoseSome(seed)).Snapshot()
		if again := d.Restart(LoseSome(seed)).Snapshot(); !maps.Equal(got, again) {
			t.Fatalf("seed %d: %q and %q", seed, got, again)
		}
		logs[got["log"]] = true
		delete(got, "log")
		names[strings.Join(slices.Sorted(maps.Keys(got)), " ")] = true
	}
	if got, want := slices.Sorted(maps.Keys(names)), []string{"", "name", "temp"}; !slices.Equal(got, want) {
		t.Errorf("300 seeds left the names %q, want %q", got, want)
	}
	for _, want := range []string{"one\n", "one\ntwo\n", "one\ntw", "one\n\x00\x00\x00\x00", "one\ntw\x00\x00"} {
		if !logs[want] {
			t.Errorf("300 seeds never left %q; they left %q", want, slices.Sorted(maps.Keys(logs)))
		}
	}
}

func TestClonesAreIndependent(t *testing.T) {
	d := NewDisk()
	f := putFile(t, d, "f", "1")
	twin := d.Clone()
	_, err := f.Write([]byte("2"))
	must(t, err)
	putFile(t, twin, "g", "3")
	if got, want := d.Snapshot(), (map[string]string{"f": "12"}); !maps.Equal(got, want) {
		t.Errorf("original: got %q, want %q", got, want)
	}
	if got, want := twin.Snapshot(), (map[string]string{"f": "1", "g": "3"}); !maps.Equal(got, want) {
		t.Errorf("clone: got %q, want %q", got, want)
	}
}

func TestLinksStayInside(t *testing.T) {
	d := NewDisk()
	must(t, d.MkdirAll("a/b", 0o700))
	putFile(t, d, "a/f", "1")
	for link, target := range map[string]string{"up": "../a/f", "out": "../../f", "abs": "/f", "self": "self"} {
		must(t, d.Symlink(target, "a/"+link))
	}
	if _, err := d.OpenFile("a/up", os.O_RDONLY, 0); err != nil {
		t.Errorf("link inside: %v", err)
	}
	for _, name := range []string{"a/out", "a/abs", "a/self", "../f", "/f", "a//f", `a\f`, "a:f", ""} {
		if _, err := d.OpenFile(name, os.O_RDONLY, 0); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open %q: got %v", name, err)
		}
	}
}

// BenchmarkScenario is one run of a crash matrix: clone, change, cut, restart.
func BenchmarkScenario(b *testing.B) {
	d := NewDisk()
	for _, dir := range []string{"a", "b", "c", "d"} {
		must(b, d.Mkdir(dir, 0o700))
		for _, name := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			putFile(b, d, dir+"/"+name, "content")
		}
	}
	for b.Loop() {
		run := d.Clone()
		run.CutAfter(9)
		err := errors.Join(durable.WriteFile(run, "a/1", []byte("x"), 0o600), durable.WriteFile(run, "b/1", []byte("y"), 0o600))
		if !errors.Is(err, ErrPower) {
			b.Fatal(err)
		}
		run.Restart(LoseSome(1)).Snapshot()
	}
}

// TestFingerprintTellsStatesApart makes one change after another, durable and
// not, and comes back to a state that was there before.
func TestFingerprintTellsStatesApart(t *testing.T) {
	d := NewDisk()
	seen := map[string]string{"empty": d.Fingerprint()}
	steps := []struct {
		name string
		do   func()
		like string // an earlier state that this is again
	}{
		{"created", func() { putFile(t, d, "a", "") }, ""},
		{"written", func() { putFile(t, d, "a", "1") }, ""},
		{"content-durable", func() { must(t, putFile(t, d, "a", "1").Sync()) }, ""},
		{"all-durable", func() { must(t, d.SyncDir(".")) }, ""},
		{"durable-again", func() { must(t, d.SyncTree(".")) }, "all-durable"},
		{"moved", func() { must(t, d.Rename("a", "b")) }, ""},
		{"moved-durably", func() { must(t, d.SyncDir(".")) }, ""},
		{"back", func() { must(t, errors.Join(d.Rename("b", "a"), d.SyncDir("."))) }, "all-durable"},
		{"other-content", func() { putFile(t, d, "a", "2") }, ""},
		{"link", func() { must(t, d.Symlink("a", "l")) }, ""},
	}
	for _, s := range steps {
		s.do()
		got := d.Fingerprint()
		if twin := d.Clone().Fingerprint(); twin != got {
			t.Errorf("%s: a clone has another fingerprint", s.name)
		}
		for name, other := range seen {
			if same := got == other; same != (name == s.like) {
				t.Errorf("%s and %s: same fingerprint is %v", s.name, name, same)
			}
		}
		if s.like == "" {
			seen[s.name] = got
		}
	}
}
