package exe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/manifest"
)

// Apply implements backend.Backend.
func (b *Backend) Apply(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	before, err := b.shelf.Phase(j.ID)
	if err != nil {
		return backend.Outcome{}, err
	}
	version, err := b.system.Detect(ctx, j.Subject())
	if err != nil {
		return backend.Outcome{}, err
	}
	if before != nil && before.Done && manifest.SameVersion(version, j.To) {
		return backend.Outcome{Reboot: before.Reboot}, nil
	}
	if err := b.shelf.SetPhase(j.ID, shelf.Phase{Working: true}); err != nil {
		return backend.Outcome{}, err
	}
	out, err := b.change(ctx, j, u, version)
	if err != nil {
		return out, errors.Join(err, b.shelf.SetPhase(j.ID, shelf.Phase{}))
	}
	return out, b.shelf.SetPhase(j.ID, shelf.Phase{Done: true, Reboot: out.Reboot})
}

// change runs what brings the component from version to that of the job.
func (b *Backend) change(ctx context.Context, j backend.Job, u undo, version string) (out backend.Outcome, err error) {
	if needsRemoval(j) && version != "" && !manifest.SameVersion(version, j.To) {
		if out, err = b.remove(ctx, j, u.Old, true); err != nil {
			return out, err
		}
	}
	if u.New != nil {
		more, err := b.install(ctx, j, u.New, true)
		out.Reboot = out.Reboot || more.Reboot
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// Revert implements backend.Backend. Once a setup program was started, what
// the machine looks like proves nothing, so the old one runs again.
func (b *Backend) Revert(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	begun, err := b.shelf.Phase(j.ID)
	if err != nil {
		return backend.Outcome{}, err
	}
	if begun != nil {
		if err := b.system.Free(ctx, j); err != nil {
			return backend.Outcome{}, err
		}
	}
	version, err := b.system.Detect(ctx, j.Subject())
	if err != nil {
		return backend.Outcome{}, err
	}
	if begun == nil && manifest.SameVersion(version, j.From) {
		return backend.Outcome{}, nil
	}
	var out backend.Outcome
	switch {
	case version == "":
		if out, err = b.clear(ctx, j, u, begun); err != nil {
			return out, err
		}
	case !manifest.SameVersion(version, j.From):
		if out, err = b.remove(ctx, j, u.New, false); err != nil {
			return out, err
		}
		version = ""
	}
	switch {
	case u.Old != nil:
		more, err := b.install(ctx, j, u.Old, false)
		out.Reboot = out.Reboot || more.Reboot
		if err != nil {
			return out, err
		}
	case j.From != "" && version == "":
		return out, fmt.Errorf("the setup program of %q %s: %w", j.Component, j.From, backend.ErrNotKept)
	}
	return out, b.shelf.DropPhase(j.ID)
}

// clear removes what is not recognised any more, or not yet: the half that a
// setup program left when it was cut off. What could do it may not be there
// either, and may say that there is nothing to remove. Where no older setup
// program is run over that half, the one that left it is run once more, and
// only once: it may be what took the machine down.
func (b *Backend) clear(ctx context.Context, j backend.Job, u undo, p *shelf.Phase) (backend.Outcome, error) {
	if u.New == nil {
		return backend.Outcome{}, nil
	}
	out, err := b.remove(ctx, j, u.New, false)
	var e *Error
	nothing := errors.As(err, &e) && (e.Reason == CodeNoRemoval || e.Reason == CodeFailed)
	switch {
	case !nothing && !errors.Is(err, fs.ErrNotExist):
		return out, err
	case p == nil || !p.Working || p.Again || j.From != "":
		return backend.Outcome{}, nil
	}
	p.Again = true
	if err := b.shelf.SetPhase(j.ID, *p); err != nil {
		return backend.Outcome{}, err
	}
	if out, err = b.install(ctx, j, u.New, false); err != nil {
		return out, err
	}
	return b.remove(ctx, j, u.New, false)
}

// install runs a setup program of ours. Its signature counts forwards only:
// what was installed before must come back even if its certificate was
// revoked since, and its digest says that it is the same.
func (b *Backend) install(ctx context.Context, j backend.Job, r *shelf.Ref, forwards bool) (backend.Outcome, error) {
	k, err := b.readKept(j.Component, r.ID)
	if err != nil {
		return backend.Outcome{}, fmt.Errorf("setup program of %q: %w", j.Component, err)
	}
	c := Command{File: b.file(k), Digest: k.SHA256, Limit: k.Limit()}
	if k.Setup != nil {
		c.Arguments = k.Setup.Arguments
	}
	if forwards {
		c.Signer = k.Signer()
	}
	j.Tell(CodeRunning, map[string]string{"Component": j.Component, "Version": k.Version, "Minutes": minutes(c.Limit)})
	return b.run(ctx, j, c, k, verb("install", forwards))
}

// remove removes what is installed, by the command for the setup program r.
func (b *Backend) remove(ctx context.Context, j backend.Job, r *shelf.Ref, forwards bool) (backend.Outcome, error) {
	found, err := b.removal(ctx, j, r)
	if err != nil {
		return backend.Outcome{}, err
	}
	out, err := b.removeBy(ctx, j, r, found, forwards)
	if err != nil {
		return out, err
	}
	version, err := b.system.Detect(ctx, j.Subject())
	if err == nil && version != "" {
		err = &Error{Reason: CodeStillThere, Component: j.Component, Version: version, Program: found.File + found.Product}
	}
	return out, err
}

// removeBy removes what is installed by what was found to remove it.
func (b *Backend) removeBy(ctx context.Context, j backend.Job, r *shelf.Ref, found Removal, forwards bool) (backend.Outcome, error) {
	if found.Product != "" {
		return b.system.RemoveProduct(ctx, j, found.Product)
	}
	var k kept
	if r != nil {
		var err error
		if k, err = b.readKept(j.Component, r.ID); err != nil {
			return backend.Outcome{}, err
		}
	}
	c := Command{File: found.File, Arguments: found.Arguments, Limit: k.Limit()}
	j.Tell(CodeRemoving, map[string]string{"Component": j.Component, "Minutes": minutes(c.Limit)})
	return b.run(ctx, j, c, k, verb("remove", forwards))
}

// decode reads an Undo of this backend.
func decode(j backend.Job, raw backend.Undo) (undo, error) {
	var u undo
	err := shelf.Decode(j, raw, &u)
	return u, err
}
