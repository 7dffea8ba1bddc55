package installer

import (
	"context"
	"errors"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
)

// fetch brings the package of a step to the disk, unless the backend keeps
// the version itself: from a delta where there is one for what is on the
// machine, else whole.
func (r *run) fetch(ctx context.Context, s *step) error {
	if err := r.fetchOld(ctx, s); err != nil {
		return err
	}
	if s.To == "" || s.Release == nil || s.Release.Artifact == nil {
		return nil
	}
	if s.Action == backend.Rollback && slices.Contains(s.state.Kept, s.To) {
		return nil
	}
	a := *s.Release.Artifact
	if err := r.rebuild(ctx, s, a); err != nil {
		return err
	}
	if err := r.deps.Packages.Fetch(ctx, a, r.watch(s)); err != nil {
		return because(CodeFetch, err, "Component", s.Component, "Version", s.To)
	}
	p, err := r.deps.Packages.Package(a)
	if err != nil {
		return because(CodeFetch, err, "Component", s.Component, "Version", s.To)
	}
	s.job.New = p
	return nil
}

// fetchOld brings the package of the installed version to the disk for a
// backend that goes back by it. Without it the backend may know another way;
// only somebody who wants to stop ends the run here.
func (r *run) fetchOld(ctx context.Context, s *step) error {
	b, ok := s.backend.(backend.OldNeeder)
	if !ok || s.job.Old != nil || s.Old == nil || s.Old.Artifact == nil || !b.NeedsOld(s.job) {
		return nil
	}
	if err := r.deps.Packages.Fetch(ctx, *s.Old.Artifact, r.watch(s)); err != nil {
		r.deps.Log.Warn("the package of the installed version cannot be had", "component", s.Component,
			"version", s.From, "error", err)
		return r.stopped(ctx)
	}
	s.job.Old = r.held(s.Old)
	return nil
}

// kit saves the settings of a step and has the backend prepare it, so that
// afterwards both ways are known to be open.
func (r *run) kit(ctx context.Context, s *step) error {
	saved, err := r.saveSettings(s)
	if err != nil {
		return err
	}
	s.settings = saved
	s.job.Progress = r.progress(s, event.Kit)
	undo, err := s.backend.Prepare(ctx, s.job)
	s.undo, s.prepared = undo, err == nil || undo != nil
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backend.ErrNoWayBack):
		if r.deps.NoRollback && s.prepared {
			r.deps.Log.Warn("no way back, as the caller accepted", "component", s.Component, "version", s.From)
			return nil
		}
		return because(CodeNoWayBack, err, "Component", s.Component, "Version", s.From)
	case errors.Is(err, backend.ErrNotKept):
		return because(CodeNoPackage, err, "Component", s.Component, "Version", s.To)
	case ctx.Err() != nil:
		return failed(CodeStopped, err)
	default:
		return because(CodePrepare, err, "Component", s.Component, "Version", s.To)
	}
}
