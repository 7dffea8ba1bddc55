package exe

import (
	"context"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/manifest"
)

// Settle implements backend.Backend. A committed change leaves the setup
// programs of the version in use and of the one before it; a repair leaves
// what was kept before.
func (b *Backend) Settle(ctx context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	b.sweepTemps(ctx)
	if !committed {
		return b.shelf.Drop(j.ID)
	}
	held, err := b.held(j.Component)
	if err != nil {
		return err
	}
	return b.shelf.Settle(j, shelf.Items(held), func(place int) bool { return u.keeps(j, held[place]) })
}

// keeps reports whether a setup program is of use after a committed change.
func (u undo) keeps(j backend.Job, k kept) bool {
	switch {
	case u.New == nil:
		return false
	case k.ID == u.New.ID:
		return true
	case j.Action == backend.Repair: // New replaces the one that was kept
		return !manifest.SameVersion(k.Version, j.To)
	}
	return u.Old != nil && k.ID == u.Old.ID
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(ctx context.Context) error {
	b.sweepTemps(ctx)
	return b.shelf.Sweep()
}
