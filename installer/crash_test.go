package installer_test

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// scenario is a change that is interrupted everywhere.
type scenario struct {
	name  string
	setup func(t testing.TB, r *rig) // what was there before
	plan  func() plan.Plan
	fails bool // the plan fails by itself at its last step
}

func scenarios() []scenario {
	install := func(t testing.TB, r *rig) { r.must(t, planOf(backend.Install, "", "1.0")) }
	update := func(t testing.TB, r *rig) {
		install(t, r)
		r.must(t, planOf(backend.Update, "1.0", "2.0"))
	}
	damage := func(t testing.TB, r *rig) {
		install(t, r)
		for _, c := range components {
			if err := r.target.Remove(treeOf(t, r.target, c) + "/bin/" + c); err != nil {
				t.Fatal(err)
			}
		}
	}
	return []scenario{
		{"install", func(testing.TB, *rig) {}, func() plan.Plan { return planOf(backend.Install, "", "1.0") }, false},
		{"update", install, func() plan.Plan { return withDeltas(planOf(backend.Update, "1.0", "2.0")) }, false},
		{"uninstall", update, func() plan.Plan { return planOf(backend.Uninstall, "2.0", "") }, false},
		{"rollback", update, func() plan.Plan { return planOf(backend.Rollback, "2.0", "1.0") }, false},
		{"repair", damage, func() plan.Plan { return planOf(backend.Repair, "1.0", "1.0") }, false},
		{"failing", install, failing, true},
	}
}

// failing is an update whose last step does not pass its probe.
func failing() plan.Plan {
	p := planOf(backend.Update, "1.0", "2.0")
	last := p.Steps[len(p.Steps)-1].Release
	last.Probes[0].Contains = "what is not in the file"
	return p
}

// matrix counts and samples the points of one scenario.
type matrix struct {
	scenario
	base     *durabletest.Disk
	old, new world
	oneOf    int             // of how many second cuts one is tried
	first    map[string]bool // machines after a first cut, see seenBefore
	machines map[string]bool // machines that recovered after any cut
	seconds  int             // second cuts seen
	*tally
}

// tally counts over all scenarios.
type tally struct {
	points   atomic.Int64 // first cuts with one way of coming back each
	machines atomic.Int64 // different machines that recovered
	seconds  atomic.Int64 // second cuts tried, during the recovery of a machine
	all      atomic.Int64 // second cuts there are
	pairs    atomic.Int64 // second cuts tried, with one way of coming back each
}

// sample returns of how many second cuts one is tried: RELEVE_CRASH, or a
// number that makes the matrix a matter of seconds. RELEVE_CRASH=full tries
// all.
func sample(t *testing.T) int {
	text := os.Getenv("RELEVE_CRASH")
	switch text {
	case "":
		return fewCuts
	case "full":
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("RELEVE_CRASH is %q, want a number or full", text)
	}
	return n
}

// TestCrashMatrix cuts the power before and after every operation of every
// scenario, lets the machine come back in several ways, recovers, and cuts the
// power again during the recovery.
func TestCrashMatrix(t *testing.T) {
	var n tally
	oneOf := sample(t)
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				m := &matrix{scenario: s, oneOf: oneOf, tally: &n}
				m.first, m.machines = map[string]bool{}, map[string]bool{}
				m.prepare(t)
				m.run(t)
			})
		}
	})
	t.Logf("crash matrix: %d points, at one operation of %d; %d pairs with a second cut during recovery, "+
		"at %d of %d moments; %d different machines recovered, failed: %v",
		n.points.Load(), everyOp, n.pairs.Load(), n.seconds.Load(), n.all.Load(), n.machines.Load(), t.Failed())
}

// prepare makes the machine before the change, and finds out what it looks
// like before and after.
func (m *matrix) prepare(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	m.setup(t, newRig(disk, "setup"))
	m.base = disk.Restart(durabletest.KeepAll())
	m.old = look(t, m.base)
	after := m.base.Clone()
	res, err := installer.Apply(t.Context(), newRig(after, "dry").deps, m.plan())
	if m.fails != (err != nil) {
		t.Fatalf("without a cut: %+v, %v", res, err)
	}
	m.new = look(t, after)
	if m.fails && !m.new.equal(m.old) {
		t.Fatalf("a failed run changed the machine\n got %+v\nwant %+v", m.new, m.old)
	}
}

func (m *matrix) run(t *testing.T) {
	for n := 1; !t.Failed(); n += everyOp {
		cut := 0
		for _, after := range []bool{false, true} {
			disk := m.base.Clone()
			plant(disk, n, after)
			res, _ := installer.Apply(t.Context(), newRig(disk, "cut").deps, m.plan())
			if !disk.Dead() {
				continue
			}
			cut++
			for _, l := range losses() {
				m.points.Add(1)
				at := fmt.Sprintf("cut %s %d (%s), %s", side(after), n, disk.Op(n), l.name)
				m.comeBack(t, at, disk.Restart(l.loss), res)
			}
		}
		if cut == 0 {
			return
		}
	}
}

// plant lets the power of a disk fail at operation n.
func plant(disk *durabletest.Disk, n int, after bool) {
	if after {
		disk.CutAfter(n)
	} else {
		disk.CutBefore(n)
	}
}

func side(after bool) string {
	if after {
		return "after"
	}
	return "before"
}

// seenBefore reports whether the same machine, down to the last byte and to what a
// sync has covered, is in seen, and adds it. Many cuts leave the same one, and
// what recovers once does so always: nothing here depends on time or chance.
func seenBefore(seen map[string]bool, disk *durabletest.Disk, res installer.Result) bool {
	key := fmt.Sprint(disk.Fingerprint(), res.Outcome == event.Done)
	before := seen[key]
	seen[key] = true
	return before
}

// comeBack recovers a machine as the power cut left it, in one go and with
// further cuts.
func (m *matrix) comeBack(t *testing.T, at string, left *durabletest.Disk, res installer.Result) {
	if seenBefore(m.first, left, res) {
		return
	}
	if !seenBefore(m.machines, left, res) {
		m.tally.machines.Add(1)
	}
	ops := m.recovered(t, at, left.Clone(), res, true)
	for n := 1; n <= ops; n++ {
		for _, after := range []bool{false, true} {
			m.all.Add(1)
			m.seconds++
			if m.seconds%m.oneOf == 0 {
				m.cutAgain(t, at, left, res, n, after)
			}
		}
	}
}

// cutAgain cuts the power at operation n of the recovery of a machine.
func (m *matrix) cutAgain(t *testing.T, at string, left *durabletest.Disk, res installer.Result, n int, after bool) {
	disk := left.Clone()
	plant(disk, n, after)
	_, err := installer.Recover(t.Context(), newRig(disk, "second").deps)
	if !disk.Dead() {
		t.Errorf("%s, %s: a recovery is not like the one before: no operation %d, %v", m.name, at, n, err)
		return
	}
	m.tally.seconds.Add(1)
	for _, l := range losses() {
		m.pairs.Add(1)
		again := disk.Restart(l.loss)
		if !seenBefore(m.machines, again, res) {
			m.tally.machines.Add(1)
			m.recovered(t, fmt.Sprintf("%s, then %s %d (%s), %s", at, side(after), n, disk.Op(n), l.name), again, res, false)
		}
	}
}

// recovered recovers and asks the oracle. It returns how many operations the
// recovery took.
func (m *matrix) recovered(t *testing.T, at string, disk *durabletest.Disk, res installer.Result, repeat bool) int {
	if _, err := installer.Recover(t.Context(), newRig(disk, "back").deps); err != nil {
		t.Errorf("%s, %s: recover: %v", m.name, at, err)
		return 0
	}
	ops := disk.Ops()
	is := look(t, disk)
	switch {
	case is.equal(m.new):
	case is.equal(m.old) && res.Outcome != event.Done:
	default:
		t.Errorf("%s, %s: neither old nor new, or a finished run undone (%s)\n is %+v\nold %+v\nnew %+v",
			m.name, at, res.Outcome, is, m.old, m.new)
		return ops
	}
	for _, problem := range problems(t, disk) {
		t.Errorf("%s, %s: %s", m.name, at, problem)
	}
	if repeat && is.equal(m.old) {
		m.again(t, at, disk)
	}
	return ops
}

// again carries out the plan once more on a machine that recovered.
func (m *matrix) again(t *testing.T, at string, disk *durabletest.Disk) {
	_, err := installer.Apply(t.Context(), newRig(disk, "again").deps, m.plan())
	if m.fails != (err != nil) {
		t.Errorf("%s, %s: repeated run: %v", m.name, at, err)
	}
	if is := look(t, disk); !is.equal(m.new) {
		t.Errorf("%s, %s: repeated run\n got %+v\nwant %+v", m.name, at, is, m.new)
	}
	for _, problem := range problems(t, disk) {
		t.Errorf("%s, %s: repeated run: %s", m.name, at, problem)
	}
}

type namedLoss struct {
	name string
	loss durabletest.Loss
}

// losses are the ways in which a machine comes back.
func losses() []namedLoss {
	return []namedLoss{
		{"unsynced lost", durabletest.LoseAll()},
		{"everything kept", durabletest.KeepAll()},
		{"process killed", durabletest.Killed()},
		{"some lost (1)", durabletest.LoseSome(1)},
		{"some lost (2)", durabletest.LoseSome(2)},
	}
}
