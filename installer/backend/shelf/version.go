package shelf

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

// recordOf is a pointer to K, which embeds an Item.
type recordOf[K any] interface {
	*K
	Record
}

// Items is what every backend knows of its packages: what Held listed. It lets
// the functions below do without a copy of their code for each backend.
func Items[K any, R recordOf[K]](held []K) []*Item {
	items := make([]*Item, len(held))
	for i := range held {
		items[i] = R(&held[i]).item()
	}
	return items
}

// Find returns the place of the package of a version, -1 when there is none.
func Find(items []*Item, version string) int {
	return slices.IndexFunc(items, func(i *Item) bool { return manifest.SameVersion(i.Version, version) })
}

// Kept lists what backend.State.Kept has to: the versions of packages, but for
// the one that is installed and what a job under way brought.
func (s Shelf) Kept(items []*Item, installed string) []string {
	var kept []string
	for _, i := range items {
		if !manifest.SameVersion(i.Version, installed) && !s.Open(i.ID) && !slices.Contains(kept, i.Version) {
			kept = append(kept, i.Version)
		}
	}
	slices.Sort(kept)
	return kept
}

// NeedsOld is backend.OldNeeder's for who goes back by the package of the
// installed version: whether that is not among those of the component.
func NeedsOld(j backend.Job, items []*Item) bool { return j.From != "" && Find(items, j.From) < 0 }

// Settle ends a job that is committed, and removes the packages that are of no
// use after it, by their places.
func (s Shelf) Settle(j backend.Job, items []*Item, keeps func(place int) bool) error {
	for place, i := range items {
		if keeps(place) {
			continue
		}
		if err := s.Discard(j.Component, i.ID); err != nil {
			return err
		}
	}
	return s.End(j.ID, j.Component)
}

// Ref names a package in the Undo of a backend.
type Ref struct {
	ID string `json:"id"`
}

// Ref names the package.
func (i Item) Ref() *Ref { return &Ref{ID: i.ID} }

// Undo is what Decode reads.
type Undo interface {
	// Refs lists the packages that it names; nil stands for none.
	Refs() []*Ref
}

// Decode reads an Undo of a backend into u, which is a pointer. It refuses
// names that lead elsewhere.
func Decode(j backend.Job, raw backend.Undo, u Undo) error {
	if err := durable.CheckPlain(j.ID, j.Component); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, u); err != nil {
		return fmt.Errorf("reading the way back of job %q: %w", j.ID, err)
	}
	for _, r := range u.Refs() {
		if r == nil {
			continue
		}
		if err := durable.CheckPlain(r.ID); err != nil {
			return err
		}
	}
	return nil
}
