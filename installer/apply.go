package installer

import (
	"context"
	"errors"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
)

// Apply carries out a plan. The Result is always complete; the error is nil
// exactly when the outcome is Done or Nothing, and otherwise carries a code
// (its own, or that of the download that failed).
//
// The caller holds the lock and called Recover before. Cancelling ctx aborts
// downloads and preparations; it never interrupts a change, which is finished
// and then undone.
func Apply(ctx context.Context, d Deps, p plan.Plan) (Result, error) {
	d = d.complete()
	if len(p.Steps) == 0 {
		d.Emit(event.Started{})
		d.Emit(event.Finished{Outcome: event.Nothing, Installed: map[string]string{}})
		return Result{Outcome: event.Nothing, Installed: map[string]string{}}, nil
	}
	digest, err := plan.Digest(p)
	if err != nil {
		return refused(d, p, because(CodeJournal, err))
	}
	r, err := newRun(d, d.NewRun(), digest, p.Steps)
	if err != nil {
		return refused(d, p, err)
	}
	r.deps.Emit(event.Started{Run: r.id, Steps: r.infos()})
	if err := r.open(); err != nil {
		return r.finished(context.WithoutCancel(ctx), event.Reverted, err)
	}
	defer func() { _ = r.journal.Close() }() // what was appended is on the disk already
	return r.carryOut(ctx)
}

// refused ends a run whose plan this program cannot even read.
func refused(d Deps, p plan.Plan, err error) (Result, error) {
	r := &run{deps: d}
	d.Emit(event.Started{Steps: make([]event.StepInfo, 0, len(p.Steps))})
	return r.finished(context.Background(), event.Reverted, err)
}

// open takes the journal, which must not hold another run.
func (r *run) open() error {
	j, records, err := journal.Open(r.deps.State)
	if err != nil {
		return because(CodeJournal, err)
	}
	if len(records) > 0 {
		return errors.Join(failed(CodeOpenRun, nil, "Run", records[0].Run), j.Close())
	}
	r.journal = j
	return nil
}

// carryOut performs the steps and then closes the run, one way or the other.
func (r *run) carryOut(ctx context.Context) (Result, error) {
	safe := context.WithoutCancel(ctx)
	cause := r.perform(ctx)
	if cause == nil {
		r.late(r.close(safe, event.Done, nil))
		return r.finished(safe, event.Done, nil)
	}
	r.deps.Log.Error("run failed, undoing it", "run", r.id, "error", cause)
	if stuck := r.undoAll(safe); stuck != nil {
		r.deps.Log.Error("run cannot be undone", "run", r.id, "error", stuck)
		return r.finished(safe, event.Stuck, errors.Join(stuck, cause))
	}
	r.late(r.close(safe, event.Reverted, cause))
	return r.finished(safe, event.Reverted, cause)
}

// late reports what could not be tidied up now. The fate of the run is on the
// disk already, so the next Recover does the rest.
func (r *run) late(err error) {
	if err == nil {
		return
	}
	r.deps.Log.Warn("the end of the run is left to the next one", "run", r.id, "error", err)
	r.deps.Emit(event.Notice{Level: event.Warn, Message: event.Message{
		Code: CodeRecoverLate, Args: clean(map[string]string{"Cause": err.Error()}),
	}})
}

// perform does everything that can fail, up to the receipts. When it returns
// nil the run counts.
func (r *run) perform(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	for _, s := range r.steps {
		r.deps.Emit(event.StepStarted{Step: s.index})
		if err := r.inPhase(s, event.Fetch, r.stopped(ctx), func() error { return r.fetch(ctx, s) }); err != nil {
			return err
		}
	}
	for _, s := range r.steps {
		if err := r.inPhase(s, event.Kit, r.stopped(ctx), func() error { return r.kit(ctx, s) }); err != nil {
			return err
		}
	}
	for _, s := range r.steps {
		if err := r.change(ctx, s); err != nil {
			return err
		}
	}
	return r.writeReceipts()
}

// inPhase runs one phase of a step unless the run was stopped, and tells the
// views about both.
func (r *run) inPhase(s *step, p event.Phase, stopped error, do func() error) error {
	err := stopped
	if err == nil {
		r.phase(s, p)
		err = do()
	}
	if err != nil {
		r.deps.Emit(event.StepFailed{Step: s.index, Phase: p, Failure: *failure(err)})
	}
	return err
}

// begin looks at the machine and opens the journal of the run.
func (r *run) begin(ctx context.Context) error {
	known, problems := receipt.Load(r.deps.State)
	for _, err := range problems {
		r.deps.Log.Warn("a receipt was set aside", "error", err)
	}
	if len(known) == 0 {
		// The directory of the receipts is made now rather than when the disk
		// is full and every step is done.
		if err := receipt.Remove(r.deps.State, r.steps[0].Component); err != nil {
			return because(CodeReceipts, err)
		}
	}
	for _, s := range r.steps {
		state, err := s.detect(ctx)
		if err != nil {
			return err
		}
		if state.Version != s.From {
			return failed(CodeMoved, nil, "Component", s.Component, "Expected", s.From, "Found", state.Version)
		}
		s.state = state
		if rec, ok := known[s.Component]; ok {
			r.receipts[s.Component] = &rec
		}
	}
	data := beginData{Plan: r.digest, Program: r.deps.Program, Receipts: r.receipts}
	for _, s := range r.steps {
		data.Steps = append(data.Steps, s.Step)
	}
	r.begun = true
	return r.append(journal.Begin, 0, data)
}
