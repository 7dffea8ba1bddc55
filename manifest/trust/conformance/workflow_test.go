package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// entry is what timestamp or snapshot is going to say about a file.
func (b *bench) entry(role, file string) map[string]any {
	return b.Signed(role)["meta"].(map[string]any)[file].(map[string]any)
}

func TestBasics(t *testing.T) {
	play(t, []scenario{
		{"roles-are-asked-for-in-their-order", func(b *bench) {
			b.start()
			b.asks()
			b.refresh(0)
			b.asks("root 2", "timestamp", "snapshot 1", "targets 1")
			b.trusts(first)
		}},
		{"what-has-not-changed-is-not-asked-for", func(b *bench) {
			b.start()
			b.refresh(0)
			b.Asked()
			b.Publish("timestamp")
			b.refresh(0)
			b.asks("root 2", "timestamp")
			b.trusts("root 1, snapshot 1, targets 1, timestamp 2")
		}},
		{"a-download-refreshes-first", func(b *bench) {
			b.start()
			b.download(1, "nothing")
			b.asks("root 2", "timestamp", "snapshot 1", "targets 1")
			b.trusts(first)
		}},
		{"an-unsigned-root-is-refused-before-any-request", func(b *bench) {
			b.SignWith("root", trusttest.NewKey(b.t, trusttest.Ed25519))
			b.Restart("root", 0)
			b.Publish("root")
			b.startWith(b.Now("root"), 1)
			b.refresh(1)
			b.asks()
		}},
		{"a-root-without-version-is-refused-before-any-request", func(b *bench) {
			b.startWith(bytes.Replace(b.Now("root"), []byte(`"version"`), []byte(`"Xersion"`), 1), 1)
			b.refresh(1)
			b.asks()
		}},
	})
}

func TestContents(t *testing.T) {
	play(t, []scenario{
		{"bytes-are-kept-as-they-came", func(b *bench) {
			b.Serve("timestamp", append(b.Now("timestamp"), ' ', '\n'))
			b.start()
			b.refresh(0)
			b.trusts(first)
		}},
		{"the-same-version-with-other-content-changes-nothing", func(b *bench) {
			b.start()
			b.refresh(0)
			b.Asked()
			b.entry("timestamp", "snapshot.json")["version"] = 100
			b.Restart("timestamp", 0)
			b.Publish("timestamp")
			b.refresh(0)
			b.asks("root 2", "timestamp")
		}},
		{"a-digest-that-does-not-match-is-refused", func(b *bench) {
			b.Listed = true
			b.all()
			b.start()
			b.refresh(0)
			b.Publish("targets")
			b.entry("snapshot", "targets.json")["length"] = 1
			b.Publish("snapshot", "timestamp")
			b.refresh(1)
			b.trusts("root 1, snapshot 3, targets 2, timestamp 3")
		}},
	})
}

func TestForms(t *testing.T) {
	play(t, []scenario{
		{"a-snapshot-of-a-megabyte-is-read", func(b *bench) {
			meta := b.Signed("snapshot")["meta"].(map[string]any)
			for i := range 10_000 {
				meta[fmt.Sprintf("bin-%s-%04x.json", strings.Repeat("x", 80), i)] = map[string]any{"version": 1}
			}
			b.all()
			b.start()
			b.refresh(0)
		}},
		{"an-entry-that-is-no-file-is-refused-and-breaks-nothing", func(b *bench) {
			b.Signed("snapshot")["meta"].(map[string]any)["a"] = map[string]any{"version": 1}
			b.all()
			b.start()
			b.refresh(1)
			b.trusts("root 1, timestamp 2")
		}},
		{"unknown-fields-are-covered-by-the-signature", func(b *bench) {
			k := trusttest.NewKey(b.t, trusttest.Ed25519)
			k.Public["extra"] = map[string]any{"a": 1}
			k.Rename()
			root := b.Signed("root")
			root["custom"] = "value"
			b.Allow("root", "snapshot", 1, k)
			b.SignWith("snapshot", k)
			root["roles"].(map[string]any)["snapshot"].(map[string]any)["other"] = []any{1}
			b.Publish("root", "snapshot", "timestamp")
			b.start()
			b.refresh(0)
			b.trusts("root 2, snapshot 2, targets 1, timestamp 2")
		}},
		{"a-snapshot-is-not-taken-for-a-timestamp", func(b *bench) {
			b.Signed("snapshot")["meta"] = map[string]any{"snapshot.json": map[string]any{"version": 1}}
			b.SignWith("snapshot", append(b.Signers("snapshot"), b.Signers("timestamp")...)...)
			b.Publish("snapshot")
			b.Serve("timestamp", b.Now("snapshot"))
			b.start()
			b.refresh(1)
			b.trusts("root 1")
		}},
	})
}

// Whatever is wrong with one role, those before it in the workflow are
// trusted, and those after it are not asked for.
func TestARefreshEndsAtTheFirstBadRole(t *testing.T) {
	roles := []struct{ role, asked, trusted string }{
		{"root", "", "root 1"},
		{"timestamp", "timestamp", "root 2"},
		{"snapshot", "snapshot 2", "root 2, timestamp 2"},
		{"targets", "targets 2", "root 2, snapshot 2, timestamp 2"},
	}
	for kind, spoil := range map[string]func(b *bench, role string){
		"unsigned": func(b *bench, role string) {
			b.SignWith(role)
			b.Publish("root", "targets", "snapshot", "timestamp")
		},
		"missing": func(b *bench, role string) {
			b.Publish("root", "targets", "snapshot", "timestamp")
			delete(b.Files, "metadata/2."+role+".json")
			if role == "timestamp" {
				delete(b.Files, "metadata/timestamp.json")
			}
		},
		"another-version-than-announced": func(b *bench, role string) {
			b.Publish("root", "targets", "snapshot", "timestamp")
			kept := b.Now(role)
			b.Publish(role)
			b.Files["metadata/2."+role+".json"] = b.Now(role)
			if role == "timestamp" {
				b.Serve(role, bytes.Replace(kept, []byte(`"timestamp"`), []byte(`"snapshot"`), 1))
			}
		},
		"not-json": func(b *bench, role string) {
			b.Publish("root", "targets", "snapshot", "timestamp")
			b.Serve(role, []byte("<html>"))
		},
	} {
		for i, r := range roles {
			if kind == "missing" && r.role == "root" {
				continue // there is no newer root then
			}
			t.Run(kind+"-"+r.role, func(t *testing.T) {
				b := newBench(t)
				spoil(b, r.role)
				b.start()
				b.refresh(1)
				b.trusts(r.trusted)
				asked := b.Asked()
				if last := asked[len(asked)-1]; i > 0 && last != r.asked {
					t.Errorf("the last request was for %q, want %q", last, r.asked)
				}
			})
		}
	}
}

func TestExpiry(t *testing.T) {
	// Day 0 is a good refresh with version 1; what is published then is met
	// on day 18.
	play(t, []scenario{
		{"an-expired-root-is-kept-and-ends-the-refresh", func(b *bench) {
			b.start()
			b.refresh(0)
			b.Expire("root", later(-1))
			b.Publish("root")
			b.all()
			b.refresh(1)
			b.trusts("root 2, snapshot 1, targets 1, timestamp 1")
		}},
		{"an-expired-root-on-the-way-is-no-obstacle", func(b *bench) {
			b.Expire("root", later(-1))
			b.Publish("root")
			b.Expire("root", later(30))
			b.Publish("root")
			b.start()
			b.refresh(0)
			b.trusts("root 3, snapshot 1, targets 1, timestamp 1")
		}},
		{"an-expired-timestamp-is-refused", func(b *bench) { expired(b, "timestamp", first) }},
		{"an-expired-snapshot-is-refused", func(b *bench) {
			expired(b, "snapshot", "root 1, snapshot 1, targets 1, timestamp 2")
		}},
		{"an-expired-targets-is-refused", func(b *bench) {
			expired(b, "targets", "root 1, snapshot 2, targets 1, timestamp 2")
		}},
	})
}

func TestExpiryOfWhatIsKept(t *testing.T) {
	play(t, []scenario{
		{"expired-roles-of-the-last-time-lead-to-new-ones", func(b *bench) {
			for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
				b.Expire(role, later(7))
			}
			b.Publish("root", "targets", "snapshot", "timestamp")
			b.start()
			b.refresh(0)
			for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
				b.Expire(role, later(21))
			}
			b.Publish("root", "targets", "snapshot", "timestamp")
			b.now = later(18)
			b.refresh(0)
			b.trusts("root 3, snapshot 3, targets 3, timestamp 3")
		}},
		{"an-expired-snapshot-of-the-last-time-still-protects", func(b *bench) {
			b.Publish("targets")
			b.Expire("snapshot", later(7))
			b.Publish("snapshot", "timestamp")
			b.start()
			b.refresh(0)
			b.Restart("targets", 0)
			b.Expire("snapshot", later(30))
			b.all()
			b.now = later(18)
			b.refresh(1)
			b.trusts("root 1, snapshot 2, targets 2, timestamp 3")
		}},
		{"nothing-new-and-expired-meanwhile", func(b *bench) {
			b.Expire("timestamp", later(7))
			b.Publish("timestamp")
			b.start()
			b.refresh(0)
			b.now = later(8)
			b.refresh(1)
		}},
	})
}

// expired publishes a role past its date, after a good refresh.
func expired(b *bench, role, want string) {
	b.t.Helper()
	b.start()
	b.refresh(0)
	b.Expire(role, later(-5))
	b.all()
	b.refresh(1)
	b.trusts(want)
}

func TestExpiryOfDelegatedRoles(t *testing.T) {
	delegate := func(b *bench, expires int) {
		b.Delegate("targets", "role", false, "dir/*")
		b.Target("role", "dir/one", []byte("one"), "sha256")
		b.Target("role", "dir/two", []byte("two"), "sha256")
		b.Expire("role", later(expires))
		b.Publish("role")
		b.all()
		b.start()
	}
	play(t, []scenario{
		{"expired-when-first-seen", func(b *bench) {
			delegate(b, -1)
			b.refresh(0)
			b.download(1, "dir/one")
			b.holds()
			b.trusts("root 1, snapshot 2, targets 2, timestamp 2")
		}},
		{"expired-since", func(b *bench) {
			delegate(b, 7)
			b.download(0, "dir/one")
			b.now = later(18)
			b.download(1, "dir/two")
			b.holds("one")
		}},
		{"expired-since-and-replaced", func(b *bench) {
			delegate(b, 7)
			b.download(0, "dir/one")
			b.Expire("role", later(21))
			b.Publish("role", "snapshot", "timestamp")
			b.now = later(18)
			b.download(0, "dir/two")
			b.holds("one", "two")
		}},
	})
}
