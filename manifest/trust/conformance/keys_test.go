package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// resealed changes the signatures of a file that is published.
func (b *bench) resealed(role string, change func(signatures []any) []any) {
	b.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b.Now(role), &m); err != nil {
		b.t.Fatal(err)
	}
	m["signatures"] = change(m["signatures"].([]any))
	data, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Serve(role, data)
}

// newKeys makes n ed25519 keys.
func newKeys(t *testing.T, n int) []*trusttest.Key {
	t.Helper()
	keys := make([]*trusttest.Key, n)
	for i := range keys {
		keys[i] = trusttest.NewKey(t, trusttest.Ed25519)
	}
	return keys
}

func TestKeys(t *testing.T) {
	for _, kind := range []trusttest.Kind{trusttest.Ed25519, trusttest.P256, trusttest.P384, trusttest.RSA} {
		play(t, []scenario{{"a-root-that-needs-" + string(kind), func(b *bench) {
			old := b.Signers("root")[0]
			k := trusttest.NewKey(b.t, kind)
			b.Allow("root", "root", 2, old, k)
			b.SignWith("root", old, k)
			b.Publish("root")
			b.start()
			b.refresh(0)
			b.trusts("root 2, snapshot 1, targets 1, timestamp 1")
			b.Publish("root")
			b.resealed("root", func(sigs []any) []any {
				sig := sigs[1].(map[string]any)
				raw, err := hex.DecodeString(sig["sig"].(string))
				if err != nil {
					b.t.Fatal(err)
				}
				raw[len(raw)-1] ^= 1
				sig["sig"] = hex.EncodeToString(raw)
				return sigs
			})
			b.refresh(1)
			b.trusts("root 2, snapshot 1, targets 1, timestamp 1")
		}}})
	}
	play(t, []scenario{
		{"fewer-signatures-than-the-threshold", func(b *bench) {
			keys := newKeys(b.t, 3)
			b.Allow("root", "snapshot", 3, keys...)
			b.SignWith("snapshot", keys...)
			b.Publish("root")
			b.all()
			b.start()
			b.refresh(0)
			b.SignWith("snapshot", keys[:2]...)
			b.all()
			b.refresh(1)
			b.trusts("root 2, snapshot 2, targets 2, timestamp 3")
		}},
		{"a-threshold-above-the-keys-is-a-valid-root-and-nothing-more", func(b *bench) {
			b.Allow("root", "snapshot", 6, newKeys(b.t, 5)...)
			b.Publish("root", "snapshot", "timestamp")
			b.start()
			b.refresh(1)
			b.trusts("root 2, timestamp 2")
		}},
	})
}

func TestKeysCountOnce(t *testing.T) {
	play(t, []scenario{
		{"one-key-listed-often-counts-once", func(b *bench) {
			k := newKeys(b.t, 1)[0]
			b.Allow("root", "snapshot", 3, k, k, k, k)
			b.SignWith("snapshot", k)
			b.Publish("root", "snapshot", "timestamp")
			b.start()
			b.refresh(1)
		}},
		{"one-key-under-two-names-counts-once", func(b *bench) {
			k := newKeys(b.t, 1)[0]
			twin := *k
			twin.Public = map[string]any{"again": true}
			for name, value := range k.Public {
				twin.Public[name] = value
			}
			twin.Rename()
			b.Allow("root", "snapshot", 2, k, &twin)
			b.SignWith("snapshot", k, &twin)
			b.Publish("root", "snapshot", "timestamp")
			b.start()
			b.refresh(1)
		}},
		{"one-key-may-not-sign-twice", func(b *bench) {
			b.resealed("snapshot", func(sigs []any) []any { return append(sigs, sigs[0]) })
			b.start()
			b.refresh(1)
			b.trusts("root 1, timestamp 1")
		}},
	})
}

func TestOddKeys(t *testing.T) {
	play(t, []scenario{
		{"a-bad-signature-beside-enough-good-ones-does-no-harm", func(b *bench) {
			keys := newKeys(b.t, 2)
			b.Allow("root", "timestamp", 1, keys...)
			b.SignWith("timestamp", keys...)
			b.Publish("root", "timestamp")
			for _, sig := range []string{"", "00ff"} {
				b.resealed("timestamp", func(sigs []any) []any {
					sigs[0].(map[string]any)["sig"] = sig
					return sigs
				})
			}
			b.start()
			b.refresh(0)
		}},
		{"the-name-of-an-algorithm-in-a-key-means-nothing", func(b *bench) {
			k := newKeys(b.t, 1)[0]
			k.Public["keyid_hash_algorithms"] = []any{"md5"}
			k.Rename()
			b.Allow("root", "snapshot", 1, k)
			b.SignWith("snapshot", k)
			b.Publish("root", "snapshot", "timestamp")
			b.start()
			b.refresh(0)
		}},
		{"a-key-of-the-wrong-length-is-refused-and-breaks-nothing", func(b *bench) {
			k := newKeys(b.t, 1)[0]
			k.Public["keyval"] = map[string]any{"public": "00ff"}
			k.Rename()
			b.Allow("root", "timestamp", 1, k)
			b.Publish("root", "timestamp")
			b.start()
			b.refresh(1)
			b.trusts("root 1")
		}},
	})
}

// rotation is one version of a role: which of ten keys may sign, how many
// have to, and which do.
type rotation struct {
	keys      []int
	threshold int
	signers   []int
}

func pick(keys []*trusttest.Key, which []int) []*trusttest.Key {
	var out []*trusttest.Key
	for _, i := range which {
		out = append(out, keys[i])
	}
	return out
}

func TestRotationOfRootKeys(t *testing.T) {
	five, other := []int{0, 1, 2, 3, 4}, []int{0, 1, 3, 4, 5}
	for _, tt := range []struct {
		name     string
		versions []rotation
		good     int // versions that have to be accepted
	}{
		{"one-of-one", []rotation{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{2, 1}}, {[]int{2}, 1, []int{2}}}, 3},
		{"signatures-of-strangers-do-no-harm", []rotation{{[]int{1}, 1, []int{3, 1, 4}}, {[]int{2}, 1, []int{3, 2, 1, 4}}, {[]int{2}, 1, []int{3, 2, 4}}}, 3},
		{"three-of-five-in-turn", []rotation{{five, 3, []int{0, 2, 4}}, {five, 3, []int{0, 4, 1}}, {five, 3, []int{0, 1, 3}}}, 3},
		{"one-of-five-replaced", []rotation{{five, 3, []int{0, 2, 4}}, {other, 3, []int{0, 4, 1}}}, 2},
		{"one-of-five-replaced-in-two-steps", []rotation{{five, 3, []int{0, 2, 4}}, {other, 3, []int{0, 2, 4, 5}}, {other, 3, []int{0, 4, 5}}}, 3},
		{"all-replaced", []rotation{{five, 3, []int{0, 2, 4}}, {[]int{5, 6, 7, 8, 9}, 3, []int{0, 2, 4, 5, 6, 7}}, {[]int{5, 6, 7, 8, 9}, 3, []int{5, 6, 7}}}, 3},
		{"threshold-raised", []rotation{{[]int{1, 2, 3}, 1, []int{1}}, {[]int{1, 2, 3}, 2, []int{1, 2}}}, 2},
		{"threshold-lowered", []rotation{{[]int{1, 2, 3}, 2, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1}}}, 3},
		{"old-key-missing", []rotation{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{2, 3, 4}}}, 1},
		{"new-key-missing", []rotation{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{1, 3, 4}}}, 1},
		{"too-few-new-keys", []rotation{{five, 3, []int{0, 2, 4}}, {other, 3, []int{0, 2, 4}}}, 1},
		{"too-few-old-keys", []rotation{{five, 3, []int{0, 2, 4}}, {other, 3, []int{0, 4, 5}}}, 1},
		{"new-threshold-not-met", []rotation{{[]int{1, 2, 3}, 1, []int{1}}, {[]int{1, 2, 3}, 2, []int{2}}}, 1},
		{"old-threshold-not-met", []rotation{{[]int{1, 2, 3}, 2, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1}}}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			keys := newKeys(t, 10)
			b.Restart("root", 0)
			for _, v := range tt.versions {
				b.Allow("root", "root", v.threshold, pick(keys, v.keys)...)
				b.SignWith("root", pick(keys, v.signers)...)
				b.Publish("root")
			}
			b.all()
			b.start()
			if tt.good == len(tt.versions) {
				b.refresh(0)
				b.trusts(fmt.Sprintf("root %d, snapshot 2, targets 2, timestamp 2", tt.good))
				return
			}
			b.refresh(1)
			b.trusts(fmt.Sprintf("root %d", tt.good))
		})
	}
}

func TestRotationOfOtherKeys(t *testing.T) {
	five, other := []int{0, 1, 2, 3, 4}, []int{0, 1, 3, 4, 5}
	for name, tt := range map[string]struct {
		rotation
		status int
	}{
		"one-of-one":                         {rotation{[]int{2}, 1, []int{2}}, 0},
		"signatures-of-strangers-do-no-harm": {rotation{[]int{1}, 1, []int{3, 1, 4}}, 0},
		"new-key-missing":                    {rotation{[]int{2}, 1, []int{1, 3, 4}}, 1},
		"one-of-three-by-a-revoked-key":      {rotation{other, 3, []int{0, 2, 4}}, 1},
		"too-few":                            {rotation{other, 3, []int{0, 4}}, 1},
		"three-of-five":                      {rotation{five, 3, []int{0, 2, 4}}, 0},
		"three-of-five-in-another-order":     {rotation{five, 3, []int{4, 3, 1}}, 0},
	} {
		for _, role := range []string{"timestamp", "snapshot", "targets"} {
			t.Run(name+"-"+role, func(t *testing.T) {
				b := newBench(t)
				keys := newKeys(t, 10)
				b.start()
				b.refresh(0)
				b.Allow("root", role, tt.threshold, pick(keys, tt.keys)...)
				b.SignWith(role, pick(keys, tt.signers)...)
				b.Publish("root")
				b.all()
				b.refresh(tt.status)
			})
		}
	}
}
