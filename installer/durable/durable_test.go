package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustLink is must for making a symbolic link, which not every disk has: under
// Wine there are none.
func mustLink(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("no symbolic links here: %v", err)
	}
	must(t, err)
}

// losses are the power cuts that a careful program survives.
func losses() map[string]durabletest.Loss {
	all := map[string]durabletest.Loss{
		"keep-all": durabletest.KeepAll(), "lose-all": durabletest.LoseAll(), "killed": durabletest.Killed(),
	}
	for seed := range uint64(40) {
		all["seed-"+string(rune('A'+seed))] = durabletest.LoseSome(seed)
	}
	return all
}

// everyCut runs do on copies of d, cut before and after each of its
// operations, and hands every disk that a restart may find to check.
func everyCut(t *testing.T, d *durabletest.Disk, do func(durable.Dir) error, check func(where string, d *durabletest.Disk)) {
	t.Helper()
	whole := d.Clone()
	must(t, do(whole))
	for n := 1; n <= whole.Ops(); n++ {
		for where, cut := range map[string]func(*durabletest.Disk){
			"before": func(d *durabletest.Disk) { d.CutBefore(n) },
			"after":  func(d *durabletest.Disk) { d.CutAfter(n) },
		} {
			run := d.Clone()
			cut(run)
			if err := do(run); !errors.Is(err, durabletest.ErrPower) {
				t.Fatalf("cut %s %s: got %v", where, whole.Op(n), err)
			}
			for name, loss := range losses() {
				check(where+" "+whole.Op(n)+" "+name, run.Restart(loss))
			}
		}
	}
}

func TestWriteFileIsOldOrNewAtEveryCut(t *testing.T) {
	d := durabletest.NewDisk()
	must(t, durable.WriteFile(d, "f", []byte("old"), 0o600))
	write := func(d durable.Dir) error { return durable.WriteFile(d, "f", []byte("newer"), 0o600) }
	points := 0
	everyCut(t, d, write, func(where string, d *durabletest.Disk) {
		points++
		if got := d.Snapshot()["f"]; got != "old" && got != "newer" {
			t.Errorf("%s: got %q", where, got)
		}
		// What is left must not be in the way of the next write, which must last.
		if err := write(d); err != nil {
			t.Errorf("%s: write again: %v", where, err)
		}
		if got := d.Restart(durabletest.LoseAll()).Snapshot(); got["f"] != "newer" || len(got) != 1 {
			t.Errorf("%s: after writing again: %q", where, got)
		}
	})
	t.Logf("%d power cuts", points)
}

func TestEnsureDirLastsAlsoAfterAKill(t *testing.T) {
	ensure := func(d durable.Dir) error { return durable.EnsureDir(d, "a/b") }
	everyCut(t, durabletest.NewDisk(), ensure, func(where string, d *durabletest.Disk) {
		must(t, ensure(d))
		got := d.Restart(durabletest.LoseAll()).Snapshot()
		if _, ok := got["a/b/"]; !ok {
			t.Errorf("%s: got %q", where, got)
		}
	})
}

func TestReadFileHasALimit(t *testing.T) {
	d := durabletest.NewDisk()
	must(t, durable.WriteFile(d, "f", []byte("12345"), 0o600))
	if got, err := durable.ReadFile(d, "f", 5); string(got) != "12345" || err != nil {
		t.Errorf("at the limit: got %q, %v", got, err)
	}
	var large *durable.TooLargeError
	if _, err := durable.ReadFile(d, "f", 4); !errors.As(err, &large) || large.Limit != 4 {
		t.Errorf("over the limit: got %v", err)
	}
	if _, err := durable.ReadFile(d, "g", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"current", "history/20260102-x.journal", "a_b~c+1.0", "com10", "comet", strings.Repeat("a", 100)} {
		if err := durable.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	bad := []string{
		"", ".", "..", "a/../b", "/a", "a/", "a//b", `a\b`, "a:b", "a b", "a.", "é", "a\x00", "nul", "NUL.txt", "a/Com1",
		"lpt9.tar.gz", "conin$", strings.Repeat("a", 101),
	}
	for _, name := range bad {
		if err := durable.CheckName(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	for _, element := range []string{"COM¹", "con .txt", "Prn", "aux.a.b"} {
		if !durable.Reserved(element) {
			t.Errorf("%q is not taken for a device", element)
		}
	}
}

func TestCheckPlain(t *testing.T) {
	if err := durable.CheckPlain("r1-s0", "cryptolib-cps"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "a/b", ".staging", "..", "a b", "nul"} {
		if err := durable.CheckPlain("r1-s0", name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestRootKeepsNamesInside(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "canary"), []byte("alive"), 0o600))
	r := open(t)
	mustLink(t, r.Symlink("../"+filepath.Base(outside), "up"))
	must(t, os.Symlink(outside, r.Path("abs")))
	for _, name := range []string{"up/canary", "abs/canary", "../" + filepath.Base(outside) + "/canary", outside + "/canary", "a:b", `a\b`, ""} {
		if f, err := r.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
			t.Errorf("opened %q: %v", name, f.Close())
		}
		if err := r.Remove(name); err == nil {
			t.Errorf("removed %q", name)
		}
	}
	must(t, r.RemoveAll("abs"))
	if got, err := os.ReadFile(filepath.Join(outside, "canary")); string(got) != "alive" {
		t.Errorf("the file outside holds %q, %v", got, err)
	}
}

func TestRootSyncs(t *testing.T) {
	r := open(t)
	must(t, durable.EnsureDir(r, "a/b"))
	must(t, durable.WriteFile(r, "a/b/f", []byte("1"), 0o644))
	mustLink(t, r.Symlink("f", "a/b/link"))
	must(t, r.SyncTree("a"))
	must(t, r.SyncDir("."))
	for _, sync := range []func(string) error{r.SyncDir, r.SyncTree} {
		if err := sync("missing"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("sync of a missing directory: got %v", err)
		}
	}
	f, err := r.OpenFile("a/b/link", os.O_RDONLY, 0)
	must(t, err)
	if got, err := io.ReadAll(f); string(got) != "1" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	must(t, f.Close())
}

func open(t testing.TB) *durable.Root {
	t.Helper()
	r, err := durable.Open(filepath.Join(t.TempDir(), "state"))
	must(t, err)
	t.Cleanup(func() { must(t, r.Close()) })
	return r
}
