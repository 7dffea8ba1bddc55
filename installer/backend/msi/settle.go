package msi

import (
	"context"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/manifest"
)

// Settle implements backend.Backend. A committed change leaves the packages of
// what is installed and of the version before it; a repair leaves what was
// kept before.
func (b *Backend) Settle(ctx context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	if !committed {
		return b.shelf.Drop(j.ID)
	}
	held, err := b.held(j.Component)
	if err != nil {
		return err
	}
	found, err := b.now(ctx, j, u)
	if err != nil {
		return err
	}
	return b.shelf.Settle(j, shelf.Items(held), func(place int) bool { return u.keeps(j, held[place], found) })
}

// keeps reports whether a package is of use after a committed change: it is
// what the change installed, or the way back from it, or belongs to a product
// that still stands beside it.
func (u undo) keeps(j backend.Job, k kept, found []Product) bool {
	switch {
	case u.New == nil:
		return false
	case k.ID == u.New.ID:
		return true
	case j.Action == backend.Repair: // New replaces the one that was kept
		return !manifest.SameVersion(k.Version, j.To)
	}
	old := slices.ContainsFunc(u.Old, func(o old) bool { return o.Package != nil && o.Package.ID == k.ID })
	return old || slices.ContainsFunc(found, k.fits) && !manifest.SameVersion(k.Version, j.To)
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(context.Context) error { return b.shelf.Sweep() }
