// Package backend is the contract between the engine and whatever changes one
// kind of component: archives, Windows Installer packages, macOS packages,
// settings. Package backendtest holds the suite that every backend passes.
//
// The engine calls, for one job: Prepare; then, with Undo on the disk in its
// journal, Apply; on any failure, or after a crash, Revert; and in the end
// Settle. Between two calls the machine may have lost power, and any call may
// be made again with the same job.
package backend

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"

	"github.com/releve-sante/releve/manifest"
)

// ErrNoWayBack is returned by Prepare when the change could not be undone:
// the installed version is known neither as a package nor as files. The
// engine then refuses the step unless the caller gave up rollback. Prepare
// returns its Undo all the same, so that the step can be made or settled.
var ErrNoWayBack = errors.New("the installed version could not be restored")

// ErrNotKept is returned by Prepare for a change to a version that is neither
// kept on the machine nor there as a package.
var ErrNotKept = errors.New("the wanted version is not on this machine")

// Action is what a job does to a component.
type Action string

// The actions. Install finds nothing, Update and Downgrade find another
// version, Repair the same; Rollback returns to the version before the last
// change, from what is kept on the machine.
const (
	Install   Action = "install"
	Update    Action = "update"
	Downgrade Action = "downgrade"
	Repair    Action = "repair"
	Uninstall Action = "uninstall"
	Rollback  Action = "rollback"
)

// Package is a verified package on the local disk.
type Package interface {
	// Name is the file name, whose ending tells the format.
	Name() string
	// Open hashes the bytes again and returns them, or fails. What is read
	// from the result is what was hashed.
	Open() (PackageFile, error)
}

// PackageFile is an open package.
type PackageFile interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// Watch is told how a download goes, in order and from one goroutine.
type Watch struct {
	Progress func(done, total int64)        // bytes; done may go back
	Again    func(mirror string, why error) // it goes on after a failure of mirror, "" for the only address
}

// Subject is a component and how it is recognised.
type Subject struct {
	Name     string              `json:"name"`
	Evidence []manifest.Evidence `json:"evidence,omitempty"` // of this platform, most trustworthy first; may be empty
}

// Job is one change to one component. It carries no state: after a crash the
// engine makes it again from its journal, with the packages the machine still
// holds, so that Revert and Settle MUST NOT need New.
type Job struct {
	ID        string // unique in the history of the machine, [a-z0-9-]; names working files
	Action    Action
	Component string
	Evidence  []manifest.Evidence // as in Subject
	From, To  string              // versions before and after, "" for not installed
	Release   manifest.Release    // what To is; zero for Uninstall
	Former    *manifest.Release   // what From is; nil when nothing describes it
	New       Package             // package of To; nil for Uninstall, may be nil for Rollback
	Old       Package             // package of From, nil when the machine does not hold it
	Params    map[string]string   // what was decided with the plan, for example the names of readers

	Progress func(done, total int64) // bytes staged; never nil
	Tell     Tell                    // never nil
}

// Subject is the component of the job.
func (j Job) Subject() Subject { return Subject{Name: j.Component, Evidence: j.Evidence} }

// Tell hands a sentence to whoever watches, while a call takes its time. Code
// names it in the catalogue of texts, args fill its places.
type Tell func(code string, args map[string]string)

// State is what a backend found on the machine.
type State struct {
	Version string   // "" when the component is not installed
	Kept    []string // other versions the backend can return to without a package
	Digest  string   // of what is installed, where the backend can tell; "" otherwise
	Second  bool     // it could replace or remove the version, but another that claims it knows it better
}

// Undo is what Revert and Settle need, besides the job. Only the backend that
// made it reads it.
type Undo json.RawMessage

// Outcome is what a change asks of its caller.
type Outcome struct {
	Reboot bool // the change is complete only after a restart
}

// A Backend changes one kind of component. Methods are never called
// concurrently.
type Backend interface {
	// Inspect reports what is installed. It MUST NOT change anything, and
	// MUST look at the machine, not at what an earlier call returned. A
	// component that this backend could not change is not installed for it.
	Inspect(ctx context.Context, s Subject) (State, error)

	// Prepare does all the slow work that leaves no trace a user could see,
	// makes sure that Revert will be possible even on a full disk, and
	// returns what Revert and Settle will need. What it staged is durable
	// when it returns, and removed by Sweep when nothing else is called.
	Prepare(ctx context.Context, j Job) (Undo, error)

	// Apply makes the change. It MUST be idempotent: after a crash the
	// engine may call it for a change that is complete or half done. It MUST
	// be durable when it returns.
	Apply(ctx context.Context, j Job, u Undo) (Outcome, error)

	// Revert restores what Prepare saw. It MUST be idempotent and durable,
	// and MUST succeed whether Apply ran, ran halfway, or never ran.
	Revert(ctx context.Context, j Job, u Undo) (Outcome, error)

	// Settle removes what is of no more use once the run is over: after a
	// commit what only Revert needed, after a revert what only Apply needed.
	// The version before a committed change stays, for Rollback. It MUST be
	// idempotent.
	Settle(ctx context.Context, j Job, u Undo, committed bool) error

	// Sweep removes what calls of Prepare left behind that no journal knows.
	// The engine calls it only when no run is open. It MUST NOT change what
	// Inspect reports as installed or kept.
	Sweep(ctx context.Context) error
}

// A Prober can ask a component whether it works, beyond the probes of its
// release.
type Prober interface {
	// Probe returns an error when the change did not bring what it was made
	// for. The engine then reverts. It changes nothing.
	Probe(ctx context.Context, j Job, u Undo) error
}

// An OldNeeder makes its way back from the package of the installed version.
type OldNeeder interface {
	// NeedsOld has the engine fetch that package, where the manifest has it,
	// before Prepare. It is asked for no more than that: a machine without
	// network may have another way back.
	NeedsOld(j Job) bool
}

// Damage is one difference between what was installed and what is there.
type Damage struct {
	Path string // relative to the component
	What string // missing, changed, unexpected
}

// A Verifier can compare a component with what was installed.
type Verifier interface {
	// Verify reports every difference; none means whole. It changes nothing.
	Verify(ctx context.Context, component string) ([]Damage, error)
}

// A Locator knows the directory of an installed component, for probes.
type Locator interface {
	// Locate returns the operating system path of the installed files.
	Locate(component string) (string, error)
}

// A Reader can read the installed files of a component without following a
// link out of it, for probes.
type Reader interface {
	// ReadInstalled returns the file at path, relative to the component and
	// slash-separated, or an error when it is longer than limit bytes.
	ReadInstalled(component, path string, limit int64) ([]byte, error)
}

// A Base can hand out the files of a version it has, as the base of a delta.
type Base interface {
	// Files returns the files of an installed or kept version by their path
	// in its package. Each is a regular file, implements io.ReaderAt and is
	// opened without following a link; its content is whatever is there. The
	// error wraps fs.ErrNotExist when the version is not there.
	Files(ctx context.Context, component, version string) (fs.FS, error)
}
