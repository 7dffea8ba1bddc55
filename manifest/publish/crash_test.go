package publish_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

var errPower = errors.New("power cut")

// changes are the ways to change a repository, in an order in which each
// works.
func changes(t *testing.T) []struct {
	name string
	do   func(r *publish.Repo) error
} {
	ctx := context.Background()
	return []struct {
		name string
		do   func(r *publish.Repo) error
	}{
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
		{"publish-and-renew", func(r *publish.Repo) error { return r.Publish(ctx, "targets", "ans") }},
	}
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
	for _, change := range changes(t) {
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
