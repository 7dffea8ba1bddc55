package msi

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
	Old []old      `json:"old,omitempty"` // what goes or is changed, the lowest version first
}

// old is a product that is not what it was after Apply.
type old struct {
	Product string     `json:"product"`
	Version string     `json:"version"`           // as Windows Installer writes it
	Package *shelf.Ref `json:"package,omitempty"` // nil: nobody has it
}

// Refs implements shelf.Undo.
func (u *undo) Refs() []*shelf.Ref {
	refs := []*shelf.Ref{u.New}
	for _, o := range u.Old {
		refs = append(refs, o.Package)
	}
	return refs
}

// Prepare implements backend.Backend. The new package and one for every
// product that may go are copied and checked here; Apply only makes sure that
// they are the same bytes.
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
	raw, err := json.Marshal(u)
	if err != nil {
		return nil, errors.Join(err, b.shelf.Drop(j.ID))
	}
	for _, o := range u.Old {
		if o.Package == nil {
			return raw, fmt.Errorf("no whole package of product %s %s is on this machine: %w", o.Product, o.Version, backend.ErrNoWayBack)
		}
	}
	return raw, nil
}

// stage brings the packages of both directions into our folder.
func (b *Backend) stage(ctx context.Context, j backend.Job) (undo, error) {
	var u undo
	held, err := b.held(j.Component)
	if err != nil {
		return u, err
	}
	if err := b.shelf.Begin(j.ID, j.Component); err != nil {
		return u, err
	}
	found, err := b.products(ctx, j.Subject(), held)
	if err != nil {
		return u, err
	}
	if j.To != "" {
		k, err := b.stageNew(ctx, j, held)
		if err != nil {
			return u, err
		}
		u.New = k.Ref()
		if found, err = b.going(ctx, k, found); err != nil {
			return u, err
		}
	}
	for i, p := range found {
		way, err := b.stageOld(ctx, j, held, p, shelf.OldID(j.ID, i))
		if err != nil {
			return u, err
		}
		u.Old = append(u.Old, old{Product: p.Code, Version: p.Version, Package: way})
	}
	return u, nil
}

// going lists the installed products that installing a package removes or
// changes; the others stay beside it.
func (b *Backend) going(ctx context.Context, k kept, found []Product) ([]Product, error) {
	going, err := b.replaced(ctx, k.Package)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if !has(going, p.Code) && (p.Code == k.Package.ProductCode || order(p.Version, k.Package.ProductVersion) >= 0) {
			going = append(going, p)
		}
	}
	slices.SortStableFunc(going, func(a, b Product) int { return order(a.Version, b.Version) })
	return going, nil
}

// stageNew brings what the job installs: what is kept for a rollback, else its
// package.
func (b *Backend) stageNew(ctx context.Context, j backend.Job, held []kept) (k kept, err error) {
	if j.Action == backend.Rollback || j.New == nil {
		for _, k := range held {
			if manifest.SameVersion(k.Version, j.To) && b.intact(k) {
				return k, nil
			}
		}
	}
	if j.New == nil {
		return kept{}, fmt.Errorf("%q %s: %w", j.Component, j.To, backend.ErrNotKept)
	}
	if k, err = b.bring(ctx, j, j.ID, j.New); err != nil {
		return k, err
	}
	k.Version, k.Setup = j.To, j.Release.Setup
	return k, b.checked(k, k.Signer())
}

// stageOld finds a package for the way back to a product: one of ours, that of
// the manifest, or one that Windows or another installer left on the machine.
// Nil means that nobody has it.
func (b *Backend) stageOld(ctx context.Context, j backend.Job, held []kept, p Product, id string) (*shelf.Ref, error) {
	for _, k := range held {
		if k.fits(p) && b.intact(k) {
			return k.Ref(), nil
		}
	}
	if j.Old != nil {
		k, err := b.bring(ctx, j, id, j.Old)
		if err == nil && k.fits(p) {
			if k.Version = j.From; j.Former != nil {
				k.Setup = j.Former.Setup
			}
			return k.Ref(), b.checked(k, "")
		}
		if err := errors.Join(ctx.Err(), b.shelf.Discard(j.Component, id)); err != nil {
			return nil, err
		}
	}
	candidates, err := b.service.Packages(ctx, p.Code)
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		k, err := b.bring(ctx, j, id, c)
		if err == nil && k.fits(p) && k.Package.Whole && b.believed(j, c, k) {
			k.Version = spell(p, j.Evidence, held)
			if j.Former != nil && manifest.SameVersion(k.Version, j.Former.Version) {
				k.Setup = j.Former.Setup
			}
			return k.Ref(), b.checked(k, "")
		}
		if err := errors.Join(ctx.Err(), b.shelf.Discard(j.Component, id)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// fits reports whether a package is that of an installed product, in its
// version.
func (k kept) fits(p Product) bool {
	return k.Package.ProductCode == p.Code && order(k.Package.ProductVersion, p.Version) == 0
}

// believed reports whether a package that lay about may be run one day: only
// administrators can have put it there, or the manifest knows its bytes or
// who signs it.
func (b *Backend) believed(j backend.Job, c Candidate, k kept) bool {
	if c.Guarded {
		return true
	}
	if j.Former == nil {
		return false
	}
	if a := j.Former.Artifact; a != nil && a.SHA256 == k.SHA256 {
		return true
	}
	s := j.Former.Setup
	return s != nil && s.Signer != "" && b.verified(k, s.Signer) == nil
}

// intact reports whether a package is what we once kept. Its signature counted
// then: what was installed before must come back even if the certificate was
// revoked since.
func (b *Backend) intact(k kept) bool { return b.verified(k, "") == nil }

// verified checks digest and signature of a package in our folder.
func (b *Backend) verified(k kept, signer string) error {
	hold, err := b.service.Hold(b.file(k), k.SHA256, signer)
	if err != nil {
		return err
	}
	return hold.Close()
}

// checked keeps a package that is verified.
func (b *Backend) checked(k kept, signer string) error {
	if err := b.verified(k, signer); err != nil {
		return err
	}
	return b.shelf.Keep(&k)
}

// decode reads an Undo of this backend.
func decode(j backend.Job, raw backend.Undo) (undo, error) {
	var u undo
	err := shelf.Decode(j, raw, &u)
	return u, err
}
