package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

func TestFetchThenOpen(t *testing.T) {
	s := &server{data: content(1_000_003, 1)}
	a := artifact(s.data)
	d := durabletest.NewDisk()
	st := start(t, s, d)
	if st.Has(a) {
		t.Error("has what was never fetched")
	}
	if _, err := st.Package(a); code(err) != store.CodeMissing {
		t.Errorf("package before the fetch: %v", err)
	}
	var steps []int64
	must(t, st.Fetch(t.Context(), a, store.Watch{Progress: func(done, total int64) {
		if total != a.Length {
			t.Errorf("total is %d", total)
		}
		steps = append(steps, done)
	}}))
	if !slices.IsSorted(steps) || steps[0] != 0 || steps[len(steps)-1] != a.Length {
		t.Errorf("progress went %v", steps)
	}
	d = d.Restart(durabletest.LoseAll())
	st = start(t, s, d)
	checkHeld(t, st, s.data)
	must(t, st.Fetch(t.Context(), a, quiet))
	if got := s.asked.Load(); got != 1 {
		t.Errorf("%d requests for one package", got)
	}
	if got := slices.Sorted(maps.Keys(d.Snapshot())); !slices.Equal(got, []string{"store/", "store/" + a.SHA256}) {
		t.Errorf("the disk holds %q", got)
	}
}

func TestAnEmptyPackageNeedsNoServer(t *testing.T) {
	st := store.New(store.Config{Dir: durabletest.NewDisk()})
	must(t, st.Fetch(t.Context(), artifact(nil), quiet))
	checkHeld(t, st, nil)
}

func TestWithoutARepository(t *testing.T) {
	st := store.New(store.Config{Dir: durabletest.NewDisk()})
	if err := st.Fetch(t.Context(), artifact([]byte("x")), quiet); code(err) != store.CodeUnreachable {
		t.Errorf("got %v", err)
	}
}

func TestOpenFindsWhatChangedOnDisk(t *testing.T) {
	for name, change := range map[string]func(data []byte) []byte{
		"one-bit": func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"zeros":   func(data []byte) []byte { clear(data); return data },
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{data: content(300_000, 2)}
			a := artifact(s.data)
			d, st, err := fetch(t, s)
			must(t, err)
			p, err := st.Package(a)
			must(t, err)
			must(t, durable.WriteFile(d, "store/"+a.SHA256, change(slices.Clone(s.data)), 0o600))
			if _, err := p.Open(); code(err) != store.CodeDamaged {
				t.Fatalf("got %v", err)
			}
			must(t, st.Fetch(t.Context(), a, quiet))
			checkHeld(t, st, s.data)
		})
	}
}

func TestSomethingElseInThePlaceOfAPackage(t *testing.T) {
	s := &server{data: content(1000, 3)}
	name := "store/" + artifact(s.data).SHA256
	for what, plant := range map[string]func(d *durabletest.Disk) error{
		"shorter":        func(d *durabletest.Disk) error { return durable.WriteFile(d, name, []byte("x"), 0o600) },
		"directory":      func(d *durabletest.Disk) error { return d.MkdirAll(name+"/below", 0o700) },
		"link":           func(d *durabletest.Disk) error { return d.Symlink("../canary", name) },
		"part-link":      func(d *durabletest.Disk) error { return d.Symlink("../canary", name+".part") },
		"part-directory": func(d *durabletest.Disk) error { return d.MkdirAll(name+".part/below", 0o700) },
		"part-too-long":  func(d *durabletest.Disk) error { return durable.WriteFile(d, name+".part", make([]byte, 2000), 0o600) },
		"part-wrong":     func(d *durabletest.Disk) error { return durable.WriteFile(d, name+".part", make([]byte, 500), 0o600) },
		"part-complete-but-wrong": func(d *durabletest.Disk) error {
			return durable.WriteFile(d, name+".part", make([]byte, 1000), 0o600)
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := durabletest.NewDisk()
			must(t, durable.WriteFile(d, "canary", []byte("alive"), 0o600))
			must(t, d.Mkdir("store", 0o700))
			must(t, plant(d))
			st := start(t, s, d)
			must(t, st.Fetch(t.Context(), artifact(s.data), quiet))
			checkHeld(t, st, s.data)
			if got := d.Snapshot()["canary"]; got != "alive" {
				t.Errorf("the file elsewhere holds %q", got)
			}
		})
	}
}

func TestOnlyArtifactsOfManifests(t *testing.T) {
	st := store.New(store.Config{Dir: durabletest.NewDisk()})
	good := artifact([]byte("x"))
	for name, change := range map[string]func(a *manifest.Artifact){
		"no-digest":      func(a *manifest.Artifact) { a.SHA256 = "" },
		"digest-is-path": func(a *manifest.Artifact) { a.SHA256 = "../../" + a.SHA256[6:] },
		"upper-case":     func(a *manifest.Artifact) { a.SHA256 = strings.ToUpper(a.SHA256) },
		"negative":       func(a *manifest.Artifact) { a.Length = -1 },
		"no-path":        func(a *manifest.Artifact) { a.Path = "" },
		"path-outside":   func(a *manifest.Artifact) { a.Path = "../x" },
	} {
		a := good
		change(&a)
		_, err := st.Package(a)
		if fetched := st.Fetch(t.Context(), a, quiet); !errors.Is(fetched, fs.ErrInvalid) || !errors.Is(err, fs.ErrInvalid) || st.Has(a) {
			t.Errorf("%s: got %v and %v", name, fetched, err)
		}
	}
}

func TestEveryCutOfAFetchLeavesItPossible(t *testing.T) {
	data := content(600_000, 4)
	a := artifact(data)
	remote := memory{data}
	run := func(d durable.Dir) error {
		return store.New(store.Config{Dir: d, Remote: remote}).Fetch(context.Background(), a, quiet)
	}
	whole := durabletest.NewDisk()
	must(t, run(whole))
	points := 0
	for n := 1; n <= whole.Ops(); n++ {
		d := durabletest.NewDisk()
		d.CutAfter(n)
		if err := run(d); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut at %s: got %v", whole.Op(n), err)
		}
		for seed := range uint64(12) {
			points++
			after := d.Restart(durabletest.LoseSome(seed))
			if got, ok := after.Snapshot()["store/"+a.SHA256]; ok && got != string(data) {
				t.Fatalf("%s, seed %d: a package with other bytes", whole.Op(n), seed)
			}
			if err := run(after); err != nil {
				t.Fatalf("%s, seed %d: the next fetch: %v", whole.Op(n), seed, err)
			}
			last := after.Restart(durabletest.LoseAll())
			if len(last.Snapshot()) != 2 {
				t.Fatalf("%s, seed %d: left %q", whole.Op(n), seed, slices.Sorted(maps.Keys(last.Snapshot())))
			}
			checkHeld(t, store.New(store.Config{Dir: last}), data)
		}
	}
	t.Logf("%d power cuts", points)
}

// memory is a Remote without a network.
type memory struct{ data []byte }

func (m memory) Open(_ context.Context, _ string, offset int64) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(string(m.data[offset:]))), offset, nil
}

func TestTroubleOfTheLocalDisk(t *testing.T) {
	data := content(600_000, 5)
	whole := durabletest.NewDisk()
	must(t, store.New(store.Config{Dir: whole, Remote: memory{data}}).Fetch(t.Context(), artifact(data), quiet))
	for n := 1; n <= whole.Ops(); n++ {
		d := durabletest.NewDisk()
		d.FailAt(n, syscall.ENOSPC)
		st := store.New(store.Config{Dir: d, Remote: memory{data}})
		if err := st.Fetch(t.Context(), artifact(data), quiet); !errors.Is(err, syscall.ENOSPC) || code(err) != "" {
			t.Errorf("%s: got %v", whole.Op(n), err)
		}
		must(t, st.Fetch(t.Context(), artifact(data), quiet))
		checkHeld(t, st, data)
	}
}

func TestPrune(t *testing.T) {
	d := durabletest.NewDisk()
	must(t, store.New(store.Config{Dir: d}).Prune(nil))
	keep, plain, drop := strings.Repeat("a", 64), strings.Repeat("c", 64), strings.Repeat("b", 64)
	must(t, durable.EnsureDir(d, "store"))
	for _, name := range []string{keep, keep + ".part", plain, drop, drop + ".part", "stray"} {
		must(t, durable.WriteFile(d, "store/"+name, []byte("x"), 0o600))
	}
	both := manifest.Artifact{Path: "a.tar.gz", SHA256: keep, Plain: &manifest.Plain{SHA256: plain}}
	must(t, store.New(store.Config{Dir: d}).Prune(store.Digests(both)))
	got := slices.Sorted(maps.Keys(d.Restart(durabletest.LoseAll()).Snapshot()))
	if want := []string{"store/", "store/" + keep, "store/" + keep + ".part", "store/" + plain}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestManyFetchesAtOnce(t *testing.T) {
	s := &server{data: content(200_000, 6)}
	s.handle = func(s *server, w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		s.serve(w, r, len(s.data))
	}
	st := start(t, s, durabletest.NewDisk())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := st.Fetch(context.Background(), artifact(s.data), quiet); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	checkHeld(t, st, s.data)
	if got := s.asked.Load(); got != 1 {
		t.Errorf("%d requests for one package", got)
	}
}

func TestFromAFolder(t *testing.T) {
	data := content(100_000, 7)
	a := artifact(data)
	repo := t.TempDir()
	folder := filepath.Join(repo, "targets", "components", "galss", "3.43", "any")
	must(t, os.MkdirAll(folder, 0o700))
	must(t, os.WriteFile(filepath.Join(folder, a.SHA256+".galss.tar.gz"), data, 0o600))
	remote, err := trust.NewFolder(repo)
	must(t, err)
	d, err := durable.Open(t.TempDir())
	must(t, err)
	st := store.New(store.Config{Dir: d, Remote: remote})
	must(t, durable.EnsureDir(d, "store"))
	must(t, durable.WriteFile(d, "store/"+a.SHA256+".part", data[:50_000], 0o600))
	must(t, st.Fetch(t.Context(), a, quiet))
	checkHeld(t, st, data)
	missing := a
	missing.Path = "components/galss/9/any/galss.tar.gz"
	missing.SHA256 = fmt.Sprintf("%064d", 0)
	if err := st.Fetch(t.Context(), missing, quiet); code(err) != store.CodeNotFound || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	must(t, d.Close())
}
