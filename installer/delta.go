package installer

import (
	"context"
	"errors"
	"io/fs"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/manifest"
)

// rebuild makes the package of a step from a delta, where there is one for a
// version on the machine. A delta that is of no use costs its own bytes and a
// line in the account: the caller fetches what is not held then. The error is
// the end of ctx.
func (r *run) rebuild(ctx context.Context, s *step, a manifest.Artifact) error {
	if r.deps.Packages.Has(a) {
		return nil
	}
	d, from := s.delta()
	if d == nil {
		return nil
	}
	base := r.base(ctx, s, from)
	if base == nil {
		return nil
	}
	err := r.deps.Packages.Rebuild(ctx, a, *d, base, r.watch(s))
	if ctx.Err() != nil {
		return failed(CodeStopped, ctx.Err())
	}
	if err != nil {
		r.deps.Log.Warn("a delta is of no use, taking the whole package", "run", r.id,
			"component", s.Component, "version", s.To, "from", from, "error", err)
		level := event.Warn
		if errors.Is(err, fs.ErrNotExist) { // a mirror need not carry it
			level = event.Note
		}
		r.deps.Emit(event.Notice{Level: level, Message: event.Message{
			Code: CodeDelta,
			Args: clean(map[string]string{"Component": s.Component, "Version": s.To, "From": from}),
		}})
		return nil
	}
	use := DeltaUse{Component: s.Component, Version: s.To, From: from, Bytes: d.Length, Full: a.Length}
	r.deltas = append(r.deltas, use)
	r.deps.Log.Info("package made from a delta", "run", r.id,
		"component", s.Component, "version", s.To, "from", from, "bytes", use.Bytes, "full", use.Full)
	r.deps.Emit(event.DeltaUsed{Step: s.index, From: from, Bytes: use.Bytes, Full: use.Full})
	return nil
}

// delta returns the smallest delta of the step that begins at a version on
// the machine, and that version as the machine calls it.
func (s *step) delta() (best *manifest.Delta, from string) {
	for _, version := range append([]string{s.state.Version}, s.state.Kept...) {
		d := s.Release.DeltaFrom(version)
		if d != nil && (best == nil || d.Length < best.Length) {
			best, from = d, version
		}
	}
	return best, from
}

// base returns the files of a version on the machine, nil where the backend
// has none to hand out.
func (r *run) base(ctx context.Context, s *step, version string) fs.FS {
	b, ok := s.backend.(backend.Base)
	if !ok {
		return nil
	}
	files, err := b.Files(ctx, s.Component, version)
	if err != nil {
		r.deps.Log.Warn("no base for a delta", "run", r.id, "component", s.Component, "version", version, "error", err)
		return nil
	}
	return files
}
