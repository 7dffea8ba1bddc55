package mirror_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// crash is a mirror before a run, and what the run would lead to.
type crash struct {
	r             *trusttest.Repo
	before, whole *durabletest.Disk
	was, will     string
	window        bool // an instant in which a workstation is refused is allowed
	states        int
	refused       int
}

// losses are the ways of coming back from a power cut at operation n. All of
// them are tried with RELEVE_CRASH=full; else those around renames and
// removals, and some of the others.
func (c *crash) losses(n int) []durabletest.Loss {
	all := []durabletest.Loss{
		durabletest.LoseAll(), durabletest.KeepAll(), durabletest.LoseSome(uint64(n)), durabletest.LoseSome(uint64(n) + 1000),
	}
	near := strings.HasPrefix(c.whole.Op(n), "re") || strings.HasPrefix(c.whole.Op(n-1), "re")
	switch {
	case os.Getenv("RELEVE_CRASH") == "full":
		return all
	case near:
		return all[n%4 : n%4+1]
	case n%23 == 0:
		return all[2:3]
	}
	return nil
}

// TestCrash cuts the power before every operation of a run, and reads what is
// left as a workstation does: the former state or the new one. Then the run is
// made again.
func TestCrash(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(r *trusttest.Repo)
		window bool
	}{
		{"new-documents", next, false},
		{"new-roots", func(r *trusttest.Repo) { r.PublishRoot(); r.PublishRoot(); next(r) }, false},
		{"a-new-timestamp-key", func(r *trusttest.Repo) { r.NewKey("timestamp"); r.Rekey(); next(r) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &crash{r: trusttest.New(t), window: test.window}
			for range 2 { // so that there is something to prune
				next(c.r)
				c.before = grown(t, c.r, c.before)
			}
			c.was = mustState(t, c.r, c.before)
			test.change(c.r)
			c.whole = c.before.Clone()
			_, err := mirror.Run(t.Context(), config(c.r), c.whole, true)
			must(t, err)
			c.will = mustState(t, c.r, c.whole)
			for n := 1; n <= c.whole.Ops(); n++ {
				c.cut(t, n)
			}
			t.Logf("%d operations, %d states, a workstation was refused in %d", c.whole.Ops(), c.states, c.refused)
			if c.refused > 0 && !test.window {
				t.Error("no state may refuse a workstation here")
			}
		})
	}
}

// grown gives the disk after one more run, all of it durable.
func grown(t *testing.T, r *trusttest.Repo, d *durabletest.Disk) *durabletest.Disk {
	t.Helper()
	if d == nil {
		d = durabletest.NewDisk()
	}
	copied(t, config(r), d)
	return d.Restart(durabletest.KeepAll())
}

func mustState(t *testing.T, r *trusttest.Repo, d *durabletest.Disk) string {
	t.Helper()
	s, err := state(r.Root(), served{d}, trusttest.Start)
	must(t, err)
	return s
}

// cut lets the power fail before operation n.
func (c *crash) cut(t *testing.T, n int) {
	for i, loss := range c.losses(n) {
		d := c.before.Clone()
		d.CutBefore(n)
		if _, err := mirror.Run(t.Context(), config(c.r), d, true); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut before operation %d: got %v", n, err)
		}
		c.states++
		after := d.Restart(loss)
		got, err := state(c.r.Root(), served{after}, trusttest.Start)
		switch {
		case c.window && codeOf(err) == trust.CodeBadSignature:
			c.refused++
		case err != nil || got != c.was && got != c.will:
			t.Errorf("cut before operation %d (%s), loss %d: got %q, %v", n, c.whole.Op(n), i, got, err)
		}
		if _, err := mirror.Run(t.Context(), config(c.r), after, true); err != nil {
			t.Errorf("cut before operation %d (%s), loss %d, run again: %v", n, c.whole.Op(n), i, err)
		}
		if got, err := state(c.r.Root(), served{after}, trusttest.Start); err != nil || got != c.will {
			t.Errorf("cut before operation %d (%s), loss %d, run again: got %q, %v", n, c.whole.Op(n), i, got, err)
		}
	}
}

// TestCrashOfABundle cuts the power before every operation of making a bundle
// in place of an older one: the name holds the one or the other whole.
func TestCrashOfABundle(t *testing.T) {
	r := trusttest.New(t)
	create := func(d *durabletest.Disk) error {
		_, err := mirror.CreateBundle(t.Context(), config(r), d, "stick.zip", false)
		return err
	}
	before := durabletest.NewDisk()
	must(t, create(before))
	before = before.Restart(durabletest.KeepAll())
	next(r)
	whole := before.Clone()
	must(t, create(whole))
	was, will := before.Snapshot()["stick.zip"], whole.Snapshot()["stick.zip"]
	if len(was) == 0 || was == will {
		t.Fatalf("bundles of %d and %d bytes", len(was), len(will))
	}
	for n := 1; n <= whole.Ops(); n++ {
		d := before.Clone()
		d.CutBefore(n)
		if err := create(d); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut before operation %d: got %v", n, err)
		}
		for _, loss := range []durabletest.Loss{durabletest.LoseAll(), durabletest.LoseSome(uint64(n)), durabletest.KeepAll()} {
			after := d.Restart(loss)
			if got := after.Snapshot()["stick.zip"]; got != was && got != will {
				t.Errorf("cut before operation %d (%s): a bundle of %d bytes", n, whole.Op(n), len(got))
			}
			if n%7 == 0 {
				must(t, create(after))
				if got := after.Snapshot(); got["stick.zip"] != will || len(got) != 1 {
					t.Errorf("cut before operation %d (%s), made again: %d bytes, %d files", n, whole.Op(n), len(got["stick.zip"]), len(got))
				}
			}
		}
	}
	t.Logf("%d operations", whole.Ops())
}
