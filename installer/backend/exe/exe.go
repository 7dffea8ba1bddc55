// Package exe is the backend for setup programs: a component comes as a
// program that installs it, run with the silent arguments that its release
// names, and goes by the program that its release or the system's registry
// names.
//
// Setup programs are kept on a shelf of ours, setups, and beside them:
//
//	setups/.temp/<job>-<n>/               temporary files of a program, while it or what it left runs
//	setups/.logs/<component>-<verb>.log   what it wrote where its release has a place for the path, else of its own and failed
//
// What it promises beyond the contract: a setup program runs from our own
// folder, from where the system may ask for it again, and only while nobody
// else can change it, and with a folder of its own for temporary files that was
// empty and goes with it; a run counts as over only when everything it started is
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
	"fmt"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/program"
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

	// Run runs a program and waits until it and all that it started are over,
	// but for what was installed and stays. A limit that passes is an error
	// that wraps context.DeadlineExceeded.
	Run(ctx context.Context, c Command) (Result, error)

	// Running reports whether one of the processes still runs, or something
	// that they started.
	Running(ctx context.Context, stayed []program.Left) (bool, error)

	// Free waits until Windows Installer works for nobody: a setup program that
	// hands its work to it may be over without it.
	Free(ctx context.Context, j backend.Job) error

	// RemoveProduct has Windows Installer remove a product of the job's
	// component, by the rules of its own backend. One that is gone is no error.
	RemoveProduct(ctx context.Context, j backend.Job, code string) (backend.Outcome, error)
}

// Command is a program to run.
type Command struct {
	File      string        // absolute; %NAME%\... for a folder of the system
	Arguments []string      // each one argument, whatever is in it; as it stands when it has quotes
	Digest    string        // what Check compares and then holds while it runs; "" for a program that is installed
	Signer    string        // as in Check, only with Digest
	Temp      string        // path of the folder for temporary files
	Limit     time.Duration // for all of it
}

// Result is how a program ended.
type Result struct {
	Status uint32         // exit code
	Output string         // the last of what it wrote, readable
	Stayed []program.Left // what it started and goes on
}

// Removal is what removes a component: a command, or Windows Installer.
type Removal struct {
	File      string
	Arguments []string // as those of a Command
	Product   string   // of Windows Installer, in the place of a command
}

// None reports whether nothing removes it.
func (r Removal) None() bool { return r.File == "" && r.Product == "" }

// Backend changes components by their setup programs.
type Backend struct {
	dir    durable.Dir // for what lies beside the shelf
	shelf  shelf.Shelf
	logs   runlog.Folder
	system System
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.OldNeeder = (*Backend)(nil)
)

// New returns a backend that keeps setup programs in d, which should be open
// to administrators only. It touches nothing.
func New(d durable.Dir, s System) *Backend {
	return &Backend{dir: d, shelf: shelf.New(d, root), logs: runlog.New(d, root), system: s}
}

const root = "setups"

// Inspect implements backend.Backend. A component is changed by this backend
// when we hold a setup program of it, or when the registry says how it is
// removed silently. Of what Windows Installer removes, the backend of its
// packages knows more.
func (b *Backend) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	if err := durable.CheckPlain(s.Name); err != nil {
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
	state.Kept = b.shelf.Kept(shelf.Items(held), version)
	return state, nil
}

// NeedsOld implements backend.OldNeeder: the way back is the setup program of
// the installed version.
func (b *Backend) NeedsOld(j backend.Job) bool {
	held, _ := b.held(j.Component) // what cannot be read is not there
	return shelf.NeedsOld(j, shelf.Items(held))
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
