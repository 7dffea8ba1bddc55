package installer

import (
	"context"
	"errors"
	"maps"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
)

// Recover brings the machine to a whole state after a run that did not end,
// and removes what such runs left. Every command that changes something calls
// it first, with the lock held; calling it again changes nothing.
//
// The outcome is Nothing when there was nothing to recover, Completed when
// every step had been done, Undone when the run was undone, and Stuck, with
// an error that carries a code, when it could not be: the next Recover tries
// again. A journal that cannot be read is set aside and reported as Stuck
// once; what is installed is then whatever is detected. Any other error
// leaves everything as it is, for the next Recover: so does a card that is in
// use while programs have to be stopped. Cancelling ctx ends the wait for it
// and nothing else.
func Recover(asked context.Context, d Deps) (Result, error) {
	d = d.complete()
	ctx := context.WithoutCancel(asked)
	j, records, err := journal.Open(d.State)
	var damage *journal.CorruptError
	if errors.As(err, &damage) {
		return corrupt(ctx, d, err)
	}
	if err != nil {
		return unable(ctx, d, "", because(CodeJournal, err))
	}
	defer func() { _ = j.Close() }() // what was appended is on the disk already
	nothing := Result{Outcome: event.Nothing, Installed: map[string]string{}}
	if len(records) == 0 {
		return nothing, sweep(ctx, d)
	}
	p, err := read(records)
	if err != nil {
		return corrupt(ctx, d, errors.Join(err, j.Archive(setAside(records))))
	}
	r, err := revive(d, j, p)
	if err != nil { // the journal stays, for a program that knows the backend
		return unable(ctx, d, p.id, err)
	}
	if p.end != nil {
		return nothing, errors.Join(r.settle(ctx, p.end.committed()), sweep(ctx, d))
	}
	whole := r.allDone() && !p.undid && r.agrees(ctx)
	if !whole {
		if err := r.waitToUndo(asked); err != nil {
			return nothing, err
		}
	}
	return r.resume(ctx, whole)
}

// waitToUndo waits until the programs may be stopped that undoing the run
// stops. Somebody may work with them by now.
func (r *run) waitToUndo(ctx context.Context) error {
	tell := func(code string, args map[string]string) {
		r.deps.Emit(event.Notice{Level: event.Note, Message: event.Message{Code: code, Args: clean(args)}})
	}
	for _, s := range r.steps {
		if !s.intended || s.undone {
			continue
		}
		if _, err := r.deps.Quiesce.Running(ctx, s.Programs, tell); err != nil {
			return because(CodeQuiesce, err, "Component", s.Component)
		}
	}
	return nil
}

// setAside names a journal in the history whose lines are whole but make no
// sense.
func setAside(records []journal.Record) string {
	return "unreadable-" + records[0].Time.UTC().Format("20060102T150405")
}

// resume ends a run that did not end: completes one that is whole, and undoes
// any other.
func (r *run) resume(ctx context.Context, whole bool) (Result, error) {
	d := r.deps
	d.Log.Warn("a run was interrupted", "run", r.id)
	d.Emit(event.Started{Run: r.id, Steps: r.infos()})
	if whole {
		if err := r.writeReceipts(); err != nil {
			return r.finished(ctx, event.Stuck, err)
		}
		for _, s := range r.steps {
			r.resumePrograms(ctx, s)
		}
		r.late(errors.Join(r.close(ctx, event.Completed, nil), sweep(ctx, d)))
		return r.finished(ctx, event.Completed, nil)
	}
	if err := r.undoAll(ctx); err != nil {
		return r.finished(ctx, event.Stuck, err)
	}
	r.late(errors.Join(r.close(ctx, event.Undone, nil), sweep(ctx, d)))
	return r.finished(ctx, event.Undone, nil)
}

// agrees reports whether the machine holds what the journal says was done.
// It may not when the run was being undone while its journal could not be
// written.
func (r *run) agrees(ctx context.Context) bool {
	for _, s := range r.steps {
		state, err := s.detect(ctx)
		if err != nil || foundIn(state) != s.did.Found {
			r.deps.Log.Warn("the machine differs from the journal", "component", s.Component,
				"found", state.Version, "done", s.did.Found.Version, "error", err)
			return false
		}
	}
	return true
}

// revive makes the run again from what its journal tells.
func revive(d Deps, j *journal.Journal, p past) (*run, error) {
	r, err := newRun(d, p.id, p.begin.Plan, p.begin.Steps)
	if err != nil {
		return nil, err
	}
	r.journal, r.begun, r.recovering = j, true, true
	maps.Copy(r.receipts, p.begin.Receipts)
	for i, ps := range p.steps {
		s := r.steps[i]
		s.did, s.undone = ps.did, ps.undid
		if ps.did != nil {
			r.reboot = r.reboot || ps.did.Reboot
		}
		if ps.intend == nil {
			continue
		}
		s.intended, s.prepared = true, true
		s.job.ID = ps.intend.Job
		s.undo = backend.Undo(ps.intend.Undo)
		s.settings = ps.intend.Settings
		s.ran = ps.intend.Ran
		s.state = backend.State{Version: ps.intend.Before.Version, Digest: ps.intend.Before.Digest}
	}
	return r, nil
}

// corrupt reports a journal that tells nothing. Nothing is undone: the
// backends know by themselves what is whole, and the journal is kept aside
// for a person.
func corrupt(ctx context.Context, d Deps, cause error) (Result, error) {
	return unable(ctx, d, "", failed(CodeJournalCorrupt, cause, argsOf(cause)...))
}

// unable ends a recovery that could not begin.
func unable(ctx context.Context, d Deps, id string, cause error) (Result, error) {
	d.Emit(event.Started{Run: id})
	return (&run{deps: d, id: id}).finished(ctx, event.Stuck, cause)
}

// argsOf hands on what another package's error says about itself, such as
// where it put the file.
func argsOf(err error) []string {
	var pairs []string
	var c coded
	if errors.As(err, &c) {
		for name, value := range c.Args() {
			pairs = append(pairs, name, value)
		}
	}
	return pairs
}
