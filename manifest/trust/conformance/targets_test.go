package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

const path = "path/to/target.txt"

// offer publishes content as the target at path.
func offer(b *bench, content string, algorithms ...string) {
	b.Target("targets", path, []byte(content), algorithms...)
	b.all()
}

// spoil lets every target be served with other content than was signed.
func spoil(b *bench, content string) {
	for name := range b.Files {
		if strings.HasPrefix(name, "targets/") {
			b.Files[name] = []byte(content)
		}
	}
}

// kept is the only file among the targets.
func kept(b *bench) string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.targets, "*"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("targets: %q, %v", files, err)
	}
	return files[0]
}

// folderFor puts a folder in the place of a file.
func folderFor(b *bench, file string) {
	b.t.Helper()
	if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o700)); err != nil {
		b.t.Fatal(err)
	}
}

func TestDownloads(t *testing.T) {
	play(t, []scenario{
		{"once-and-not-again", func(b *bench) {
			offer(b, "content", "sha256")
			b.start()
			b.download(0, path)
			b.holds("content")
			b.Asked()
			b.download(0, path)
			b.asks("root 2", "timestamp")
		}},
		{"again-when-the-file-was-changed", func(b *bench) {
			offer(b, "content", "sha256")
			b.start()
			b.download(0, path)
			if err := os.WriteFile(kept(b), []byte("changed"), 0o600); err != nil {
				b.t.Fatal(err)
			}
			b.download(0, path)
			b.holds("content")
		}},
		{"again-when-a-folder-is-in-its-place", func(b *bench) {
			offer(b, "content", "sha256")
			b.start()
			b.download(0, path)
			folderFor(b, kept(b))
			b.download(0, path)
			b.holds("content")
		}},
		{"a-new-version-replaces-the-old-one", func(b *bench) {
			offer(b, "old", "sha256")
			b.start()
			b.download(0, path)
			offer(b, "new", "sha256")
			b.download(0, path)
			b.holds("new")
		}},
		{"other-content-than-signed", func(b *bench) {
			offer(b, "content", "sha256")
			spoil(b, "CONTENT")
			b.start()
			b.download(1, path)
			b.holds()
		}},
		{"in-order-up-to-the-first-failure", func(b *bench) {
			b.Target("targets", "one", []byte("1"), "sha256")
			b.Target("targets", "three", []byte("3"), "sha256")
			b.all()
			b.start()
			b.download(1, "one", "two", "three")
			b.holds("1")
		}},
	})
}

func TestOddTargets(t *testing.T) {
	play(t, []scenario{
		{"by-sha512", func(b *bench) { offer(b, "content", "sha512"); b.start(); b.download(0, path); b.holds("content") }},
		{"by-both", func(b *bench) {
			offer(b, "content", "sha256", "sha512")
			b.start()
			b.download(0, path)
			b.holds("content")
		}},
		{"by-an-unknown-hash", func(b *bench) { offer(b, "content", "sha9"); b.start(); b.download(1, path); b.holds() }},
		{"a-web-page", func(b *bench) { offer(b, "<html>", "sha256"); b.start(); b.download(0, path); b.holds("<html>") }},
		{"without-consistent-snapshots", func(b *bench) {
			b.Signed("root")["consistent_snapshot"] = false
			b.Delegate("targets", "role", false, "*/*/*")
			b.Target("role", path, []byte("content"), "sha256")
			b.Publish("role", "root")
			b.all()
			b.start()
			b.Asked()
			b.download(0, path)
			b.asks("root 2", "root 3", "timestamp", "snapshot", "targets", "role", "targets/"+path)
		}},
		{"an-odd-path", func(b *bench) {
			b.Target("targets", "a b/c?d#e%2f", []byte("content"), "sha256")
			for name, data := range b.Files {
				if i := strings.LastIndexByte(name, '/'); strings.HasPrefix(name, "targets/a b/") {
					b.Files["targets/a%20b/"+strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23").Replace(name[i+1:])] = data
				}
			}
			b.all()
			b.start()
			b.download(0, "a b/c?d#e%2f")
			b.holds("content")
		}},
	})
}

func TestOddRoleNames(t *testing.T) {
	for role, quoted := range map[string]string{
		"?": "%3F", "#": "%23", "/role": "%2Frole", "../role": "..%2Frole", ".": ".", "..": "..", "a b": "a%20b",
		"rôle": "r%C3%B4le", "%2F": "%252F", "C:x": "C%3Ax", "con": "con", "a+b": "a%2Bb", "x.root": "x.root",
	} {
		if role == "con" && runtime.GOOS == "windows" {
			continue // the suite asks for this name for the file, and Windows has none of it
		}
		play(t, []scenario{{role, func(b *bench) {
			b.Delegate("targets", role, false, "*")
			b.Target(role, "target", []byte("content"), "sha256")
			b.Publish(role)
			b.all()
			b.start()
			b.download(0, "target")
			b.holds("content")
			if got := b.Asked()[4]; got != quoted+" 1" {
				b.t.Errorf("asked for %q, want %q", got, quoted+" 1")
			}
			if _, err := os.Stat(filepath.Join(b.metadata, quoted+".json")); err != nil {
				b.t.Error(err)
			}
			beside, err := filepath.Glob(filepath.Join(b.folder, "*"))
			if err != nil || len(beside) != 3 {
				b.t.Errorf("beside the folders: %q, %v", beside, err)
			}
		}}})
	}
	for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
		play(t, []scenario{{"not-" + role, func(b *bench) {
			saved := b.Signers(role)
			b.Delegate("targets", role, false, "*")
			b.SignWith(role, saved...)
			b.all()
			b.start()
			b.refresh(1)
		}}})
	}
}

func TestDelegationGraphs(t *testing.T) {
	type edge struct {
		from, to    string
		terminating bool
		patterns    []string
	}
	all := []string{"*"}
	for _, tt := range []struct {
		name  string
		edges []edge
		want  string // the roles asked for, in order, for a target that is nowhere
	}{
		{"one", []edge{{"targets", "A", false, all}}, "A"},
		{"two", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}}, "A B"},
		{"two-levels", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"B", "C", false, all}}, "A B C"},
		{"depth-first", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"A", "C", false, all}, {"A", "D", false, all}}, "A C D B"},
		{"three-levels", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"A", "C", false, all}, {"C", "D", false, all}}, "A C D B"},
		{"terminating", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"A", "C", true, all}, {"A", "D", false, all}}, "A C"},
		{"below-a-terminating-one", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"A", "C", true, all}, {"C", "D", false, all}}, "A C D"},
		{"other-paths", []edge{{"targets", "A", false, []string{"*.py"}}, {"targets", "B", false, all}, {"A", "C", false, all}}, "B"},
		{"other-paths-below", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"A", "C", false, []string{"*.py"}}, {"C", "D", false, all}}, "A B"},
		{"a-terminating-one-for-other-paths", []edge{{"targets", "A", true, []string{"*.py"}}, {"targets", "B", false, all}}, "B"},
		{"a-circle", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"B", "C", false, all}, {"C", "D", false, all}, {"D", "B", false, all}}, "A B C D"},
		{"two-ways-to-one", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"B", "C", false, all}, {"A", "C", false, all}}, "A C B"},
		{"two-ways-for-different-paths", []edge{{"targets", "A", false, all}, {"targets", "B", false, all}, {"B", "C", false, all}, {"A", "C", false, []string{"*.py"}}}, "A B C"},
	} {
		play(t, []scenario{{tt.name, func(b *bench) {
			roles := map[string]bool{}
			for _, e := range tt.edges {
				b.Delegate(e.from, e.to, e.terminating, e.patterns...)
				roles[e.to] = true
			}
			for role := range roles {
				b.Publish(role)
			}
			b.all()
			b.start()
			b.download(1, "missing")
			var got []string
			for _, q := range b.Asked()[4:] {
				got = append(got, strings.TrimSuffix(q, " 1"))
			}
			if got := strings.Join(got, " "); got != tt.want {
				b.t.Errorf("got %s, want %s", got, tt.want)
			}
		}}})
	}
}

func TestSearchForTargets(t *testing.T) {
	for target, want := range map[string]string{
		"file": "", "README.md": "A", "releases/x/x_v1": "B C", "releases/y/y_v1.zip": "B D",
		"releases/z/z_v1.zip": "!B", "deep/README.md": "!",
	} {
		play(t, []scenario{{strings.ReplaceAll(target, "/", "-"), func(b *bench) {
			b.Delegate("targets", "A", false, "*.doc", "*.md")
			b.Delegate("targets", "B", false, "releases/*/*")
			b.Delegate("B", "C", false, "releases/x/*")
			b.Delegate("B", "D", false, "releases/y/*.zip")
			for name, role := range map[string]string{
				"file": "targets", "README.md": "A", "deep/README.md": "A",
				"releases/x/x_v1": "C", "releases/y/y_v1.zip": "D", "releases/z/z_v1.zip": "D",
			} {
				b.Target(role, name, []byte(name), "sha256")
			}
			b.Publish("A", "B", "C", "D")
			b.all()
			b.start()
			roles, missing := strings.CutPrefix(want, "!")
			if missing {
				b.download(1, target)
				b.holds()
			} else {
				b.download(0, target)
				b.holds(target)
			}
			got := ""
			for _, q := range b.Asked()[4:] {
				if role, ok := strings.CutSuffix(q, " 1"); ok {
					got += " " + role
				}
			}
			if strings.TrimSpace(got) != roles {
				b.t.Errorf("asked for %q, want %q", got, roles)
			}
		}}})
	}
}

// A role that answers for one delegator must not answer for another one that
// names other keys for it, whatever was asked for before.
func TestARoleIsVerifiedForEachDelegator(t *testing.T) {
	diamond := func(b *bench) (forA, forB *trusttest.Key) {
		b.Delegate("targets", "A", true, "a/*")
		b.Delegate("targets", "B", true, "b/*")
		forA, forB = b.Delegate("A", "C", false, "a/*"), b.Delegate("B", "C", false, "b/*")
		b.Target("C", "a/x", []byte("of a"), "sha256")
		b.Target("C", "b/x", []byte("of b"), "sha256")
		return forA, forB
	}
	for name, tt := range map[string]struct {
		both   bool
		paths  []string
		status int
		held   []string
	}{
		"its-own":        {false, []string{"a/x"}, 0, []string{"of a"}},
		"the-other":      {false, []string{"b/x"}, 1, nil},
		"one-after-two":  {false, []string{"a/x", "b/x"}, 1, []string{"of a"}},
		"two-after-one":  {false, []string{"b/x", "a/x"}, 1, nil},
		"signed-by-both": {true, []string{"a/x", "b/x", "a/x"}, 0, []string{"of a", "of b"}},
	} {
		play(t, []scenario{{name, func(b *bench) {
			forA, forB := diamond(b)
			b.SignWith("C", forA)
			if tt.both {
				b.SignWith("C", forA, forB)
			}
			b.Publish("A", "B", "C")
			b.all()
			b.start()
			b.download(tt.status, tt.paths...)
			b.holds(tt.held...)
			b.download(tt.status, tt.paths...)
			b.holds(tt.held...)
		}}})
	}
}

func TestHashBins(t *testing.T) {
	sum := sha256.Sum256([]byte(path))
	digest := hex.EncodeToString(sum[:])
	play(t, []scenario{
		{"by-prefix", func(b *bench) {
			b.Delegate("targets", "other", true)
			b.Delegate("targets", "bin", true)
			for role, prefix := range map[string]string{"other": digest[1:3] + "zz", "bin": digest[:2]} {
				d := b.Delegation("targets", role)
				delete(d, "paths")
				d["path_hash_prefixes"] = []any{prefix}
			}
			b.Target("bin", path, []byte("content"), "sha256")
			b.Publish("other", "bin")
			b.all()
			b.start()
			b.download(0, path)
			b.holds("content")
		}},
		{"succinct", func(b *bench) {
			b.Delegate("targets", "bin-"+digest[:1], true)
			d := b.Signed("targets")["delegations"].(map[string]any)
			entry := d["roles"].([]any)[0].(map[string]any)
			delete(d, "roles")
			d["succinct_roles"] = map[string]any{
				"keyids": entry["keyids"], "threshold": 1, "bit_length": 4, "name_prefix": "bin",
			}
			b.Target("bin-"+digest[:1], path, []byte("content"), "sha256")
			b.Publish("bin-" + digest[:1])
			b.all()
			b.start()
			b.download(0, path)
			b.holds("content")
			d["succinct_roles"].(map[string]any)["bit_length"] = 40
			b.all()
			b.refresh(1)
		}},
	})
}

func TestTheClockIsThatOfDate(t *testing.T) {
	got, err := date(t.Context())
	if err != nil {
		t.Skipf("the program date gives no seconds here: %v", err)
	}
	if d := time.Since(got); d < -2*time.Second || d > 10*time.Second {
		t.Errorf("date is %v away from the clock", d)
	}
}

func TestCommandLines(t *testing.T) {
	b := newBench(t)
	for name, args := range map[string][]string{
		"nothing": {}, "unknown": {"fetch"}, "init-without-root": {"init"}, "init-of-nothing": {"init", b.folder + "/none"},
		"refresh-before-init": {"--metadata-url", b.url, "refresh"}, "download-of-nothing": {"--metadata-url", b.url, "download"},
		"unknown-flag": {"--what", "refresh"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := b.call(args...); got != 1 {
				t.Errorf("status %d, want 1", got)
			}
		})
	}
}
