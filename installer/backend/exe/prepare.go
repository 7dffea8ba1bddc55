package exe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

// undo is the Undo of this backend.
type undo struct {
	New *shelf.Ref `json:"new,omitempty"` // nil: nothing is installed after Apply
	Old *shelf.Ref `json:"old,omitempty"` // nil: nothing was there, or its setup program is not known
}

// Refs implements shelf.Undo.
func (u *undo) Refs() []*shelf.Ref { return []*shelf.Ref{u.New, u.Old} }

// Prepare implements backend.Backend. Both setup programs are copied and
// checked here, digest and signature; Apply only makes sure that they are the
// same bytes, and asks for the signature once more.
func (b *Backend) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	if err := durable.CheckPlain(j.ID, j.Component); err != nil {
		return nil, err
	}
	if err := b.shelf.Drop(j.ID); err != nil { // of an earlier call
		return nil, err
	}
	u, err := b.stage(ctx, j)
	if err != nil {
		return nil, errors.Join(err, b.shelf.Drop(j.ID))
	}
	way := b.wayBack(ctx, j, u)
	if way != nil && !errors.Is(way, backend.ErrNoWayBack) {
		return nil, errors.Join(way, b.shelf.Drop(j.ID))
	}
	raw, err := json.Marshal(u)
	return raw, errors.Join(err, way)
}

// stage brings the setup programs of both versions into our folder.
func (b *Backend) stage(ctx context.Context, j backend.Job) (undo, error) {
	var u undo
	held, err := b.held(j.Component)
	if err != nil {
		return u, err
	}
	if err := b.shelf.Begin(j.ID, j.Component); err != nil {
		return u, err
	}
	if j.To != "" {
		if u.New, err = b.stageNew(ctx, j, held); err != nil {
			return u, err
		}
	}
	if j.From == "" {
		return u, nil
	}
	if i := shelf.Find(shelf.Items(held), j.From); i >= 0 && b.check(held[i]) == nil {
		u.Old = held[i].Ref()
		return u, nil
	}
	if j.Old == nil || j.Former == nil || j.Former.Backend != Name {
		return u, nil
	}
	k, err := b.bring(ctx, j, shelf.OldID(j.ID, 0), *j.Former, j.Old)
	u.Old = k.Ref()
	return u, err
}

// Name is what a release calls this backend.
const Name = "exe"

// stageNew brings what the job installs: what is kept for a rollback, else
// its package.
func (b *Backend) stageNew(ctx context.Context, j backend.Job, held []kept) (*shelf.Ref, error) {
	if j.Action == backend.Rollback || j.New == nil {
		if i := shelf.Find(shelf.Items(held), j.To); i >= 0 {
			return held[i].Ref(), b.check(held[i])
		}
	}
	if j.New == nil {
		return nil, fmt.Errorf("%q %s: %w", j.Component, j.To, backend.ErrNotKept)
	}
	rel := j.Release
	rel.Version = j.To
	k, err := b.bring(ctx, j, j.ID, rel, j.New)
	return k.Ref(), err
}

// wayBack tells why a change cannot be undone, or not be made at all; nil
// when both can be.
func (b *Backend) wayBack(ctx context.Context, j backend.Job, u undo) error {
	if needsRemoval(j) {
		if _, err := b.removal(ctx, j, u.Old); err != nil {
			return err
		}
	}
	if j.From != "" && u.Old == nil {
		return fmt.Errorf("the setup program of %q %s is not on this machine: %w", j.Component, j.From, backend.ErrNoWayBack)
	}
	if j.To == "" || j.Action == backend.Repair || namesProduct(j.Evidence, j.To) {
		return nil
	}
	found, err := b.removal(ctx, j, u.New)
	if err == nil && found.Product != "" { // of the version that is installed now
		err = &Error{Reason: CodeNoRemoval, Component: j.Component, Version: j.To}
	}
	if err != nil {
		return errors.Join(err, backend.ErrNoWayBack)
	}
	return nil
}

// namesProduct reports whether the evidence has the product code of a version:
// then Windows Installer can be asked to remove it.
func namesProduct(evidence []manifest.Evidence, version string) bool {
	return slices.ContainsFunc(evidence, func(e manifest.Evidence) bool {
		return e.Kind == manifest.EvidenceProductCode && e.Version != "" && manifest.SameVersion(e.Version, version)
	})
}

// needsRemoval reports whether what is installed has to go first: setup
// programs refuse to put an older version over a newer one.
func needsRemoval(j backend.Job) bool {
	switch j.Action {
	case backend.Uninstall, backend.Downgrade:
		return true
	case backend.Rollback:
		order, ok := compare(j.To, j.From)
		return j.To == "" || j.From != "" && (!ok || order < 0)
	}
	return false
}

// removal is the command that removes the version of a setup program, nil
// for whatever is installed: the one its release names, else that of the
// registry.
func (b *Backend) removal(ctx context.Context, j backend.Job, r *shelf.Ref) (Removal, error) {
	if r != nil {
		k, err := b.readKept(j.Component, r.ID)
		if err != nil {
			return Removal{}, err
		}
		if k.Setup != nil && k.Setup.Uninstall != nil {
			return Removal{File: k.Setup.Uninstall.Path, Arguments: k.Setup.Uninstall.Arguments}, nil
		}
	} else if j.Former != nil && j.Former.Setup != nil && j.Former.Setup.Uninstall != nil {
		return Removal{File: j.Former.Setup.Uninstall.Path, Arguments: j.Former.Setup.Uninstall.Arguments}, nil
	}
	found, err := b.system.Registered(ctx, j.Subject())
	if err != nil || found.None() {
		return Removal{}, &Error{Reason: CodeNoRemoval, Component: j.Component, Cause: err}
	}
	return found, nil
}
