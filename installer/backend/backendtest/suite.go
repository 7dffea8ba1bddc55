// Package backendtest holds the suite that every backend passes, a backend in
// memory that passes it too, and packages in memory.
//
// What passing means: the engine may lose power between any two calls, and
// with a disk that can lose power also inside them, and the component is then
// wholly old or wholly new after the calls that package backend prescribes.
package backendtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

// Component is the component that the suite installs.
const Component = "sample"

// Files is what the suite's packages hold at a version.
func Files(version string) map[string]string {
	return map[string]string{
		"VERSION":        version,
		"bin/sample":     "program of " + version,
		"lib/deep/a.dat": "data of " + version,
		"lib/same.dat":   "the same in every version",
	}
}

// Bench is a machine to try a backend on.
type Bench struct {
	// Open returns the backend as a new process would make it.
	Open func() backend.Backend

	// Package returns a package of Component at a version.
	Package func(version string) backend.Package

	// Tree is the component as its programs see it, path to content; empty
	// when it is not installed.
	Tree func() map[string]string

	// Rest is everything on the machine that is not the backend's.
	Rest func() map[string]string

	// Leftovers names what must not be there when no run is open.
	Leftovers func() []string
}

// Suite is the conformance suite.
type Suite struct {
	// New returns a fresh machine.
	New func(t *testing.T) Bench

	// OnDisk returns the machine that a disk holds; an empty disk is a fresh
	// machine. Nil when the backend cannot run on such a disk: then nothing is
	// interrupted.
	OnDisk func(t *testing.T, d *durabletest.Disk) Bench
}

// Run runs every test; a backend's own test file is one call to it.
func (s Suite) Run(t *testing.T) {
	for _, c := range changes() {
		t.Run(string(c.action), func(t *testing.T) { s.at(t, c.past...).commit(t, c.action, c.to) })
	}
	t.Run("uninstall-reinstall", s.reinstall)
	t.Run("rollback-without-package", s.rollback)
	t.Run("rollback-to-nothing-kept", s.notKept)
	t.Run("apply-twice-is-apply-once", s.applyTwice)
	t.Run("revert-restores", func(t *testing.T) { s.revert(t, true, 1) })
	t.Run("revert-twice-is-revert-once", func(t *testing.T) { s.revert(t, true, 2) })
	t.Run("revert-without-apply", func(t *testing.T) { s.revert(t, false, 1) })
	t.Run("apply-after-revert", s.applyAfterRevert)
	t.Run("settle-twice-is-settle-once", s.settleTwice)
	t.Run("inspect-changes-nothing", s.inspect)
	t.Run("sweep-removes-leftovers", s.sweep)
	if s.OnDisk != nil { // a backend in memory has no operations to interrupt
		t.Run("interrupted-anywhere", s.interrupted)
	}
}

// changes are the changes that the suite makes.
func changes() []change {
	return []change{
		{backend.Install, nil, "1.0"},
		{backend.Update, []string{"1.0"}, "2.0"},
		{backend.Downgrade, []string{"2.0"}, "1.0"},
		{backend.Repair, []string{"1.0"}, "1.0"},
		{backend.Uninstall, []string{"1.0", "2.0"}, ""},
		{backend.Rollback, []string{"1.0", "2.0"}, "1.0"},
	}
}

// change is an action on a machine that had the versions past, one after the
// other.
type change struct {
	action backend.Action
	past   []string
	to     string
}

func (c change) from() string {
	if len(c.past) == 0 {
		return ""
	}
	return c.past[len(c.past)-1]
}

// bench is a Bench with what the suite remembers of it.
type bench struct {
	Bench
	jobs int
	rest map[string]string
}

// at returns a fresh machine that had versions, one after the other.
func (s Suite) at(t *testing.T, versions ...string) *bench {
	t.Helper()
	return begin(t, s.New(t), versions...)
}

func begin(t *testing.T, b Bench, versions ...string) *bench {
	t.Helper()
	m := &bench{Bench: b, rest: b.Rest()}
	action := backend.Install
	for _, v := range versions {
		m.commit(t, action, v)
		action = backend.Update
	}
	return m
}

// job makes the next job.
func (m *bench) job(t *testing.T, action backend.Action, to string) backend.Job {
	t.Helper()
	m.jobs++
	j := backend.Job{
		ID:        fmt.Sprintf("job-%d", m.jobs),
		Action:    action,
		Component: Component,
		From:      m.state(t).Version,
		To:        to,
		Progress:  func(int64, int64) {},
		Tell:      func(string, map[string]string) {},
	}
	if to != "" {
		j.Release = manifest.Release{Version: to}
	}
	if to != "" && action != backend.Rollback { // which goes by what is kept
		j.New = m.Package(to)
	}
	return j
}

func (m *bench) state(t *testing.T) backend.State {
	t.Helper()
	state, err := m.Open().Inspect(t.Context(), backend.Subject{Name: Component})
	if err != nil {
		t.Fatalf("inspect: %v", err)
	}
	return state
}

// prepare begins a job.
func (m *bench) prepare(t *testing.T, j backend.Job) backend.Undo {
	t.Helper()
	before := m.Tree()
	u, err := m.Open().Prepare(t.Context(), j)
	if err != nil {
		t.Fatalf("prepare %s %q: %v", j.Action, j.To, err)
	}
	if after := m.Tree(); !maps.Equal(before, after) {
		t.Errorf("prepare changed the component\n got %v\nwant %v", after, before)
	}
	return u
}

// commit makes a whole change and checks that it arrived.
func (m *bench) commit(t *testing.T, action backend.Action, to string) {
	t.Helper()
	j := m.job(t, action, to)
	u := m.prepare(t, j)
	m.must(t, "apply", apply(t.Context(), m.Open(), j, u))
	m.must(t, "settle", m.Open().Settle(t.Context(), j, u, true))
	m.check(t, to)
}

func (m *bench) must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func apply(ctx context.Context, b backend.Backend, j backend.Job, u backend.Undo) error {
	_, err := b.Apply(ctx, j, u)
	return err
}

func revert(ctx context.Context, b backend.Backend, j backend.Job, u backend.Undo) error {
	_, err := b.Revert(ctx, j, u)
	return err
}

// check makes sure that exactly a version is installed and nothing of ours
// lies about.
func (m *bench) check(t *testing.T, version string) {
	t.Helper()
	for _, problem := range m.problems(t, version) {
		t.Error(problem)
	}
}

func (m *bench) problems(t *testing.T, version string) []string {
	t.Helper()
	var out []string
	if got := m.state(t).Version; got != version {
		out = append(out, fmt.Sprintf("inspect: got version %q, want %q", got, version))
	}
	tree := m.Tree()
	if (version == "") != (len(tree) == 0) {
		out = append(out, fmt.Sprintf("version %q has the files %v", version, slices.Sorted(maps.Keys(tree))))
	}
	if want, ok := Files(version), tree["VERSION"] != ""; ok && !maps.Equal(tree, want) {
		out = append(out, fmt.Sprintf("files of version %q\n got %v\nwant %v", version, tree, want))
	}
	if rest := m.Rest(); !maps.Equal(rest, m.rest) {
		out = append(out, fmt.Sprintf("foreign files\n got %v\nwant %v", rest, m.rest))
	}
	if left := m.Leftovers(); len(left) > 0 {
		out = append(out, fmt.Sprintf("left behind: %v", left))
	}
	return out
}
