package installer_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/manifest"
)

// able is a backend of whole packages with every ability a backend may have.
type able struct {
	*backendtest.Fake
	jobs     *[]backend.Job     // of Prepare
	asked    *[]backend.Subject // of Inspect
	rewrites func(version string) string
	probe    error
}

func (a able) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	*a.asked = append(*a.asked, s)
	state, err := a.Fake.Inspect(ctx, s)
	state.Version = a.rewrites(state.Version)
	return state, err
}

func (a able) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	*a.jobs = append(*a.jobs, j)
	j.Tell("install-waiting", map[string]string{"Holder": "a\x1bb"})
	return a.Fake.Prepare(ctx, j)
}

func (a able) Probe(context.Context, backend.Job, backend.Undo) error { return a.probe }

func (a able) NeedsOld(j backend.Job) bool { return j.From != "" }

// ableRig is a machine that has version 1.0 of galss from such a backend.
func ableRig(t *testing.T) (*rig, *able, *backendtest.Machine) {
	t.Helper()
	disk := durabletest.NewDisk()
	furnish(t, disk)
	m := backendtest.NewMachine()
	m.Set("galss", "1.0")
	a := &able{
		Fake: backendtest.NewFake(m), jobs: new([]backend.Job), asked: new([]backend.Subject),
		rewrites: func(v string) string { return v },
	}
	r := newRig(disk, "able")
	r.deps.Backends = map[string]backend.Backend{"bundle": a}
	return r, a, m
}

func TestStepBringsWhatABackendNeeds(t *testing.T) {
	r, a, _ := ableRig(t)
	p := planOf(backend.Update, "1.0", "2.0")
	p.Steps = p.Steps[:1]
	p.Steps[0].Evidence = []manifest.Evidence{{Kind: manifest.EvidenceProcess, Platform: manifest.Windows, ID: "galsvw64.exe"}}
	p.Steps[0].Params = map[string]string{"cps": "Reader 0"}
	p.Steps[0].Release.Probes = nil
	r.must(t, p)

	job := (*a.jobs)[0]
	if job.Old == nil || job.Former == nil || job.Former.Version != "1.0" {
		t.Errorf("the job has old package %v and former release %v, want those of 1.0", job.Old, job.Former)
	}
	if job.Params["cps"] != "Reader 0" {
		t.Errorf("the job has params %v", job.Params)
	}
	for _, s := range *a.asked {
		if s.Name != "galss" || len(s.Evidence) != 1 {
			t.Errorf("asked for %+v, want galss with its evidence", s)
		}
	}
	told := of[event.Told](r.events)
	if len(told) != 1 || told[0].Code != "install-waiting" || told[0].Args["Holder"] != "ab" {
		t.Errorf("told %+v, want one clean sentence", told)
	}
	kept, _ := receipt.Load(r.deps.State)
	if got := kept["galss"].Evidence; len(got) != 1 || got[0].ID != "galsvw64.exe" {
		t.Errorf("the receipt keeps evidence %v", got)
	}
	*a.asked = nil
	if _, err := installer.Inspect(t.Context(), r.deps, subjects("galss")); err != nil {
		t.Fatal(err)
	}
	if got := (*a.asked)[0].Evidence; len(got) != 1 {
		t.Errorf("without a manifest the backend is asked with evidence %v, want that of the receipt", got)
	}
}

func TestOldPackageThatCannotBeHadIsNoFailure(t *testing.T) {
	r, a, _ := ableRig(t)
	p := planOf(backend.Update, "1.0", "2.0")
	p.Steps = p.Steps[:1]
	p.Steps[0].Release.Probes = nil
	old := *p.Steps[0].Old.Artifact
	old.SHA256 = "00" + old.SHA256[2:]
	p.Steps[0].Old.Artifact = &old
	r.must(t, p)
	if (*a.jobs)[0].Old != nil {
		t.Error("a package that nobody has was handed on")
	}
}

func TestChangeThatBringsNothingIsUndone(t *testing.T) {
	r, a, m := ableRig(t)
	a.probe = errors.New("no card is seen")
	p := planOf(backend.Update, "1.0", "2.0")
	p.Steps = p.Steps[:1]
	p.Steps[0].Release.Probes = nil
	res, err := installer.Apply(t.Context(), r.deps, p)
	if res.Outcome != event.Reverted || m.Version("galss") != "1.0" {
		t.Fatalf("outcome %q with %q installed, %v; want it undone", res.Outcome, m.Version("galss"), err)
	}
	if res.Failure.Code != installer.CodeNotWorking {
		t.Errorf("failure is %+v", res.Failure)
	}
}

func TestVersionsAreComparedAsVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		detected string
		want     event.Outcome
	}{
		"without-zeros": {"2.00", event.Done},
		"another":       {"2.1", event.Reverted},
		"no-version":    {"two", event.Reverted},
	} {
		t.Run(name, func(t *testing.T) {
			r, a, _ := ableRig(t)
			a.rewrites = func(v string) string {
				if v == "2.0" {
					return tt.detected
				}
				return v
			}
			p := planOf(backend.Update, "1.0", "2.0")
			p.Steps = p.Steps[:1]
			p.Steps[0].Release.Probes = nil
			if res, err := installer.Apply(t.Context(), r.deps, p); res.Outcome != tt.want {
				t.Errorf("outcome %q, %v; want %q", res.Outcome, err, tt.want)
			}
		})
	}
}

func TestForeignInstallIsFoundAndBelongsToNobody(t *testing.T) {
	r, _, _ := ableRig(t)
	r.deps.Foreign = func(_ context.Context, s backend.Subject) (string, error) {
		return map[string]string{"srvsvcnam": "5.10.04"}[s.Name], nil
	}
	found, err := installer.Inspect(t.Context(), r.deps, subjects("galss", "srvsvcnam", "cryptolib-cps"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{
		found["galss"].Version, found["galss"].Backend, found["srvsvcnam"].Version, found["srvsvcnam"].Backend,
		found["cryptolib-cps"].Version,
	}
	if want := []string{"1.0", "bundle", "5.10.04", "", ""}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// claims is a backend that claims a version of whatever it is asked for.
type claims struct {
	*backendtest.Fake
	state backend.State
}

func (c claims) Inspect(context.Context, backend.Subject) (backend.State, error) { return c.state, nil }

func TestWhoKnowsBestChangesAForeignInstall(t *testing.T) {
	first := func(v string) backend.State { return backend.State{Version: v} }
	second := func(v string) backend.State { return backend.State{Version: v, Second: true} }
	tests := []struct {
		name   string
		exe    backend.State
		msi    backend.State
		by     string
		others []string
	}{
		{"both-one-of-them-second", second("1.0"), first("1.0"), "msi", []string{"exe"}},
		{"both-the-other-second", first("1.0"), second("1.0"), "exe", []string{"msi"}},
		{"only-the-second", second("1.0"), first(""), "exe", nil},
		{"both-first", first("1.0"), first("1.0"), "exe", []string{"msi"}},
		{"nobody", first(""), first(""), "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _, _ := ableRig(t)
			fake := backendtest.NewFake(backendtest.NewMachine())
			r.deps.Backends = map[string]backend.Backend{"exe": claims{fake, tt.exe}, "msi": claims{fake, tt.msi}}
			found, err := installer.Inspect(t.Context(), r.deps, subjects("srvsvcnam"))
			if err != nil {
				t.Fatal(err)
			}
			if got := found["srvsvcnam"]; got.Backend != tt.by || !slices.Equal(got.Others, tt.others) {
				t.Errorf("got %q and %q, want %q and %q", got.Backend, got.Others, tt.by, tt.others)
			}
		})
	}
}
