package backendtest

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// interrupted cuts the power before and after every operation of every change,
// makes the calls that the engine would make then, and expects the component
// to be wholly old or wholly new.
func (s Suite) interrupted(t *testing.T) {
	points := 0
	for _, c := range changes() {
		base := durabletest.NewDisk()
		begin(t, s.OnDisk(t, base), c.past...)
		base = base.Restart(durabletest.KeepAll())
		for n := 1; ; n++ {
			done := 0
			for _, after := range []bool{false, true} {
				if s.cut(t, base, c, n, after) {
					done++
				}
				points++
			}
			if done == 2 || t.Failed() {
				break
			}
		}
	}
	t.Logf("%d points", points)
}

// progress is how far a change came before the power went.
type progress struct {
	undo    backend.Undo // nil: Prepare had not returned
	applied bool         // Apply had returned, so that the engine commits
	settled bool
}

// cut makes a change on a copy of base that loses power at operation n, and
// tries every way of coming back. It reports whether the change was complete
// before operation n came.
func (s Suite) cut(t *testing.T, base *durabletest.Disk, c change, n int, after bool) bool {
	t.Helper()
	disk := base.Clone()
	if after {
		disk.CutAfter(n)
	} else {
		disk.CutBefore(n)
	}
	m := &bench{Bench: s.OnDisk(t, disk), jobs: 7}
	j := m.job(t, c.action, c.to)
	p := m.attempt(t, j)
	for _, loss := range losses() {
		again := disk.Restart(loss.loss)
		r := &bench{Bench: s.OnDisk(t, again), rest: restOf(s.OnDisk(t, base))}
		want := c.from()
		if p.applied {
			want = c.to
		}
		if err := r.recover(t, j, p); err != nil {
			t.Errorf("%s, cut after=%v %d (%s), %s: %v", c.action, after, n, disk.Op(n), loss.name, err)
			continue
		}
		for _, problem := range r.problems(t, want) {
			t.Errorf("%s, cut after=%v %d (%s), %s: %s", c.action, after, n, disk.Op(n), loss.name, problem)
		}
	}
	return p.settled
}

func restOf(b Bench) map[string]string { return maps.Clone(b.Rest()) }

// attempt makes the calls of a change until one fails.
func (m *bench) attempt(t *testing.T, j backend.Job) progress {
	t.Helper()
	var p progress
	b := m.Open()
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		m.expectPower(t, err)
		return p
	}
	p.undo = u
	if err := apply(t.Context(), b, j, u); err != nil {
		m.expectPower(t, err)
		return p
	}
	p.applied = true
	if err := b.Settle(t.Context(), j, u, true); err != nil {
		m.expectPower(t, err)
		return p
	}
	p.settled = true
	return p
}

func (m *bench) expectPower(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, durabletest.ErrPower) {
		t.Errorf("got %v, want ErrPower", err)
	}
}

// recover does what the engine would do at the next start.
func (m *bench) recover(t *testing.T, j backend.Job, p progress) error {
	t.Helper()
	b := m.Open()
	j.New = nil
	switch {
	case p.settled || p.undo == nil:
	case p.applied:
		if err := b.Settle(t.Context(), j, p.undo, true); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	default:
		if err := revert(t.Context(), b, j, p.undo); err != nil {
			return fmt.Errorf("revert: %w", err)
		}
		if err := b.Settle(t.Context(), j, p.undo, false); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	return b.Sweep(t.Context())
}

type namedLoss struct {
	name string
	loss durabletest.Loss
}

// losses are the ways in which the machine may come back.
func losses() []namedLoss {
	out := []namedLoss{
		{"everything kept", durabletest.KeepAll()},
		{"unsynced lost", durabletest.LoseAll()},
		{"process killed", durabletest.Killed()},
	}
	for seed := range uint64(4) {
		out = append(out, namedLoss{fmt.Sprintf("seed %d", seed), durabletest.LoseSome(seed)})
	}
	return out
}

// UntilPowerFails runs what the power ends in the middle of an installer: one
// whose work calls runtime.Goexit.
func UntilPowerFails(t *testing.T, run func() error) {
	t.Helper()
	over, whole := make(chan struct{}), false
	go func() {
		defer close(over)
		_ = run()
		whole = true
	}()
	if <-over; whole {
		t.Fatal("the power did not fail")
	}
}
