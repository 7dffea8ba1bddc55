package backendtest

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
)

func (s Suite) reinstall(t *testing.T) {
	m := s.at(t, "1.0")
	m.commit(t, backend.Uninstall, "")
	m.commit(t, backend.Install, "1.0")
}

// rollback returns to the version before without a package of it, and back.
func (s Suite) rollback(t *testing.T) {
	m := s.at(t, "1.0")
	m.commit(t, backend.Update, "2.0")
	for _, to := range []string{"1.0", "2.0"} {
		if got := m.state(t).Kept; !slices.Contains(got, to) {
			t.Fatalf("kept: got %v, want %q among them", got, to)
		}
		m.commit(t, backend.Rollback, to)
	}
}

func (s Suite) notKept(t *testing.T) {
	m := s.at(t, "1.0")
	j := m.job(t, backend.Rollback, "0.9")
	if _, err := m.Open().Prepare(t.Context(), j); !errors.Is(err, backend.ErrNotKept) {
		t.Errorf("prepare: got %v, want an error that is ErrNotKept", err)
	}
	m.check(t, "1.0")
}

func (s Suite) applyTwice(t *testing.T) {
	for _, c := range changes() {
		t.Run(string(c.action), func(t *testing.T) {
			m := s.at(t, c.past...)
			j := m.job(t, c.action, c.to)
			u := m.prepare(t, j)
			m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
			once := m.Tree()
			m.must(t, "apply again", apply(t.Context(), m.Open(), j, u))
			if twice := m.Tree(); !maps.Equal(once, twice) {
				t.Errorf("after the second apply\n got %v\nwant %v", twice, once)
			}
			m.must(t, "settle", m.Open().Settle(t.Context(), j, u, true))
			m.check(t, c.to)
		})
	}
}

// revert undoes each change so many times, after Apply or without it.
func (s Suite) revert(t *testing.T, applied bool, times int) {
	for _, c := range changes() {
		t.Run(string(c.action), func(t *testing.T) {
			m := s.at(t, c.past...)
			tree, state := m.Tree(), m.state(t)
			j := m.job(t, c.action, c.to)
			u := m.prepare(t, j)
			if applied {
				m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
			}
			j.New = nil // after a crash the new package may be gone
			for range times {
				m.must(t, "revert", revert(t.Context(), m.Open(), j, u))
			}
			m.must(t, "settle", m.Open().Settle(t.Context(), j, u, false))
			m.unchanged(t, tree, state)
		})
	}
}

// unchanged makes sure that the component is what it was.
func (m *bench) unchanged(t *testing.T, tree map[string]string, state backend.State) {
	t.Helper()
	if got := m.Tree(); !maps.Equal(got, tree) {
		t.Errorf("component\n got %v\nwant %v", got, tree)
	}
	if got := m.state(t); got.Version != state.Version || got.Digest != state.Digest || !slices.Equal(got.Kept, state.Kept) {
		t.Errorf("state\n got %+v\nwant %+v", got, state)
	}
	m.check(t, state.Version)
}

func (s Suite) applyAfterRevert(t *testing.T) {
	for _, c := range changes() {
		t.Run(string(c.action), func(t *testing.T) {
			m := s.at(t, c.past...)
			j := m.job(t, c.action, c.to)
			u := m.prepare(t, j)
			for range 2 {
				m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
				m.must(t, "revert", revert(t.Context(), m.Open(), j, u))
			}
			m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
			m.must(t, "settle", m.Open().Settle(t.Context(), j, u, true))
			m.check(t, c.to)
		})
	}
}

func (s Suite) settleTwice(t *testing.T) {
	m := s.at(t, "1.0")
	m.commit(t, backend.Update, "2.0")
	j := m.job(t, backend.Update, "3.0")
	u := m.prepare(t, j)
	m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
	m.must(t, "settle", m.Open().Settle(t.Context(), j, u, true))
	m.must(t, "settle again", m.Open().Settle(t.Context(), j, u, true))
	m.check(t, "3.0")
	if got, want := m.state(t).Kept, []string{"2.0"}; !slices.Equal(got, want) {
		t.Errorf("kept: got %v, want %v", got, want)
	}
}

func (s Suite) inspect(t *testing.T) {
	m := s.at(t, "1.0")
	tree, state := m.Tree(), m.state(t)
	for range 3 {
		m.unchanged(t, tree, state)
	}
	if got, err := m.Open().Inspect(t.Context(), backend.Subject{Name: "another"}); err != nil || got.Version != "" || len(got.Kept) > 0 {
		t.Errorf("inspect of what is not installed: got %+v, %v", got, err)
	}
}

func (s Suite) sweep(t *testing.T) {
	m := s.at(t, "1.0")
	m.commit(t, backend.Update, "2.0")
	tree, state := m.Tree(), m.state(t)
	m.prepare(t, m.job(t, backend.Update, "3.0"))
	m.prepare(t, m.job(t, backend.Uninstall, ""))
	for range 2 {
		m.must(t, "sweep", m.Open().Sweep(t.Context()))
		m.unchanged(t, tree, state)
	}
}
