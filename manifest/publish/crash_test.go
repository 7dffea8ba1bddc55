package publish_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

var errPower = errors.New("power cut")

// change is one way to change a repository.
type change struct {
	name string
	do   func(r *publish.Repo) error
}

// changes are the ways to change a repository, in an order in which each
// works.
func changes(t *testing.T) []change {
	ctx := context.Background()
	return []change{
		{"delegate", func(r *publish.Repo) error { return r.Delegate("ans", []string{"components/cryptolib-cps/**"}) }},
		{"add", func(r *publish.Repo) error {
			_, err := r.Add(ctx, addition(t, "cryptolib-cps", "5.1.8"))
			return err
		}},
		{"describe", func(r *publish.Repo) error {
			return r.SetComponent("cryptolib-cps", publish.Description{Title: manifest.Text{FR: "Cryptolib", EN: "Cryptolib"}})
		}},
		{"channel", func(r *publish.Repo) error { return r.SetChannel("stable", "cryptolib-cps", []string{"5.1.8"}) }},
		{"publish", func(r *publish.Repo) error { return r.Publish(ctx) }},
		{"add-more", func(r *publish.Repo) error {
			_, err := r.Add(ctx, addition(t, "cryptolib-cps", "5.2.1"))
			return err
		}},
		{"add-old-bulk", func(r *publish.Repo) error {
			_, err := r.Add(ctx, bulk(t, "cryptolib-cps", "5.3.0"))
			return err
		}},
		{"add-new-bulk", func(r *publish.Repo) error {
			_, err := r.Add(ctx, bulk(t, "cryptolib-cps", "5.3.1"))
			return err
		}},
		{"delta", func(r *publish.Repo) error {
			report, err := r.Delta(ctx, "cryptolib-cps", "5.3.0", "5.3.1", "")
			if err == nil && report.Delta.Path == "" {
				err = errors.New("no delta came of it")
			}
			return err
		}},
		{"publish-and-renew", func(r *publish.Repo) error { return r.Publish(ctx, "targets", "ans") }},
	}
}

// keyChanges go on with changes that need keys beside those of newRepo, which
// they make in keys.
func keyChanges(t *testing.T, keys publish.KeyStore) []change {
	ctx := context.Background()
	office := publish.NewMemoryKeys()
	cnam := []publish.PublicKey{newKey(t, office, "cnam-1"), newKey(t, office, "cnam-2"), newKey(t, office, "cnam-3")}
	ans, root := newKey(t, keys, "ans-b"), newKey(t, keys, "root-d")
	timestamp, targets := newKey(t, keys, "timestamp-b"), newKey(t, keys, "targets-b")
	return []change{
		{"delegate-with-keys", func(r *publish.Repo) error {
			return r.DelegateKeys("cnam", []string{"components/srvsvcnam/**"}, cnam, 2)
		}},
		{"publish-only-the-dates", func(r *publish.Repo) error { return r.PublishOnly(ctx, "timestamp") }},
		{"finish-role", func(r *publish.Repo) error {
			d, err := r.PrepareRole("cnam")
			if err != nil {
				return err
			}
			if _, err := d.Sign(office); err != nil {
				return err
			}
			return r.FinishRole(ctx, d)
		}},
		{"publish-a-publisher", func(r *publish.Repo) error { return r.Publish(ctx) }},
		{"rotate", func(r *publish.Repo) error {
			return r.Rotate("ans", publish.KeyChange{Add: []publish.PublicKey{ans}, Remove: []string{"ans"}})
		}},
		{"publish-a-rotation", func(r *publish.Repo) error { return r.Publish(ctx) }},
		{"finish-root", func(r *publish.Repo) error {
			return r.NextRoot(publish.RootChange{
				"root":      {Add: []publish.PublicKey{root}, Remove: []string{"root-2"}},
				"timestamp": {Add: []publish.PublicKey{timestamp}, Remove: []string{"timestamp"}},
				"targets":   {Add: []publish.PublicKey{targets}, Remove: []string{"targets"}},
			})
		}},
		{"publish-a-root", func(r *publish.Repo) error { return r.Publish(ctx, "targets") }},
		{"publish-again", func(r *publish.Repo) error { return r.Publish(ctx) }},
	}
}

func newKey(t *testing.T, keys publish.KeyStore, name string) publish.PublicKey {
	t.Helper()
	if _, err := keys.Create(name); err != nil {
		t.Fatal(err)
	}
	key, err := publish.PublicKeyOf(keys, name)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reopened gives a copy of the repository, as after a restart.
func reopened(t *testing.T, c publish.Config) (*publish.Repo, publish.Config) {
	t.Helper()
	next := c
	next.Dir = t.TempDir()
	if err := os.CopyFS(next.Dir, os.DirFS(c.Dir)); err != nil {
		t.Fatal(err)
	}
	r, err := publish.Open(next)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, next
}

func TestAnInterruptionLeavesWhatWasPublishedWhole(t *testing.T) {
	_, c := newRepo(t)
	points := 0
	for _, change := range slices.Concat(changes(t), keyChanges(t, c.Keys)) {
		for n := 0; ; n++ {
			r, cut := reopened(t, c)
			left := n
			r.Before(func(string) error {
				if left--; left < 0 {
					return errPower
				}
				return nil
			})
			err := change.do(r)
			if err == nil {
				c = cut // all of it happened
				break
			}
			if !errors.Is(err, errPower) {
				t.Fatalf("%s: write %d: got %v, want the power cut", change.name, n, err)
			}
			points++
			again, _ := reopened(t, cut)
			if _, err := again.Verify(t.Context()); err != nil {
				t.Errorf("%s: cut before write %d: %v", change.name, n+1, err)
			}
			if err := change.do(again); err != nil {
				t.Errorf("%s: cut before write %d: done again: %v", change.name, n+1, err)
			}
			if _, err := again.Verify(t.Context()); err != nil {
				t.Errorf("%s: cut before write %d: done again: %v", change.name, n+1, err)
			}
		}
	}
	t.Logf("%d points", points)
}

func TestAnInterruptedBeginningIsBegunAgain(t *testing.T) {
	first := func(c publish.Config) *publish.Draft {
		d, err := publish.PrepareRoot(c, firstRoot(t, c.Keys))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Sign(c.Keys); err != nil {
			t.Fatal(err)
		}
		return d
	}
	begin := map[string]func(c publish.Config) error{
		"init": func(c publish.Config) error {
			r, err := publish.Init(c)
			if err != nil {
				return err
			}
			return r.Close()
		},
		"ceremony": func(c publish.Config) error { return publish.FinishRoot(c, first(c)) },
	}
	for name, do := range begin {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				c := publish.Config{Dir: t.TempDir(), Keys: publish.NewMemoryKeys(), Now: now}
				left, whole := n, c
				c.Before(func(string) error {
					if left--; left < 0 {
						return errPower
					}
					return nil
				})
				err := do(c)
				if err == nil {
					break
				}
				if !errors.Is(err, errPower) {
					t.Fatalf("write %d: %v", n, err)
				}
				if err := do(whole); err != nil {
					t.Fatalf("write %d: done again: %v", n, err)
				}
				r, err := publish.Open(whole)
				if err != nil {
					t.Fatalf("write %d: %v", n, err)
				}
				if err := r.Publish(t.Context()); err != nil {
					t.Errorf("write %d: publish: %v", n, err)
				}
				if _, err := r.Verify(t.Context()); err != nil {
					t.Errorf("write %d: %v", n, err)
				}
			}
		})
	}
}

// firstRoot gives keys for each role of root; those that are missing are made.
func firstRoot(t *testing.T, keys publish.KeyStore) publish.RootChange {
	t.Helper()
	change := publish.RootChange{}
	for role, names := range map[string][]string{
		"root": {"holder-a", "holder-b", "holder-c"}, "targets": {"targets"}, "snapshot": {"snapshot"}, "timestamp": {"timestamp"},
	} {
		var k publish.KeyChange
		for _, name := range names {
			if !keys.Has(name) {
				newKey(t, keys, name)
			}
			key, err := publish.PublicKeyOf(keys, name)
			if err != nil {
				t.Fatal(err)
			}
			k.Add = append(k.Add, key)
		}
		change[role] = k
	}
	return change
}

// TestALostKeyLeavesNothingThatCannotBeDoneAgain replaces an online key that
// nobody has any more: then the root has to become visible before the new
// timestamp, and between the two a client refuses.
func TestALostKeyLeavesNothingThatCannotBeDoneAgain(t *testing.T) {
	r, c := newRepo(t)
	timestamp := newKey(t, c.Keys, "timestamp-b")
	if err := r.NextRoot(publish.RootChange{
		"timestamp": {Add: []publish.PublicKey{timestamp}, Remove: []string{"timestamp"}},
	}); err != nil {
		t.Fatal(err)
	}
	c.Keys = without(c.Keys, "timestamp")
	for n := range 3 { // snapshot, root, timestamp
		cut, cc := reopened(t, c)
		left := n
		cut.Before(func(string) error {
			if left--; left < 0 {
				return errPower
			}
			return nil
		})
		if err := cut.Publish(t.Context()); !errors.Is(err, errPower) {
			t.Fatalf("write %d: got %v, want the power cut", n, err)
		}
		again, _ := reopened(t, cc)
		_, err := again.Verify(t.Context())
		if got, want := err == nil, n < 2; got != want {
			t.Errorf("write %d: a client reads it: got %t, want %t (%v)", n, got, want, err)
		}
		if err := again.Publish(t.Context()); err != nil {
			t.Errorf("write %d: done again: %v", n, err)
		}
		if _, err := again.Verify(t.Context()); err != nil {
			t.Errorf("write %d: done again: %v", n, err)
		}
	}
}

// without is a key store that has lost a key.
func without(keys publish.KeyStore, name string) publish.KeyStore { return lossy{keys, name} }

type lossy struct {
	publish.KeyStore
	lost string
}

func (l lossy) Has(name string) bool { return name != l.lost && l.KeyStore.Has(name) }
