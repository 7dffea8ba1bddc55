package trust_test

import (
	"bytes"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// damage is one way for a file of the cache to be other than it was stored.
type damage struct {
	name   string
	intact bool // a whole file, only not the right one: its digest is good
	spoil  func(d disk, name string)
}

// disk is a cache to be damaged, and others that pieces may come from.
type disk struct{ now, before, foreign *trusttest.Cache }

// bytesOf makes a damage of a change to the content.
func bytesOf(name string, change func([]byte) []byte) damage {
	return damage{name, false, func(d disk, file string) { d.now.Files[file] = change(bytes.Clone(d.now.Files[file])) }}
}

// text makes a damage of a content that has nothing to do with the file.
func text(name, content string) damage {
	return bytesOf(name, func([]byte) []byte { return []byte(content) })
}

func flip(b []byte, at int) []byte {
	b[at] ^= 1 << (at % 8)
	return b
}

// damages are what power cuts, full or failing disks, file systems, backups
// and people do to files.
func damages() []damage {
	return slices.Concat([]damage{
		{"directory-in-the-way", false, func(d disk, name string) {
			d.now.Blocked = map[string]bool{name: true}
			delete(d.now.Files, name)
		}},
		{"older-version", true, func(d disk, name string) { replace(d.now, name, d.before, name) }},
		{"other-repository", true, func(d disk, name string) { replace(d.now, name, d.foreign, name) }},
		{"swapped-with-another", false, func(d disk, name string) {
			other := "record.json"
			if name == other {
				other = "trusted.json"
			}
			replace(d.now, name, d.now, other)
		}},
		{"gone", true, func(d disk, name string) { delete(d.now.Files, name) }},
	}, []damage{
		text("empty", ""), text("one-byte", "\x00"), text("null", "null"), text("object", "{}"), text("list", "[]"),
		text("number", "17"), text("html", "<!DOCTYPE html><html>"), text("deep", strings.Repeat("[", 100_000)),
		bytesOf("half", func(b []byte) []byte { return b[:len(b)/2] }),
		bytesOf("last-byte-gone", func(b []byte) []byte { return b[:len(b)-1] }),
		bytesOf("first-byte-gone", func(b []byte) []byte { return b[1:] }),
		bytesOf("longer", func(b []byte) []byte { return append(b, 0) }),
		bytesOf("twice", func(b []byte) []byte { return append(b, b...) }),
		bytesOf("zeroed", func(b []byte) []byte { return make([]byte, len(b)) }),
		bytesOf("page-of-zeros", func(b []byte) []byte { clear(b[len(b)/3 : len(b)/2]); return b }),
		bytesOf("first-bit", func(b []byte) []byte { return flip(b, 0) }),
		bytesOf("bit-in-the-middle", func(b []byte) []byte { return flip(b, len(b)/2) }),
		bytesOf("last-bit", func(b []byte) []byte { return flip(b, len(b)-1) }),
		bytesOf("byte-order-mark", func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }),
		bytesOf("line-ends", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }),
		bytesOf("utf-16", func(b []byte) []byte { return []byte(strings.Join(strings.Split(string(b), ""), "\x00")) }),
		bytesOf("noise", func(b []byte) []byte {
			chance := rand.New(rand.NewPCG(1, 2))
			for i := range b {
				b[i] = byte(chance.Uint32())
			}
			return b
		}),
	})
}

// replace gives a file the content of another one, and takes it away where
// there is no such other one.
func replace(to *trusttest.Cache, name string, from *trusttest.Cache, other string) {
	if data, ok := from.Files[other]; ok {
		to.Files[name] = bytes.Clone(data)
	} else {
		delete(to.Files, name)
	}
}

// idle is the targets file of the set before the last; nobody reads it.
const idle = "targets-a.json"

// lived makes a repository with two roots, a cache that knows its newest
// version, and the same cache one version earlier.
func lived(t *testing.T) (r, old *trusttest.Repo, d disk) {
	t.Helper()
	r, cache := warm(t)
	r.PublishRoot()
	old = r.Clone()
	before := cache.Clone()
	if err := refreshAndRead(t, newClient(t, r, before)); err != nil {
		t.Fatal(err)
	}
	update(r)
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	other, foreign := warm(t)
	other.PublishRoot()
	update(other)
	if err := refreshAndRead(t, newClient(t, other, foreign)); err != nil {
		t.Fatal(err)
	}
	return r, old, disk{cache, before, foreign}
}

func TestDamagedCacheFilesAreSetAsideAndFetchedAgain(t *testing.T) {
	r, old, d := lived(t)
	names := slices.Sorted(maps.Keys(d.now.Files))
	for _, kind := range damages() {
		for _, name := range names {
			t.Run(name+"-"+kind.name, func(t *testing.T) {
				damaged := disk{d.now.Clone(), d.before, d.foreign}
				kind.spoil(damaged, name)
				cache := damaged.now
				spoilt, blocked := bytes.Clone(cache.Files[name]), cache.Blocked[name]
				expectFloor(t, old, cache.Clone())
				log := startAndRead(t, r, cache)
				if name != idle && !kind.intact {
					if aside, ok := cache.Files[trust.DamagedPrefix+name]; !ok || !blocked && !bytes.Equal(aside, spoilt) {
						t.Error("the damaged file was not set aside")
					}
					if !strings.Contains(log, name) {
						t.Errorf("the log says %q", log)
					}
					if bytes.Equal(cache.Files[name], spoilt) {
						t.Error("the damaged file was not replaced")
					}
				}
				if err := newClient(t, r, cache).Refresh(t.Context()); err != nil {
					t.Errorf("the next start: %v", err)
				}
				if more := len(cache.Files) - len(names); more > 1 {
					t.Errorf("%d files more than before", more)
				}
			})
		}
	}
	t.Logf("%d files, %d kinds of damage", len(names), len(damages()))
}

// startAndRead is a start of the program on a healthy repository. It gives
// what was logged.
func startAndRead(t *testing.T, r *trusttest.Repo, cache *trusttest.Cache) string {
	t.Helper()
	var log strings.Builder
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: r, Cache: cache, Now: trusttest.Start, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	contents, err := readAll(c)
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	if got, want := contents[trusttest.DocANS], `{"of":"ans","new":true}`; got != want {
		t.Errorf("document: got %s, want %s", got, want)
	}
	return log.String()
}

// expectFloor fails when a mirror that stands still can lead a client with
// this cache back.
func expectFloor(t *testing.T, old *trusttest.Repo, cache *trusttest.Cache) {
	t.Helper()
	c := newClient(t, old, cache)
	if err := c.Refresh(t.Context()); codeOf(err) != trust.CodeRolledBack {
		t.Errorf("a mirror that stands still: got %v, want %q", err, trust.CodeRolledBack)
	}
}

func TestALostRootIsRemembered(t *testing.T) {
	r, _, d := lived(t)
	r.Forge("metadata/2.root.json", nil)
	delete(d.now.Files, "2.root.json")
	for _, lost := range []string{"trusted.json", "record.json"} {
		cache := d.now.Clone()
		delete(cache.Files, lost)
		if err := newClient(t, r, cache).Refresh(t.Context()); codeOf(err) != trust.CodeRolledBack {
			t.Errorf("without %s: got %v, want %q", lost, err, trust.CodeRolledBack)
		}
	}
}

func TestEverythingDamagedAtOnce(t *testing.T) {
	r, _, d := lived(t)
	for _, kind := range damages() {
		t.Run(kind.name, func(t *testing.T) {
			damaged := disk{d.now.Clone(), d.before, d.foreign}
			blocked := map[string]bool{}
			for name := range d.now.Files {
				kind.spoil(damaged, name)
				maps.Copy(blocked, damaged.now.Blocked)
			}
			damaged.now.Blocked = blocked
			startAndRead(t, r, damaged.now)
			startAndRead(t, r, damaged.now)
		})
	}
}

// What stands in the cache of another repository does not hold a client back,
// and what stands in this one's does also when the program brings a newer
// root than the one that the cache began with.
func TestTheCacheOutlivesTheRootOfTheProgram(t *testing.T) {
	r, cache := warm(t)
	r.PublishRoot()
	old := r.Clone()
	update(r)
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	newer := func(remote trust.Remote) *trust.Client {
		c, err := trust.New(trust.Config{
			Root: r.Files()["metadata/2.root.json"], Remote: remote, Cache: cache, Now: trusttest.Start,
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := newer(old).Refresh(t.Context()); codeOf(err) != trust.CodeRolledBack {
		t.Errorf("a mirror that stands still: got %v, want %q", err, trust.CodeRolledBack)
	}
	if err := newer(nil).Cached(t.Context()); err != nil {
		t.Errorf("without network: %v", err)
	}
	if err := refreshAndRead(t, newer(r)); err != nil {
		t.Errorf("refresh: %v", err)
	}
	for name := range cache.Files {
		if strings.HasPrefix(name, trust.DamagedPrefix) {
			t.Errorf("%s was set aside", name)
		}
	}
}
