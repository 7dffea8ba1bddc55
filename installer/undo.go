package installer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
)

// undoAll brings every step of the run back, the last one first. It stops at
// the first that cannot be undone, because what lies below it is what the
// component that is stuck needs.
func (r *run) undoAll(ctx context.Context) error {
	if r.allDone() {
		// Otherwise Recover would take the run for one to complete. The step
		// after the last stands for the whole run. If this cannot be written
		// either, Recover sees the difference between the journal and the
		// machine and undoes as well.
		if err := r.append(journal.Undid, len(r.steps), struct{}{}); err != nil {
			r.deps.Log.Warn("cannot write to the journal", "run", r.id, "error", err)
		}
	}
	for _, s := range slices.Backward(r.steps) {
		if !s.intended || s.undone {
			continue
		}
		r.deps.Emit(event.Reverting{Step: s.index})
		r.phase(s, event.Revert)
		if err := r.revert(ctx, s); err != nil {
			r.deps.Emit(event.StepFailed{Step: s.index, Phase: event.Revert, Failure: *failure(err)})
			return err
		}
		s.undone = true
		if err := r.append(journal.Undid, s.index, struct{}{}); err != nil {
			r.deps.Log.Warn("cannot write to the journal", "run", r.id, "error", err)
		}
		r.deps.Log.Info("step undone", "run", r.id, "component", s.Component, "version", s.From)
		r.deps.Emit(event.StepReverted{Step: s.index, Version: s.From})
	}
	return nil
}

// allDone reports whether every step is complete, by the journal alone.
func (r *run) allDone() bool {
	return !slices.ContainsFunc(r.steps, func(s *step) bool { return s.did == nil })
}

// revert undoes one step and makes sure by detection that it is undone.
func (r *run) revert(ctx context.Context, s *step) error {
	stuck := func(state string, cause error) error {
		return failed(CodeStuck, cause, "Component", s.Component, "Expected", s.before().Version, "Found", state)
	}
	// What is in the way of the files fails the revert itself, which says more.
	if err := r.deps.Quiesce.Stop(ctx, s.Programs, s.job.Tell); err != nil {
		r.deps.Log.Warn("programs are not stopped", "run", r.id, "component", s.Component, "error", err)
	}
	defer r.resumePrograms(ctx, s)
	out, err := s.backend.Revert(ctx, s.job, s.undo)
	r.reboot = r.reboot || out.Reboot
	if err != nil {
		return stuck(s.seen(ctx), err)
	}
	if err := r.guardSettings(s); err != nil {
		return stuck(s.seen(ctx), err)
	}
	state, err := s.detect(ctx)
	if err != nil {
		return stuck("", err)
	}
	if got, want := foundIn(state), s.before(); got != want {
		return stuck(state.Version, fmt.Errorf("detected %+v, want %+v", got, want))
	}
	return nil
}

// seen is the version now detected, "" when that is not known.
func (s *step) seen(ctx context.Context) string {
	state, err := s.detect(ctx)
	if err != nil {
		return ""
	}
	return state.Version
}

// close writes the end of the run and removes what it needed. Every part may
// be repeated by Recover, which does so when one of them fails here.
func (r *run) close(ctx context.Context, outcome event.Outcome, cause error) error {
	if !r.begun {
		return nil
	}
	data := endData{Outcome: outcome}
	if !data.committed() {
		if err := r.restoreReceipts(); err != nil {
			return err
		}
	}
	if cause != nil {
		data.Failure = failure(cause)
	}
	if err := r.append(journal.End, 0, data); err != nil {
		return err
	}
	return r.settle(ctx, data.committed())
}

// settle removes what the steps of an ended run needed, and archives its
// journal.
func (r *run) settle(ctx context.Context, committed bool) error {
	for _, s := range r.steps {
		if !s.prepared {
			continue
		}
		if err := s.backend.Settle(ctx, s.job, s.undo, committed); err != nil {
			return fmt.Errorf("settling step %d of run %q: %w", s.index, r.id, err)
		}
	}
	if err := removeKits(r.deps.State); err != nil {
		return err
	}
	if err := r.journal.Archive(r.id); err != nil {
		return fmt.Errorf("archiving the journal of run %q: %w", r.id, err)
	}
	if committed {
		return nil
	}
	return sweep(ctx, r.deps)
}

// sweep removes what belongs to no run. It tries everything.
func sweep(ctx context.Context, d Deps) error {
	errs := []error{removeKits(d.State)}
	for name, b := range d.Backends {
		if err := b.Sweep(ctx); err != nil {
			errs = append(errs, fmt.Errorf("sweeping backend %q: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
