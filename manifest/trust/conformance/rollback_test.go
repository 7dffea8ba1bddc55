package main

import (
	"encoding/json"
	"testing"

	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

func TestRollback(t *testing.T) {
	for _, listed := range []bool{false, true} {
		name := map[bool]string{false: "versions-only", true: "with-digests"}[listed]
		play(t, []scenario{
			{"timestamp-" + name, func(b *bench) {
				b.Listed = listed
				b.all()
				b.start()
				b.refresh(0)
				b.Restart("timestamp", 0)
				b.Publish("timestamp")
				b.refresh(1)
				b.trusts("root 1, snapshot 2, targets 2, timestamp 2")
			}},
			{"snapshot-" + name, func(b *bench) {
				b.Listed = listed
				b.all()
				b.start()
				b.refresh(0)
				b.Restart("snapshot", 0)
				b.Publish("snapshot", "timestamp")
				b.Asked()
				b.refresh(1)
				b.asks("root 2", "timestamp")
				b.trusts("root 1, snapshot 2, targets 2, timestamp 2")
			}},
			{"targets-" + name, func(b *bench) {
				b.Listed = listed
				b.all()
				b.start()
				b.refresh(0)
				b.Restart("targets", 0)
				b.all()
				b.refresh(1)
				b.trusts("root 1, snapshot 2, targets 2, timestamp 3")
			}},
			{"a-role-that-is-no-longer-listed-" + name, func(b *bench) {
				b.Listed = listed
				b.Delegate("targets", "role", false, "*")
				b.Publish("role")
				b.all()
				b.start()
				b.refresh(0)
				delete(b.Signed("snapshot")["meta"].(map[string]any), "role.json")
				b.Publish("snapshot", "timestamp")
				b.refresh(1)
			}},
		})
	}
}

func TestFloorsAndTheirEnd(t *testing.T) {
	play(t, []scenario{
		{"a-newer-snapshot-that-nobody-announces-is-not-taken", func(b *bench) {
			b.start()
			b.Publish("snapshot")
			b.entry("timestamp", "snapshot.json")["version"] = 1
			b.Publish("timestamp")
			b.refresh(0)
			b.trusts("root 1, snapshot 1, targets 1, timestamp 2")
		}},
		{"what-a-failed-refresh-saw-holds", func(b *bench) {
			b.start()
			b.refresh(0)
			b.all()
			delete(b.Files, "metadata/2.snapshot.json")
			b.refresh(1)
			b.trusts("root 1, snapshot 1, targets 1, timestamp 2")
			b.Restart("timestamp", 0)
			b.Publish("timestamp")
			b.refresh(1)
			b.trusts("root 1, snapshot 1, targets 1, timestamp 2")
		}},
		{"new-keys-end-a-fast-forward-of-the-timestamp", func(b *bench) { fastForward(b, "timestamp", "timestamp") }},
		{"new-keys-end-a-fast-forward-of-the-snapshot", func(b *bench) {
			fastForward(b, "snapshot", "snapshot", "timestamp")
		}},
		{"new-keys-end-a-fast-forward-of-targets", func(b *bench) { fastForward(b, "targets", "snapshot") }},
	})
}

// fastForward burns the versions of a role and goes on from the first one
// with other keys for those that list it.
func fastForward(b *bench, role string, renewed ...string) {
	b.t.Helper()
	b.Restart(role, 1<<30)
	b.all()
	b.start()
	b.refresh(0)
	for _, r := range renewed {
		k := trusttest.NewKey(b.t, trusttest.Ed25519)
		b.Allow("root", r, 1, k)
		b.SignWith(r, k)
	}
	b.Restart(role, 0)
	b.Publish("root")
	b.all()
	b.refresh(0)
	var m struct{ Signed struct{ Version int } }
	if err := json.Unmarshal(b.Now(role), &m); err != nil || m.Signed.Version != 1 {
		b.t.Fatalf("version %d, %v", m.Signed.Version, err)
	}
}
