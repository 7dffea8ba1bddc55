package installer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// fakeRig is a process whose backend is a fake, and the fake.
func fakeRig(t *testing.T) (*rig, *backendtest.Fake, *backendtest.Machine) {
	t.Helper()
	disk := durabletest.NewDisk()
	furnish(t, disk)
	r := newRig(disk, "run")
	machine := backendtest.NewMachine()
	fake := backendtest.NewFake(machine)
	r.deps.Backends = map[string]backend.Backend{"fake": fake}
	return r, fake, machine
}

// fakePlan is a plan for the fake, without settings and probes.
func fakePlan(action backend.Action, from, to string) plan.Plan {
	p := planOf(action, from, to)
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Backend, s.Settings = "fake", nil
		if s.Release != nil {
			s.Release.Probes = nil
		}
	}
	return p
}

// code is the stable name of an error, "" for none.
func code(err error) string {
	var c interface{ Code() string }
	if errors.As(err, &c) {
		return c.Code()
	}
	return fmt.Sprint(err)
}

// when returns a hook that fails with err when call is made for a component.
func when(call, component string, err error) func(string, backend.Job) error {
	return func(c string, j backend.Job) error {
		if c == call && j.Component == component {
			return err
		}
		return nil
	}
}

var errBroken = errors.New("broken")

func TestFailureUndoesEverything(t *testing.T) {
	tests := []struct {
		name string
		hook func(string, backend.Job) error
		want string // code
	}{
		{"first-apply", when("apply", "galss", errBroken), installer.CodeApply},
		{"last-apply", when("apply", "cryptolib-cps", errBroken), installer.CodeApply},
		{"second-half-of-last-apply", when("halfway", "cryptolib-cps", errBroken), installer.CodeApply},
		{"first-preparation", when("prepare", "galss", errBroken), installer.CodePrepare},
		{"last-preparation", when("prepare", "cryptolib-cps", errBroken), installer.CodePrepare},
		{"no-way-back", when("prepare", "srvsvcnam", backend.ErrNoWayBack), installer.CodeNoWayBack},
		{"not-kept", when("prepare", "srvsvcnam", backend.ErrNotKept), installer.CodeNoPackage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, fake, machine := fakeRig(t)
			r.must(t, fakePlan(backend.Install, "", "1.0"))
			fake.Hook = tt.hook
			res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Update, "1.0", "2.0"))
			if res.Outcome != event.Reverted || code(err) != tt.want {
				t.Errorf("got outcome %q, code %q, want reverted, %q", res.Outcome, code(err), tt.want)
			}
			if res.Failure == nil || res.Failure.Code != tt.want {
				t.Errorf("failure: got %+v, want code %q", res.Failure, tt.want)
			}
			for _, c := range components {
				if got := machine.Version(c); got != "1.0" {
					t.Errorf("%s: got %q, want 1.0", c, got)
				}
			}
			fake.Hook = func(string, backend.Job) error { return nil }
			r.must(t, fakePlan(backend.Update, "1.0", "2.0"))
		})
	}
}

func TestNoRollbackIsACallersChoice(t *testing.T) {
	r, fake, machine := fakeRig(t)
	r.must(t, fakePlan(backend.Install, "", "1.0"))
	fake.Hook = when("prepare", "galss", backend.ErrNoWayBack)
	r.deps.NoRollback = true
	r.must(t, fakePlan(backend.Update, "1.0", "2.0"))
	if got := machine.Version("galss"); got != "2.0" {
		t.Errorf("got %q, want 2.0", got)
	}
}

func TestWhatIsNotDetectedIsUndone(t *testing.T) {
	r, fake, machine := fakeRig(t)
	fake.Hook = func(call string, j backend.Job) error {
		if call == "inspect" && machine.Version("srvsvcnam") == "1.0" {
			machine.Set("srvsvcnam", "0.9") // the installer lied
		}
		return nil
	}
	res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Install, "", "1.0"))
	if res.Outcome != event.Reverted || code(err) != installer.CodeNotDetected {
		t.Errorf("got outcome %q, %v, want reverted, %s", res.Outcome, err, installer.CodeNotDetected)
	}
	var e *installer.Error
	if !errors.As(err, &e) || e.Args()["Found"] != "0.9" || e.Args()["Expected"] != "1.0" {
		t.Errorf("error does not say what was found: %v", err)
	}
}

func TestStuckUntilSomebodyHelps(t *testing.T) {
	r, fake, machine := fakeRig(t)
	r.must(t, fakePlan(backend.Install, "", "1.0"))
	fake.Hook = func(call string, j backend.Job) error {
		if j.Component == "srvsvcnam" && (call == "halfway" || call == "revert") {
			return errBroken
		}
		return nil
	}
	res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Update, "1.0", "2.0"))
	if res.Outcome != event.Stuck || code(err) != installer.CodeStuck {
		t.Fatalf("apply: got outcome %q, %v, want stuck", res.Outcome, err)
	}
	if got, ok := res.Installed["srvsvcnam"]; !ok || got != "" {
		t.Errorf("result: got %q for what is missing, want it to say so", got)
	}
	if res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Update, "1.0", "2.0")); code(err) != installer.CodeOpenRun {
		t.Errorf("apply on an open run: got %q, %v", res.Outcome, err)
	}
	if res, err := installer.Recover(t.Context(), r.deps); res.Outcome != event.Stuck || code(err) != installer.CodeStuck {
		t.Errorf("recover: got outcome %q, %v, want stuck", res.Outcome, err)
	}
	fake.Hook = func(string, backend.Job) error { return nil }
	if res, err := installer.Recover(t.Context(), r.deps); res.Outcome != event.Undone || err != nil {
		t.Errorf("recover with help: got outcome %q, %v, want undone", res.Outcome, err)
	}
	for _, c := range components {
		if got := machine.Version(c); got != "1.0" {
			t.Errorf("%s: got %q, want 1.0", c, got)
		}
	}
}

func TestStopUndoes(t *testing.T) {
	for _, call := range []string{"prepare", "apply", "halfway"} {
		t.Run(call, func(t *testing.T) {
			r, fake, machine := fakeRig(t)
			stop := make(chan struct{})
			r.deps.Stop = stop
			fake.Hook = func(c string, j backend.Job) error {
				if c == call && j.Component == "srvsvcnam" {
					close(stop)
				}
				return nil
			}
			res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Install, "", "1.0"))
			if res.Outcome != event.Reverted || code(err) != installer.CodeStopped {
				t.Errorf("got outcome %q, %v, want reverted, stopped", res.Outcome, err)
			}
			for _, c := range components {
				if got := machine.Version(c); got != "" {
					t.Errorf("%s: got %q, want nothing", c, got)
				}
			}
		})
	}
}

func TestStopDuringTheLastStepComesTooLate(t *testing.T) {
	r, fake, _ := fakeRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	fake.Hook = func(c string, j backend.Job) error {
		if c == "apply" && j.Component == "cryptolib-cps" {
			cancel()
		}
		return nil
	}
	res, err := installer.Apply(ctx, r.deps, fakePlan(backend.Install, "", "1.0"))
	if res.Outcome != event.Done || err != nil {
		t.Errorf("got outcome %q, %v, want done", res.Outcome, err)
	}
}

func TestFetchFailureKeepsItsCode(t *testing.T) {
	r, _, _ := fakeRig(t)
	r.store.Fail = &coded{"network-unreachable"}
	res, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Install, "", "1.0"))
	if res.Outcome != event.Reverted || code(err) != "network-unreachable" {
		t.Errorf("got outcome %q, code %q, want reverted, network-unreachable", res.Outcome, code(err))
	}
	r.store.Fail = errBroken
	if _, err := installer.Apply(t.Context(), r.deps, fakePlan(backend.Install, "", "1.0")); code(err) != installer.CodeFetch {
		t.Errorf("got code %q, want %q", code(err), installer.CodeFetch)
	}
}

type coded struct{ name string }

func (c *coded) Error() string           { return c.name }
func (c *coded) Code() string            { return c.name }
func (c *coded) Args() map[string]string { return nil }

func TestPlansThatDoNotFit(t *testing.T) {
	tests := []struct {
		name string
		edit func(p *plan.Plan)
		want string
	}{
		{"unknown-backend", func(p *plan.Plan) { p.Steps[1].Backend = "msi" }, installer.CodeNoBackend},
		{"machine-moved", func(p *plan.Plan) { p.Steps[1].From = "0.9" }, installer.CodeMoved},
		{"twice", func(p *plan.Plan) { p.Steps[1].Component = "galss" }, installer.CodeBadPlan},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, fake, _ := fakeRig(t)
			fake.Hook = func(call string, j backend.Job) error {
				if call != "inspect" {
					t.Errorf("%s of %s is called", call, j.Component)
				}
				return nil
			}
			p := fakePlan(backend.Install, "", "1.0")
			tt.edit(&p)
			res, err := installer.Apply(t.Context(), r.deps, p)
			if res.Outcome != event.Reverted || code(err) != tt.want {
				t.Errorf("got outcome %q, code %q, want reverted, %q", res.Outcome, code(err), tt.want)
			}
		})
	}
}

func TestNothingToDo(t *testing.T) {
	r, _, _ := fakeRig(t)
	res, err := installer.Apply(t.Context(), r.deps, plan.Plan{})
	if res.Outcome != event.Nothing || err != nil {
		t.Errorf("got outcome %q, %v, want nothing", res.Outcome, err)
	}
}

// TestKitBeforeTouch has every package fetched and every step prepared before
// the first change.
func TestKitBeforeTouch(t *testing.T) {
	r, fake, _ := fakeRig(t)
	var calls []string
	fake.Hook = func(call string, j backend.Job) error {
		if call == "prepare" || call == "apply" {
			calls = append(calls, fmt.Sprintf("%s after %d fetches", call, r.store.Fetches))
		}
		return nil
	}
	r.must(t, fakePlan(backend.Install, "", "1.0"))
	want := []string{"prepare after 3 fetches", "prepare after 3 fetches", "prepare after 3 fetches",
		"apply after 3 fetches", "apply after 3 fetches", "apply after 3 fetches"}
	if !slices.Equal(calls, want) {
		t.Errorf("calls\n got %s\nwant %s", strings.Join(calls, ", "), strings.Join(want, ", "))
	}
}

func TestUnknownProbeKindIsANo(t *testing.T) {
	r, _, _ := fakeRig(t)
	p := fakePlan(backend.Install, "", "1.0")
	p.Steps[0].Release.Probes = []manifest.Probe{{Kind: "registry", Path: "x", Because: manifest.Text{FR: "Non.", EN: "No."}}}
	_, err := installer.Apply(t.Context(), r.deps, p)
	var e *installer.Error
	if !errors.As(err, &e) || e.Code() != installer.CodeProbe || e.Args()["BecauseFR"] != "Non." || e.Args()["BecauseEN"] != "No." {
		t.Errorf("got %v, want %s with its reason in both languages", err, installer.CodeProbe)
	}
}
