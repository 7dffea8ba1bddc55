package installer_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// deltaOf is the delta to a component from its version 1.0, as the store of a
// rig knows it.
func deltaOf(component string) manifest.Delta {
	return manifest.Delta{From: "1.0", Path: "components/" + component + "/delta", Length: 1, SHA256: "delta of " + component}
}

// withDeltas lets every step of a plan offer a delta from 1.0.
func withDeltas(p plan.Plan) plan.Plan {
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Release.Artifact.Plain = &manifest.Plain{Length: 4096}
		s.Release.Deltas = []manifest.Delta{deltaOf(s.Component)}
		s.Delta = s.Release.DeltaFrom(s.From)
	}
	return p
}

// deltas are what the deltas of the rigs need.
func deltas() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, c := range components {
		all[deltaOf(c).SHA256] = files(c, "1.0")
	}
	return all
}

// of returns the events of one type.
func of[T event.Event](events []event.Event) []T {
	var out []T
	for _, e := range events {
		if e, ok := e.(T); ok {
			out = append(out, e)
		}
	}
	return out
}

func TestADeltaIsTakenFromWhatIsInstalled(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	newRig(disk, "before").must(t, planOf(backend.Install, "", "1.0"))
	r := newRig(disk, "now")
	res := r.must(t, withDeltas(planOf(backend.Update, "1.0", "2.0")))
	if r.store.Rebuilds != 3 || r.store.Fetches != 0 {
		t.Errorf("%d packages were rebuilt and %d fetched, want 3 and 0", r.store.Rebuilds, r.store.Fetches)
	}
	full := release("galss", "2.0").Artifact.Length
	if got, want := res.Deltas[0], (installer.DeltaUse{Component: "galss", Version: "2.0", From: "1.0", Bytes: 1, Full: full}); got != want || len(res.Deltas) != 3 {
		t.Errorf("the result names %+v, want three such as %+v", res.Deltas, want)
	}
	if got, want := of[event.DeltaUsed](r.events), (event.DeltaUsed{Step: 0, From: "1.0", Bytes: 1, Full: full}); len(got) != 3 || got[0] != want {
		t.Errorf("the events were %+v, want three such as %+v", got, want)
	}
	if got := of[event.Started](r.events)[0].Steps[0].Bytes; got != 1 {
		t.Errorf("%d bytes were announced, want 1", got)
	}
}

func TestADeltaIsTakenFromWhatIsKept(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	before := newRig(disk, "before")
	before.must(t, planOf(backend.Install, "", "1.0"))
	before.must(t, planOf(backend.Update, "1.0", "3.0"))
	r := newRig(disk, "now")
	r.must(t, withDeltas(planOf(backend.Downgrade, "3.0", "2.0")))
	if r.store.Rebuilds != 3 || r.store.Fetches != 0 {
		t.Errorf("%d packages were rebuilt and %d fetched, want 3 and 0", r.store.Rebuilds, r.store.Fetches)
	}
}

// TestADeltaThatIsOfNoUse wants the whole package, and a word about it where
// a delta was tried.
func TestADeltaThatIsOfNoUse(t *testing.T) {
	tests := []struct {
		name   string
		from   string
		spoil  func(t *testing.T, r *rig)
		notice bool
	}{
		{"no-base", "3.0", func(*testing.T, *rig) {}, false},
		{"base-damaged", "1.0", func(t *testing.T, r *rig) {
			put(t, r.target, treeOf(t, r.target, "galss")+"/bin/galss", "another program")
		}, true},
		{"file-of-the-base-missing", "1.0", func(t *testing.T, r *rig) {
			if err := r.target.Remove(treeOf(t, r.target, "galss") + "/VERSION"); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"link-in-the-base", "1.0", func(t *testing.T, r *rig) {
			name := treeOf(t, r.target, "galss") + "/VERSION"
			put(t, r.target, "elsewhere/VERSION", "1.0")
			if err := errors.Join(r.target.Remove(name), r.target.Symlink("../../../../elsewhere/VERSION", name)); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"linked-directory-in-the-base", "1.0", func(t *testing.T, r *rig) {
			dir := treeOf(t, r.target, "galss") + "/bin"
			put(t, r.target, "elsewhere/galss", files("galss", "1.0")["bin/galss"])
			if err := errors.Join(r.target.RemoveAll(dir), r.target.Symlink("../../../../elsewhere", dir)); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"delta-missing", "1.0", func(_ *testing.T, r *rig) { r.store.Deltas = nil }, true},
		{"backend-without-files", "1.0", func(_ *testing.T, r *rig) {
			r.deps.Backends = map[string]backend.Backend{"bundle": only{r.deps.Backends["bundle"]}}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			disk := durabletest.NewDisk()
			furnish(t, disk)
			newRig(disk, "before").must(t, planOf(backend.Install, "", tt.from))
			r := newRig(disk, "now")
			r.deps.Backends = r.plainBackends()
			tt.spoil(t, r)
			p := withDeltas(planOf(backend.Update, tt.from, "2.0"))
			p.Steps = p.Steps[:1]
			p.Steps[0].Settings, p.Steps[0].Release.Probes = nil, nil
			res := r.must(t, p)
			if r.store.Rebuilds != 0 || r.store.Fetches != 1 || len(res.Deltas) != 0 {
				t.Errorf("%d packages were rebuilt and %d fetched, want 0 and 1", r.store.Rebuilds, r.store.Fetches)
			}
			told := slices.ContainsFunc(of[event.Notice](r.events), func(n event.Notice) bool { return n.Code == installer.CodeDelta })
			if told != tt.notice {
				t.Errorf("the views were told: %v, want %v", told, tt.notice)
			}
		})
	}
}

// only is a backend without what it can do besides.
type only struct{ backend.Backend }

// TestStoppedWhileRebuilding wants no download of the whole package after
// somebody asked to stop.
func TestStoppedWhileRebuilding(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	newRig(disk, "before").must(t, planOf(backend.Install, "", "1.0"))
	r := newRig(disk, "now")
	ctx, cancel := context.WithCancel(t.Context())
	r.deps.Packages = cancelling{r.store, cancel}
	res, err := installer.Apply(ctx, r.deps, withDeltas(planOf(backend.Update, "1.0", "2.0")))
	var coded interface{ Code() string }
	if !errors.As(err, &coded) || coded.Code() != installer.CodeStopped || res.Outcome != event.Reverted {
		t.Errorf("outcome %q, %v", res.Outcome, err)
	}
	if r.store.Fetches != 0 {
		t.Errorf("%d packages were fetched", r.store.Fetches)
	}
}

// cancelling stops the run while a package is rebuilt.
type cancelling struct {
	installer.Packages
	stop func()
}

func (c cancelling) Rebuild(ctx context.Context, _ manifest.Artifact, _ manifest.Delta, _ fs.FS, _ backend.Watch) error {
	c.stop()
	return ctx.Err()
}
