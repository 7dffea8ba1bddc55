// Package installer carries out plans.
//
// A run is a transaction over the steps of one plan. What the engine
// promises, whether a step fails, somebody asks it to stop, the process is
// killed or the power goes:
//   - after the run, or after the next Recover, every component of the plan
//     is as the plan wants it, or every one is as it was before;
//   - nothing is changed before all packages are on the local disk, verified,
//     and the way back of every step is known (the kit);
//   - what is reported as installed was detected after the change;
//   - the settings files a plan names keep their bytes;
//   - programs that a plan names and that ran are stopped around the change of
//     their component, and started again however it ends;
//   - a run that was reported as done stays done.
//
// It keeps the promise with a journal: the intent of a step is on the disk
// before the change, its result after it. When every result is there and the
// machine agrees with them, the run counts and Recover completes it; in any
// other case Recover undoes it.
//
// What it does not promise: anything about a machine that somebody else
// changes meanwhile. The caller holds the lock.
package installer

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/manifest"
)

// Packages holds verified packages on the local disk.
type Packages interface {
	// Fetch brings the artifact to the disk, verified, and reports bytes. It
	// does nothing when the artifact is held already.
	Fetch(ctx context.Context, a manifest.Artifact, watch backend.Watch) error

	// Rebuild brings the artifact to the disk, verified, from the delta d and
	// the files of base, and reports the bytes of the download. After an error
	// Fetch is still the way.
	Rebuild(ctx context.Context, a manifest.Artifact, d manifest.Delta, base fs.FS, watch backend.Watch) error

	// Package returns an artifact that is held.
	Package(a manifest.Artifact) (backend.Package, error)

	// Has reports whether the artifact is held, without reading it.
	Has(a manifest.Artifact) bool
}

// Deps is what the engine works with. State, Settings, Backends, Packages,
// Now and NewRun are required.
type Deps struct {
	State    durable.Dir                // journal, receipts and kits
	Settings durable.Dir                // where the settings files of a plan lie
	Backends map[string]backend.Backend // by the name a release gives
	Packages Packages

	// Foreign finds the version of a component that no backend could change,
	// "" for none. Nil: nothing is looked for.
	Foreign func(ctx context.Context, s backend.Subject) (string, error)

	// Quiesce stops what uses the files of a component around its change. Nil:
	// nothing is stopped.
	Quiesce Quiescer

	Emit   event.Sink       // nil: nobody watches
	Now    func() time.Time // for records and durations; no decision depends on it
	Stop   <-chan struct{}  // closed: stop after the current step and undo
	NewRun func() string    // a run identifier never used before, [a-z0-9-]{1,64}
	Log    *slog.Logger     // nil: no log

	// Program is the version of the program that carries out plans. The journal
	// keeps it, because another one may get through where this one did not.
	Program string

	// NoRollback lets a step be made whose way back could not be secured.
	NoRollback bool
}

// Quiescer stops the programs and services that a step names, and starts
// again what ran. Every method may be called again, also by another process
// after a crash.
type Quiescer interface {
	// Running waits until the programs may be stopped and returns what Start
	// needs, nil when none of them runs. It changes nothing.
	Running(ctx context.Context, programs []manifest.Program, tell backend.Tell) (json.RawMessage, error)

	// Stop stops whatever of the programs runs now.
	Stop(ctx context.Context, programs []manifest.Program, tell backend.Tell) error

	// Holders tells who else uses the files of a component, and stops nobody.
	// Its error is for the log.
	Holders(ctx context.Context, c backend.Subject, programs []manifest.Program, tell backend.Tell) error

	// Start starts what ran. What a change took away stays so, and what does
	// not start is told and no error.
	Start(ctx context.Context, ran json.RawMessage, tell backend.Tell) error
}

// unquiet stops nothing.
type unquiet struct{}

func (unquiet) Running(context.Context, []manifest.Program, backend.Tell) (json.RawMessage, error) {
	return nil, nil
}
func (unquiet) Stop(context.Context, []manifest.Program, backend.Tell) error { return nil }
func (unquiet) Holders(context.Context, backend.Subject, []manifest.Program, backend.Tell) error {
	return nil
}
func (unquiet) Start(context.Context, json.RawMessage, backend.Tell) error { return nil }

// complete fills in what may be left out.
func (d Deps) complete() Deps {
	if d.Emit == nil {
		d.Emit = event.Discard
	}
	if d.Foreign == nil {
		d.Foreign = func(context.Context, backend.Subject) (string, error) { return "", nil }
	}
	if d.Quiesce == nil {
		d.Quiesce = unquiet{}
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Result says how a run ended.
type Result struct {
	Run       string            // identifier; "" when there was nothing to do
	Outcome   event.Outcome     // never empty
	Installed map[string]string // component to version, detected after the run
	Failure   *event.Failure    // set when Outcome is Reverted or Stuck
	Reboot    bool              // the change is complete only after a restart
	Deltas    []DeltaUse        // packages of this run that were made from a delta
}

// DeltaUse says what a delta saved.
type DeltaUse struct {
	Component   string
	Version     string
	From        string // the version whose files were used
	Bytes, Full int64  // downloaded, and what the package itself would have been
}
