package installer_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
)

// TestEveryOperationMayFail lets each operation of each scenario fail once,
// with a full disk or a broken one. The run then ends as it was before or as
// it should be, and says which; whatever it could not tidy up is done by the
// next recovery.
func TestEveryOperationMayFail(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := &matrix{scenario: s}
			m.prepare(t)
			points := 0
			for n := 1; ; n++ {
				reached := false
				for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
					disk := m.base.Clone()
					disk.FailAt(n, fault)
					res, err := installer.Apply(t.Context(), newRig(disk, "fault").deps, m.plan())
					reached = reached || disk.Ops() >= n
					points++
					m.afterFault(t, disk, n, res, err)
				}
				if !reached {
					break
				}
			}
			t.Logf("%d points", points)
		})
	}
}

// afterFault checks what a run reported against what is there.
func (m *matrix) afterFault(t *testing.T, disk *durabletest.Disk, n int, res installer.Result, err error) {
	t.Helper()
	at := disk.Op(n)
	is := look(t, disk)
	switch {
	case res.Outcome == event.Done && err == nil && is.equal(m.new):
	case res.Outcome == event.Reverted && err != nil && is.equal(m.old):
	case res.Outcome == event.Stuck && m.fails: // the fault met the undoing
	default:
		t.Errorf("%s, operation %d (%s): outcome %q, %v\n is %+v", m.name, n, at, res.Outcome, err, is)
	}
	disk = disk.Restart(durabletest.Killed()) // with no fault planned any more
	if _, err := installer.Recover(t.Context(), newRig(disk, "back").deps); err != nil {
		t.Errorf("%s, operation %d (%s): recover: %v", m.name, n, at, err)
	}
	want := m.old
	if res.Outcome == event.Done {
		want = m.new
	}
	if is := look(t, disk); !is.equal(want) {
		t.Errorf("%s, operation %d (%s): after recovery\n got %+v\nwant %+v", m.name, n, at, is, want)
	}
	for _, problem := range problems(t, disk) {
		t.Errorf("%s, operation %d (%s): %s", m.name, n, at, problem)
	}
}

// TestRecoveryMayFail lets each operation of a recovery fail once. The next
// recovery then brings the machine back.
func TestRecoveryMayFail(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := &matrix{scenario: s}
			m.prepare(t)
			whole := m.base.Clone()
			_, _ = installer.Apply(t.Context(), newRig(whole, "whole").deps, m.plan()) // prepare looked at it
			for part := 1; part < 8; part++ {
				cut := m.base.Clone()
				cut.CutAfter(whole.Ops() * part / 8)
				res, _ := installer.Apply(t.Context(), newRig(cut, "cut").deps, m.plan()) // it ends as it may
				m.failRecovery(t, cut, res)
			}
		})
	}
}

func (m *matrix) failRecovery(t *testing.T, cut *durabletest.Disk, res installer.Result) {
	t.Helper()
	for n := 1; ; n++ {
		disk := cut.Restart(durabletest.LoseSome(uint64(n)))
		disk.FailAt(n, syscall.EIO)
		_, _ = installer.Recover(t.Context(), newRig(disk, "fault").deps) // the next one has to work
		if disk.Ops() < n {
			return
		}
		m.recovered(t, "recovery with a fault at "+disk.Op(n), disk.Restart(durabletest.LoseAll()), res, true)
	}
}

// TestDiskFullFromSomeMomentOn fills the disk at every moment of an update.
// Undoing needs no room, so the machine is as before even then.
func TestDiskFullFromSomeMomentOn(t *testing.T) {
	m := &matrix{scenario: scenarios()[1]}
	m.prepare(t)
	for n := 0; ; n++ {
		disk := m.base.Clone()
		full := &fullDisk{Dir: disk, room: n}
		r := newRig(full, "full")
		r.deps.Backends = newRig(full, "").plainBackends()
		res, err := installer.Apply(t.Context(), r.deps, m.plan())
		is := look(t, disk)
		switch {
		case res.Outcome == event.Done && is.equal(m.new):
		case res.Outcome == event.Reverted && is.equal(m.old):
		default:
			t.Fatalf("room for %d: outcome %q, %v\n is %+v", n, res.Outcome, err, is)
		}
		again := newRig(disk, "back")
		if _, err := installer.Recover(t.Context(), again.deps); err != nil {
			t.Fatalf("room for %d: recover: %v", n, err)
		}
		for _, problem := range problems(t, disk) {
			t.Errorf("room for %d: %s", n, problem)
		}
		if !full.refused {
			t.Logf("%d moments", n+1)
			return
		}
	}
}

// fullDisk has room for so many more files, links, directories and writes.
type fullDisk struct {
	durable.Dir
	room    int
	refused bool
}

func (d *fullDisk) take() error {
	if d.room == 0 {
		d.refused = true
		return syscall.ENOSPC
	}
	d.room--
	return nil
}

func (d *fullDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_CREATE != 0 {
		if err := d.take(); err != nil {
			return nil, err
		}
	}
	f, err := d.Dir.OpenFile(name, flag, perm)
	return fullFile{f, d}, err
}

func (d *fullDisk) Mkdir(name string, perm fs.FileMode) error {
	if _, err := d.Lstat(name); err == nil {
		return d.Dir.Mkdir(name, perm)
	}
	return errors.Join(d.take(), d.unlessFull(func() error { return d.Dir.Mkdir(name, perm) }))
}

func (d *fullDisk) MkdirAll(name string, perm fs.FileMode) error {
	if _, err := d.Lstat(name); err == nil {
		return nil
	}
	return errors.Join(d.take(), d.unlessFull(func() error { return d.Dir.MkdirAll(name, perm) }))
}

func (d *fullDisk) Symlink(target, name string) error {
	return errors.Join(d.take(), d.unlessFull(func() error { return d.Dir.Symlink(target, name) }))
}

func (d *fullDisk) unlessFull(do func() error) error {
	if d.refused {
		return nil
	}
	return do()
}

type fullFile struct {
	durable.File
	disk *fullDisk
}

func (f fullFile) Write(data []byte) (int, error) {
	if err := f.disk.take(); err != nil {
		return 0, err
	}
	return f.File.Write(data)
}

// TestUndoingACompleteRunIsRemembered loses power while a run is undone whose
// steps were all complete, by a backend that cannot tell a repaired component
// from a damaged one.
func TestUndoingACompleteRunIsRemembered(t *testing.T) {
	r, _, machine := fakeRig(t)
	r.must(t, fakePlan(backend.Install, "", "1.0"))
	disk := r.disk().Restart(durabletest.KeepAll())
	plan := fakePlan(backend.Repair, "1.0", "1.0")
	on := func(d *durabletest.Disk, name string) (*rig, *backendtest.Fake) {
		r, fake := newRig(d, name), backendtest.NewFake(machine)
		r.deps.Backends = map[string]backend.Backend{"fake": fake}
		return r, fake
	}
	dry := disk.Clone()
	whole, _ := on(dry, "dry")
	whole.must(t, plan)
	receipts := 1
	for !strings.HasPrefix(dry.Op(receipts), "create state/receipts/") {
		receipts++
	}
	disk.FailAt(receipts, syscall.ENOSPC)
	cut, fake := on(disk, "cut")
	fake.Hook = func(call string, j backend.Job) error {
		if call == "revert" { // the first one
			disk.CutBefore(disk.Ops() + 1)
		}
		return nil
	}
	if _, err := installer.Apply(t.Context(), cut.deps, plan); err == nil {
		t.Fatal("the receipts could be written")
	}
	back, fake := on(disk.Restart(durabletest.LoseAll()), "back")
	var reverted []string
	fake.Hook = func(call string, j backend.Job) error {
		if call == "revert" {
			reverted = append(reverted, j.Component)
		}
		return nil
	}
	res, err := installer.Recover(t.Context(), back.deps)
	if want := []string{"cryptolib-cps", "srvsvcnam", "galss"}; res.Outcome != event.Undone || err != nil || !slices.Equal(reverted, want) {
		t.Errorf("got outcome %q, %v, reverted %v, want undone, %v", res.Outcome, err, reverted, want)
	}
}

// TestDiskFullAndThenThePowerGoes fills the disk when every step of an update
// is done but its receipts are not, so that not even the undoing can be
// written down, and cuts the power at each moment of that. Only the machine
// itself then tells the recovery that the run is not one to complete.
func TestDiskFullAndThenThePowerGoes(t *testing.T) {
	m := &matrix{scenario: scenarios()[1]}
	m.prepare(t)
	apply := func(room, cut int) (*durabletest.Disk, installer.Result) {
		disk := m.base.Clone()
		disk.CutAfter(cut)
		r := newRig(&fullDisk{Dir: disk, room: room}, "full")
		r.deps.Backends = newRig(r.target.(part).Dir, "").plainBackends()
		res, _ := installer.Apply(t.Context(), r.deps, m.plan()) // it ends as it may
		return disk, res
	}
	enough := 0
	for _, res := apply(enough, 0); res.Outcome != event.Done; _, res = apply(enough, 0) {
		enough++
	}
	points := 0
	for room := enough - 4; room < enough; room++ {
		whole, _ := apply(room, 0)
		for cut := whole.Ops() / 2; cut <= whole.Ops(); cut++ {
			disk, res := apply(room, cut)
			for _, l := range losses() {
				points++
				at := fmt.Sprintf("room for %d, cut after %d (%s), %s", room, cut, disk.Op(cut), l.name)
				m.recovered(t, at, disk.Restart(l.loss), res, false)
			}
		}
	}
	t.Logf("%d points", points)
}
