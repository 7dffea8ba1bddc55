package main

import (
	"context"
	"slices"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// recovered is an interrupted run that was ended before another one began.
type recovered struct {
	result installer.Result
	steps  []event.StepInfo
}

// recover ends an interrupted run before anything else is done.
func (s *session) recover(ctx context.Context, sink event.Sink) (recovered, error) {
	var r recovered
	res, err := installer.Recover(ctx, s.deps(func(e event.Event) {
		if started, ok := e.(event.Started); ok {
			r.steps = started.Steps
		}
		sink(e)
	}))
	r.result = res
	if res.Outcome == event.Stuck {
		s.record(res, plan.Plan{}, exitStuck, err)
		return r, statusError(exitStuck)
	}
	return r, err
}

// brought reports whether ending the run did what a rollback of the component
// asks for: an interrupted rollback was completed, or an interrupted change was
// undone.
func (r recovered) brought(component string) bool {
	n := slices.IndexFunc(r.steps, func(s event.StepInfo) bool { return s.Component == component })
	if n < 0 {
		return false
	}
	if s := r.steps[n]; s.Action != string(backend.Rollback) {
		return r.result.Outcome == event.Undone && s.From != s.To
	}
	return r.result.Outcome == event.Completed
}

// withoutBrought leaves out of a rollback what the recovery before it brought
// back: whoever types the command again after a power cut would go past the
// version he wants. When nothing is left, the command has done its work.
func (w *work) withoutBrought() error {
	if w.req.Action != plan.Rollback {
		return nil
	}
	left := slices.DeleteFunc(slices.Clone(w.req.Components), func(t plan.Target) bool { return w.recovered.brought(t.Component) })
	for _, t := range w.req.Components {
		if !slices.Contains(left, t) {
			w.s.a.say(CodeBroughtBack, map[string]string{"Component": t.Component, "Version": w.recovered.result.Installed[t.Component]})
		}
	}
	w.req.Components = left
	if len(left) == 0 {
		return statusError(exitOK)
	}
	return nil
}
