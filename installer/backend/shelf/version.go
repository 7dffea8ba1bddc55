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

// Find returns the package of a version.
func Find[K any, R recordOf[K]](held []K, version string) (K, bool) {
	i := slices.IndexFunc(held, func(k K) bool { return manifest.SameVersion(R(&k).item().Version, version) })
	if i < 0 {
		var none K
		return none, false
	}
	return held[i], true
}

// Kept lists what backend.State.Kept has to: the versions of packages, but for
// the one that is installed and what a job under way brought.
func Kept[K any, R recordOf[K]](s Shelf, held []K, installed string) []string {
	var kept []string
	for _, k := range held {
		i := R(&k).item()
		if !manifest.SameVersion(i.Version, installed) && !s.Open(i.ID) && !slices.Contains(kept, i.Version) {
			kept = append(kept, i.Version)
		}
	}
	slices.Sort(kept)
	return kept
}

// NeedsOld is backend.OldNeeder's for who goes back by the package of the
// installed version: whether that is not among the packages of the component,
// which held lists.
func NeedsOld[K any, R recordOf[K]](j backend.Job, held func(component string) ([]K, error)) bool {
	if j.From == "" {
		return false
	}
	all, err := held(j.Component)
	_, found := Find[K, R](all, j.From)
	return err != nil || !found
}

// Settle ends a job that is committed, and removes the packages that are of no
// use after it.
func Settle[K any, R recordOf[K]](s Shelf, j backend.Job, held []K, keeps func(K) bool) error {
	for _, k := range held {
		if keeps(k) {
			continue
		}
		if err := s.Discard(j.Component, R(&k).item().ID); err != nil {
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
