package installer

import (
	"context"
	"encoding/json"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/manifest"
)

// change makes one step: from the intent in the journal to the result in it.
// The context only says whether to begin; a change is never interrupted.
func (r *run) change(ctx context.Context, s *step) error {
	start := r.deps.Now()
	stopped := r.stopped(ctx)
	ctx = context.WithoutCancel(ctx)
	err := r.inPhase(s, event.Apply, stopped, func() error { return r.touch(ctx, s) })
	if err != nil {
		return err
	}
	var result didData
	err = r.inPhase(s, event.Detect, nil, func() (err error) {
		result.Found, err = s.arrived(ctx)
		return err
	})
	if err != nil {
		return err
	}
	err = r.inPhase(s, event.Probe, nil, func() error { return r.probe(ctx, s) })
	if err != nil {
		return err
	}
	err = r.inPhase(s, event.Commit, nil, func() error {
		result.Reboot = r.reboot
		return r.append(journal.Did, s.index, result)
	})
	if err != nil {
		return err
	}
	s.did = &result
	r.deps.Log.Info("step done", "run", r.id, "component", s.Component, "from", s.From, "to", s.To)
	r.deps.Emit(event.StepDone{Step: s.index, Version: result.Found.Version, Took: r.since(start)})
	return nil
}

// touch writes down the intent and then changes the machine.
func (r *run) touch(ctx context.Context, s *step) error {
	ran, err := r.deps.Quiesce.Running(ctx, s.Programs, s.job.Tell)
	if err != nil {
		return because(CodeQuiesce, err, "Component", s.Component)
	}
	s.ran = ran
	err = r.append(journal.Intend, s.index, intendData{
		Job:      s.job.ID,
		Undo:     json.RawMessage(s.undo),
		Before:   s.before(),
		Settings: s.settings,
		Ran:      s.ran,
	})
	if err != nil {
		return err
	}
	s.intended = true
	if err := r.deps.Quiesce.Stop(ctx, s.Programs, s.job.Tell); err != nil {
		return because(CodeQuiesce, err, "Component", s.Component)
	}
	if err := r.deps.Quiesce.Holders(ctx, s.job.Subject(), s.Programs, s.job.Tell); err != nil {
		r.deps.Log.Info("who holds the files is not known", "run", r.id, "component", s.Component, "error", err)
	}
	out, err := s.backend.Apply(ctx, s.job, s.undo)
	r.reboot = r.reboot || out.Reboot
	if err != nil {
		return because(CodeApply, err, "Component", s.Component, "Version", s.To)
	}
	if err := r.guardSettings(s); err != nil {
		return err
	}
	r.resumePrograms(ctx, s)
	return nil
}

// resumePrograms starts what was stopped for a step. That it does not start is
// no reason to undo a change that is complete; the probes tell whether it
// works.
func (r *run) resumePrograms(ctx context.Context, s *step) {
	if err := r.deps.Quiesce.Start(ctx, s.ran, s.job.Tell); err != nil {
		r.deps.Log.Warn("programs are not started again", "run", r.id, "component", s.Component, "error", err)
	}
}

// arrived detects the component again and compares with the plan.
func (s *step) arrived(ctx context.Context) (found, error) {
	state, err := s.detect(ctx)
	if err != nil {
		return found{}, err
	}
	if !manifest.SameVersion(state.Version, s.To) {
		return found{}, failed(CodeNotDetected, nil,
			"Component", s.Component, "Expected", s.To, "Found", state.Version)
	}
	return foundIn(state), nil
}
