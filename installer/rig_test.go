package installer_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// The components of the tests, in the order in which a plan takes them.
var components = []string{"galss", "srvsvcnam", "cryptolib-cps"}

// subjects are components that need no evidence to be recognised.
func subjects(names ...string) []backend.Subject {
	out := make([]backend.Subject, len(names))
	for i, name := range names {
		out[i].Name = name
	}
	return out
}

// The files on the target that are not the program's. Those of settings are
// named in the plans.
var (
	settings = map[string]string{
		"galss.ini":        "[GALSS]\r\nMODE=PSS\r\n; set by the technician\r\n",
		"conf/io_comm.ini": "[COM1]\nSPEED=9600\n",
	}
	foreign = map[string]string{
		"galss/notes.txt":    "do not touch",
		"billing/data/a.mdb": "the patients of a year",
		"galss.ini.bak":      "older settings",
	}
)

// files are what a component holds at a version.
func files(component, version string) map[string]string {
	return map[string]string{
		"VERSION":           version,
		"bin/" + component:  "program " + component + " " + version,
		"lib/data/same.dat": "the same in each version of " + component,
	}
}

// catalogue is every package of the tests, made once.
var catalogue = sync.OnceValue(func() map[string]*backendtest.Package {
	all := map[string]*backendtest.Package{}
	for _, c := range components {
		for _, v := range []string{"1.0", "2.0", "3.0"} {
			all[c+" "+v] = backendtest.Archive(c+"-"+v+".tar.gz", files(c, v))
		}
	}
	return all
})

// release is what the manifest says of a version.
func release(component, version string) *manifest.Release {
	a := catalogue()[component+" "+version].Artifact("components/" + component)
	return &manifest.Release{
		Version: version, Platform: manifest.Any, Backend: "bundle", Artifact: &a,
		Probes: []manifest.Probe{{
			Kind: manifest.ProbeFile, Path: "VERSION", Contains: version,
			Because: manifest.Text{FR: "Le composant ne répond pas.", EN: "The component does not answer."},
		}},
	}
}

// stepTo is a step of a plan. Its versions are "" for not installed.
func stepTo(action backend.Action, component, from, to string) plan.Step {
	s := plan.Step{Action: action, Component: component, From: from, To: to, Backend: "bundle", Why: "requested"}
	if to != "" {
		s.Release = release(component, to)
	}
	if from != "" {
		s.Old = release(component, from)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s.Settings = append(s.Settings, manifest.Setting{Platform: manifest.Any, Path: name})
	}
	return s
}

// planOf is a plan with one step for each component.
func planOf(action backend.Action, from, to string) plan.Plan {
	p := plan.Plan{Schema: plan.Schema}
	for _, c := range components {
		p.Steps = append(p.Steps, stepTo(action, c, from, to))
	}
	return p
}

// rig is one process on a machine.
type rig struct {
	deps   installer.Deps
	store  *backendtest.Store
	target durable.Dir
	events []event.Event
	now    time.Time
}

// newRig starts a process on the machine whose disk is d. Runs are named after
// its name, which must be new on that machine. The process has no packages yet.
func newRig(d durable.Dir, name string) *rig {
	r := &rig{target: under(d, "target"), now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	r.store = backendtest.NewStore(slices.Collect(maps.Values(catalogue()))...)
	r.store.Deltas = deltas()
	runs := 0
	r.deps = installer.Deps{
		State:    under(d, "state"),
		Settings: r.target,
		Backends: map[string]backend.Backend{"bundle": rude{bundle.New(r.target, asLinks), r.target}},
		Packages: r.store,
		Emit:     func(e event.Event) { r.events = append(r.events, e) },
		Now: func() time.Time {
			r.now = r.now.Add(time.Second)
			return r.now
		},
		NewRun: func() string { runs++; return fmt.Sprintf("%s-%d", name, runs) },
	}
	return r
}

// rude is a bundle backend whose Apply spoils the settings, as installers do.
type rude struct {
	*bundle.Backend
	target durable.Dir
}

func (b rude) Apply(ctx context.Context, j backend.Job, u backend.Undo) (backend.Outcome, error) {
	out, err := b.Backend.Apply(ctx, j, u)
	if err != nil {
		return out, err
	}
	if _, err := b.target.Lstat("galss.ini"); err != nil { // a test without settings
		return out, nil
	}
	f, err := b.target.OpenFile("galss.ini", os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return out, err
	}
	if _, err := f.Write([]byte("[GALSS]\nMODE=default of " + j.Component)); err != nil {
		return out, err
	}
	if j.Component == "galss" {
		if err := b.target.Remove("conf/io_comm.ini"); err != nil {
			return out, err
		}
	}
	return out, f.Close()
}

// plainBackends are backends that leave the settings alone.
func (r *rig) plainBackends() map[string]backend.Backend {
	return map[string]backend.Backend{"bundle": bundle.New(r.target, asLinks)}
}

// asLinks makes the disk in memory look the same on every system.
var asLinks = bundle.Options{Pointer: bundle.Link}

// furnish puts the settings and the foreign files on a fresh machine.
func furnish(t testing.TB, d durable.Dir) {
	t.Helper()
	for _, all := range []map[string]string{settings, foreign} {
		for name, content := range all {
			put(t, d, path.Join("target", name), content)
		}
	}
	if err := d.MkdirAll("state", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.SyncTree("."); err != nil {
		t.Fatal(err)
	}
}

// put writes a file, durable or not.
func put(t testing.TB, d durable.Dir, name, content string) {
	t.Helper()
	if err := d.MkdirAll(path.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// must carries out a plan that is to succeed.
func (r *rig) must(t testing.TB, p plan.Plan) installer.Result {
	t.Helper()
	res, err := installer.Apply(t.Context(), r.deps, p)
	if err != nil || res.Outcome != event.Done {
		t.Fatalf("apply: outcome %q, %v", res.Outcome, err)
	}
	return res
}

// versions detects every component.
func (r *rig) versions(t testing.TB) map[string]string {
	t.Helper()
	found, err := installer.Inspect(t.Context(), r.deps, subjects(components...))
	if err != nil {
		t.Fatalf("inspect: %v", err)
	}
	out := map[string]string{}
	for name, in := range found {
		out[name] = in.Version
	}
	return out
}

// disk is the disk of a machine in memory.
func (r *rig) disk() *durabletest.Disk {
	return r.target.(part).Dir.(*durabletest.Disk)
}

// under is the part of d below a directory.
func under(d durable.Dir, at string) durable.Dir { return part{d, at} }

type part struct {
	durable.Dir
	at string
}

func (p part) name(name string) string { return path.Join(p.at, name) }

func (p part) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	return p.Dir.OpenFile(p.name(name), flag, perm)
}
func (p part) Mkdir(name string, perm fs.FileMode) error { return p.Dir.Mkdir(p.name(name), perm) }
func (p part) MkdirAll(name string, perm fs.FileMode) error {
	return p.Dir.MkdirAll(p.name(name), perm)
}
func (p part) Rename(from, to string) error               { return p.Dir.Rename(p.name(from), p.name(to)) }
func (p part) Remove(name string) error                   { return p.Dir.Remove(p.name(name)) }
func (p part) RemoveAll(name string) error                { return p.Dir.RemoveAll(p.name(name)) }
func (p part) Symlink(target, name string) error          { return p.Dir.Symlink(target, p.name(name)) }
func (p part) Readlink(name string) (string, error)       { return p.Dir.Readlink(p.name(name)) }
func (p part) Lstat(name string) (fs.FileInfo, error)     { return p.Dir.Lstat(p.name(name)) }
func (p part) ReadDir(name string) ([]fs.DirEntry, error) { return p.Dir.ReadDir(p.name(name)) }
func (p part) SyncDir(name string) error                  { return p.Dir.SyncDir(p.name(name)) }
func (p part) SyncTree(name string) error                 { return p.Dir.SyncTree(p.name(name)) }

// Path is there for probes with programs, where the disk is a real one.
func (p part) Path(name string) string {
	if real, ok := p.Dir.(*durable.Root); ok {
		return real.Path(p.name(name))
	}
	return ""
}
