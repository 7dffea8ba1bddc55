package installer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// bundleRig is a process on a machine of its own, with the real backend.
func bundleRig(t *testing.T) (*rig, *durabletest.Disk) {
	t.Helper()
	disk := durabletest.NewDisk()
	furnish(t, disk)
	return newRig(disk, "run"), disk
}

// tell writes events as one word each, for comparing.
func tell(events []event.Event) string {
	var out []string
	for _, e := range events {
		switch e := e.(type) {
		case event.Started:
			out = append(out, fmt.Sprintf("started:%d", len(e.Steps)))
		case event.StepStarted:
			out = append(out, fmt.Sprintf("step:%d", e.Step))
		case event.PhaseStarted:
			out = append(out, fmt.Sprintf("%s:%d", e.Phase, e.Step))
		case event.StepDone:
			out = append(out, fmt.Sprintf("done:%d=%s", e.Step, e.Version))
		case event.StepFailed:
			out = append(out, fmt.Sprintf("failed:%d:%s:%s", e.Step, e.Phase, e.Failure.Code))
		case event.Reverting:
			out = append(out, fmt.Sprintf("reverting:%d", e.Step))
		case event.StepReverted:
			out = append(out, fmt.Sprintf("reverted:%d=%s", e.Step, e.Version))
		case event.SettingRestored:
			out = append(out, fmt.Sprintf("restored:%d:%s", e.Step, e.Path))
		case event.Finished:
			out = append(out, "finished:"+string(e.Outcome))
		}
	}
	return strings.Join(out, " ")
}

func TestEventsOfASuccess(t *testing.T) {
	r, _ := bundleRig(t)
	p := planOf(backend.Install, "", "1.0")
	p.Steps = p.Steps[:1]
	res := r.must(t, p)
	want := "started:1 step:0 fetch:0 kit:0 apply:0 restored:0:conf/io_comm.ini restored:0:galss.ini " +
		"detect:0 probe:0 commit:0 done:0=1.0 finished:done"
	if got := tell(r.events); got != want {
		t.Errorf("events\n got %s\nwant %s", got, want)
	}
	if res.Installed["galss"] != "1.0" || res.Run != "run-1" {
		t.Errorf("result: got %+v", res)
	}
}

func TestEventsOfAFailure(t *testing.T) {
	r, disk := bundleRig(t)
	r.must(t, planOf(backend.Install, "", "1.0"))
	before := look(t, disk)
	r.events = nil
	p := failing()
	p.Steps = p.Steps[1:]
	for i := range p.Steps {
		p.Steps[i].Settings = nil
	}
	_, err := installer.Apply(t.Context(), r.deps, p)
	if code(err) != installer.CodeProbe {
		t.Fatalf("got %v, want %s", err, installer.CodeProbe)
	}
	want := "started:2 step:0 fetch:0 step:1 fetch:1 kit:0 kit:1 apply:0 detect:0 probe:0 commit:0 done:0=2.0 " +
		"apply:1 detect:1 probe:1 failed:1:probe:install-probe-failed " +
		"reverting:1 revert:1 reverted:1=1.0 reverting:0 revert:0 reverted:0=1.0 finished:reverted"
	if got := tell(r.events); got != want {
		t.Errorf("events\n got %s\nwant %s", got, want)
	}
	if after := look(t, disk); !after.equal(before) {
		t.Errorf("machine\n got %+v\nwant %+v", after, before)
	}
}

// TestJournalNamesThePlan by the digest that a plan document has elsewhere.
func TestJournalNamesThePlan(t *testing.T) {
	r, _ := bundleRig(t)
	p := planOf(backend.Install, "", "1.0")
	want, err := plan.Digest(p)
	if err != nil {
		t.Fatal(err)
	}
	res := r.must(t, p)
	text, err := durable.ReadFile(r.deps.State, "history/"+res.Run+".journal", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	begin, _, _ := strings.Cut(string(text), "\n")
	if !strings.Contains(begin, `"plan":"`+want+`"`) {
		t.Errorf("the journal begins %.300s, want the plan %s", begin, want)
	}
}

func TestReceiptsOfALife(t *testing.T) {
	r, _ := bundleRig(t)
	steps := []struct {
		action   backend.Action
		from, to string
		previous string
		absent   bool
	}{
		{backend.Install, "", "1.0", "", true},
		{backend.Update, "1.0", "2.0", "1.0", false},
		{backend.Repair, "2.0", "2.0", "1.0", false},
		{backend.Rollback, "2.0", "1.0", "2.0", false},
		{backend.Rollback, "1.0", "2.0", "1.0", false},
		{backend.Downgrade, "2.0", "1.0", "2.0", false},
		{backend.Uninstall, "1.0", "", "1.0", false},
		{backend.Rollback, "", "1.0", "", true},
		{backend.Uninstall, "1.0", "", "1.0", false},
	}
	for _, s := range steps {
		r.must(t, planOf(s.action, s.from, s.to))
		found, err := installer.Inspect(t.Context(), r.deps, subjects("galss"))
		if err != nil {
			t.Fatal(err)
		}
		got, previous := found["galss"], ""
		if got.Previous != nil {
			previous = got.Previous.Version
		}
		if got.Version != s.to || previous != s.previous || got.Absent != s.absent {
			t.Errorf("after %s to %q: got %+v (previous %q), want previous %q, absent %v",
				s.action, s.to, got, previous, s.previous, s.absent)
		}
		if s.to != "" && (got.Release == nil || got.Release.Version != s.to || got.Backend != "bundle") {
			t.Errorf("after %s: release %+v, backend %q", s.action, got.Release, got.Backend)
		}
	}
	for _, p := range problemsOf(t, r) {
		t.Error(p)
	}
}

// problemsOf is the oracle for the machine of a rig.
func problemsOf(t *testing.T, r *rig) []string {
	t.Helper()
	return problems(t, r.disk())
}

func TestRollbackNeedsNoPackage(t *testing.T) {
	r, _ := bundleRig(t)
	r.must(t, planOf(backend.Install, "", "1.0"))
	r.must(t, planOf(backend.Update, "1.0", "2.0"))
	r.store.Forget()
	r.store.Fail = errBroken
	r.must(t, planOf(backend.Rollback, "2.0", "1.0"))
}

func TestVerifyFindsDamage(t *testing.T) {
	r, _ := bundleRig(t)
	r.must(t, planOf(backend.Install, "", "1.0"))
	dir := treeOf(t, r.target, "galss")
	put(t, r.target, dir+"/VERSION", "1.1")
	put(t, r.target, dir+"/lib/extra.dll", "planted")
	if err := r.target.Remove(dir + "/bin/galss"); err != nil {
		t.Fatal(err)
	}
	damage, err := installer.Verify(t.Context(), r.deps, subjects(components...))
	if err != nil {
		t.Fatal(err)
	}
	want := []backend.Damage{{Path: "VERSION", What: "changed"}, {Path: "bin/galss", What: "missing"}, {Path: "lib/extra.dll", What: "unexpected"}}
	if got := damage["galss"]; !slices.Equal(got, want) {
		t.Errorf("galss\n got %v\nwant %v", got, want)
	}
	if got, ok := damage["srvsvcnam"]; !ok || len(got) > 0 {
		t.Errorf("srvsvcnam: got %v, want none", got)
	}
	r.must(t, planOf(backend.Repair, "1.0", "1.0"))
	if damage, err := installer.Verify(t.Context(), r.deps, subjects(components...)); err != nil || len(damage["galss"]) > 0 {
		t.Errorf("after the repair: %v, %v", damage["galss"], err)
	}
}

func TestSettingsThatCannotBeSavedStopTheRun(t *testing.T) {
	for _, name := range []string{"../outside.ini", "/../outside.ini", "conf", "."} {
		t.Run(strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
			r, _ := bundleRig(t)
			p := planOf(backend.Install, "", "1.0")
			p.Steps[2].Settings[0].Path = name
			res, err := installer.Apply(t.Context(), r.deps, p)
			if res.Outcome != event.Reverted || code(err) != installer.CodeSettings {
				t.Errorf("got outcome %q, %v, want reverted, %s", res.Outcome, err, installer.CodeSettings)
			}
			for _, problem := range problemsOf(t, r) {
				t.Error(problem)
			}
		})
	}
}

func TestCorruptJournalIsToldOnce(t *testing.T) {
	tests := []struct{ name, journal string }{
		{"garbage", "not a journal\nat all\n"},
		{"whole-lines-without-sense", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, disk := bundleRig(t)
			r.must(t, planOf(backend.Install, "", "1.0"))
			text := tt.journal
			if text == "" { // the records of a run without its beginning
				archived, err := durable.ReadFile(r.deps.State, "history/run-1.journal", 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				_, text, _ = strings.Cut(string(archived), "\n")
			}
			put(t, r.deps.State, "journal/current", text)
			res, err := installer.Recover(t.Context(), r.deps)
			if res.Outcome != event.Stuck || code(err) != installer.CodeJournalCorrupt {
				t.Errorf("first recovery: got outcome %q, %v, want stuck, %s", res.Outcome, err, installer.CodeJournalCorrupt)
			}
			kept := 0
			for _, content := range disk.Snapshot() {
				if content == text {
					kept++
				}
			}
			if kept != 1 {
				t.Errorf("the journal is kept %d times, want once", kept)
			}
			if res, err := installer.Recover(t.Context(), r.deps); res.Outcome != event.Nothing || err != nil {
				t.Errorf("second recovery: got outcome %q, %v, want nothing", res.Outcome, err)
			}
			r.must(t, planOf(backend.Update, "1.0", "2.0"))
		})
	}
}

func TestUnknownBackendDoesNotLoseTheJournal(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	disk.CutAfter(60)
	if _, err := installer.Apply(t.Context(), newRig(disk, "cut").deps, planOf(backend.Install, "", "1.0")); err == nil {
		t.Fatal("the power did not fail")
	}
	r := newRig(disk.Restart(durabletest.KeepAll()), "back")
	known := r.deps.Backends
	r.deps.Backends = nil
	if res, err := installer.Recover(t.Context(), r.deps); res.Outcome != event.Stuck || code(err) != installer.CodeNoBackend {
		t.Errorf("got outcome %q, %v, want stuck, %s", res.Outcome, err, installer.CodeNoBackend)
	}
	r.deps.Backends = known
	if res, err := installer.Recover(t.Context(), r.deps); res.Outcome != event.Undone || err != nil {
		t.Errorf("got outcome %q, %v, want undone", res.Outcome, err)
	}
}

// TestSixSyncs counts what a switch may cost on any disk, from the intent of
// a component's step to the end of its run.
func TestSixSyncs(t *testing.T) {
	for _, pointer := range []bundle.Pointer{bundle.Link, bundle.File} {
		t.Run(string(pointer), func(t *testing.T) {
			r, disk := bundleRig(t)
			r.deps.Backends["bundle"] = bundle.New(r.target, bundle.Options{Pointer: pointer})
			begun := 0
			r.deps.Emit = func(e event.Event) {
				if p, ok := e.(event.PhaseStarted); ok && p.Phase == event.Apply {
					begun = disk.Ops()
				}
			}
			for _, c := range []struct {
				action   backend.Action
				from, to string
			}{{backend.Install, "", "1.0"}, {backend.Update, "1.0", "2.0"}, {backend.Rollback, "2.0", "1.0"}} {
				p := planOf(c.action, c.from, c.to)
				p.Steps = p.Steps[:1]
				r.must(t, p)
				if got := syncsUntilEnd(disk, begun); got > 6 {
					t.Errorf("%s: got %d syncs, want at most 6", c.action, got)
				}
			}
		})
	}
}

// syncsUntilEnd counts the syncs after operation n up to that of the last
// record in the journal.
func syncsUntilEnd(disk *durabletest.Disk, n int) int {
	syncs, total := 0, 0
	for n++; n <= disk.Ops(); n++ {
		op := disk.Op(n)
		if strings.HasPrefix(op, "sync") {
			total++
		}
		if op == "sync state/journal/current" {
			syncs = total
		}
	}
	return syncs
}
