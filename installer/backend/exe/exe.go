// Package exe is the backend for setup programs: a component comes as a
// program that installs it, run with the silent arguments that its release
// names, and goes by the program that its release or the system's registry
// names.
//
//	setups/<component>/<id>/<package>      a setup program
//	setups/<component>/<id>/kept.json      which version it installs, its digest, how it is run
//	setups/.staging/<job>/job.json         a job has begun; what <job> and <job>-old hold is not kept yet
//	setups/.staging/<job>/phase.json       a setup program was started, or has done its work
//
// What it promises beyond the contract: a setup program runs from our own
// folder, from where the system may ask for it again, and only while nobody
// else can change it; a run counts as over only when everything it started is
// over, because such programs hand on to others and end at once; nothing is
// started before the setup program of the installed version and a way to
// remove the new one are known; of what a half done change left, nothing is
// trusted: the way back runs again.
//
// A setup program is a closed box. Whether it installed anything is found out
// by looking, never from its exit code alone.
package exe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

// System is the machine as setup programs see and change it.
type System interface {
	// Detect finds the installed version of a component by its evidence, ""
	// for none.
	Detect(ctx context.Context, s backend.Subject) (string, error)

	// Registered is how the registry says that a component is removed
	// silently; the zero Removal when it says nothing that can be used.
	Registered(ctx context.Context, s backend.Subject) (Removal, error)

	// Check makes sure that the file has the digest (SHA-256 in lower-case
	// hex) and is signed by signer, "" for anybody.
	Check(file, digest, signer string) error

	// Run runs a program and waits until it and all that it started are over.
	// A limit that passes is an error that wraps context.DeadlineExceeded.
	Run(ctx context.Context, c Command) (Result, error)
}

// Command is a program to run.
type Command struct {
	File      string        // absolute; %NAME%\... for a folder of the system
	Arguments []string      // each one argument, whatever is in it
	Digest    string        // what Check compares and then holds while it runs; "" for a program that is installed
	Signer    string        // as in Check, only with Digest
	Limit     time.Duration // for all of it
}

// Result is how a program ended.
type Result struct {
	Status uint32 // exit code
	Output string // the last of what it wrote, readable
}

// Removal is a command that removes a component.
type Removal struct {
	File      string   `json:"file"`
	Arguments []string `json:"arguments,omitempty"`
	Product   string   `json:"product,omitempty"` // it is Windows Installer, asked for this product
}

// None reports whether there is no such command.
func (r Removal) None() bool { return r.File == "" }

// Backend changes components by their setup programs.
type Backend struct {
	dir    durable.Dir
	system System
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.OldNeeder = (*Backend)(nil)
)

// New returns a backend that keeps setup programs in d, which should be open
// to administrators only. It touches nothing.
func New(d durable.Dir, s System) *Backend { return &Backend{dir: d, system: s} }

const (
	setups  = "setups"
	staging = setups + "/.staging"
)

func componentDir(component string) string { return path.Join(setups, component) }
func keptDir(component, id string) string  { return path.Join(setups, component, id) }
func stagingOf(job string) string          { return path.Join(staging, job) }

// path returns the path of the operating system of a name.
func (b *Backend) path(name string) string {
	if real, ok := b.dir.(interface{ Path(name string) string }); ok {
		return real.Path(name)
	}
	return name
}

// Inspect implements backend.Backend. A component is changed by this backend
// when we hold a setup program of it, or when the registry says how it is
// removed silently. Of what Windows Installer removes, the backend of its
// packages knows more.
func (b *Backend) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	if err := checkNames(s.Name); err != nil {
		return backend.State{}, err
	}
	held, err := b.held(s.Name)
	if err != nil {
		return backend.State{}, err
	}
	version, err := b.system.Detect(ctx, s)
	if err != nil && (len(held) > 0 || ctx.Err() != nil) {
		return backend.State{}, fmt.Errorf("looking for %q: %w", s.Name, err)
	}
	state := backend.State{Version: version}
	if len(held) == 0 { // what cannot be recognised or removed is not ours to change
		if version == "" || err != nil {
			return backend.State{}, nil
		}
		removal, err := b.system.Registered(ctx, s)
		if err != nil || removal.None() {
			return backend.State{}, ctx.Err()
		}
		state.Second = removal.Product != ""
	}
	for _, k := range held {
		if !same(k.Version, version) && !b.exists(stagingOf(jobOf(k.id))) && !slices.Contains(state.Kept, k.Version) {
			state.Kept = append(state.Kept, k.Version)
		}
	}
	slices.Sort(state.Kept)
	return state, nil
}

// NeedsOld implements backend.OldNeeder: the way back is the setup program of
// the installed version.
func (b *Backend) NeedsOld(j backend.Job) bool {
	if j.From == "" {
		return false
	}
	held, err := b.held(j.Component)
	return err != nil || !slices.ContainsFunc(held, func(k kept) bool { return same(k.Version, j.From) })
}

// same reports whether two texts name one version.
func same(a, b string) bool {
	order, ok := compare(a, b)
	return a == b || ok && order == 0
}

// compare orders two versions, if they can be.
func compare(a, b string) (order int, ok bool) {
	va, errA := manifest.ParseVersion(a)
	vb, errB := manifest.ParseVersion(b)
	if errA != nil || errB != nil {
		return 0, false
	}
	return va.Compare(vb), true
}

// checkNames refuses names that are not one plain element, and our own.
func checkNames(names ...string) error {
	for _, name := range names {
		if err := durable.CheckName(name); err != nil {
			return err
		}
		if name != path.Base(name) || name[0] == '.' {
			return fmt.Errorf("name %q: %w", name, fs.ErrInvalid)
		}
	}
	return nil
}

func (b *Backend) exists(name string) bool {
	_, err := b.dir.Lstat(name)
	return err == nil
}

// syncDirs makes the entries of directories durable.
func (b *Backend) syncDirs(dirs ...string) error {
	for _, dir := range dirs {
		if err := b.dir.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("making the entries of %q durable: %w", dir, err)
		}
	}
	return nil
}
