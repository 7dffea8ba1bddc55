package installer

import (
	"fmt"

	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/manifest"
)

// writeReceipts writes down what the run installed. It takes everything from
// the plan and from the results in the journal, so that Recover writes the
// same.
func (r *run) writeReceipts() error {
	var write []receipt.Receipt
	var remove []string
	for _, s := range r.steps {
		if s.To == "" && s.Old == nil { // nothing is known to return to
			remove = append(remove, s.Component)
			continue
		}
		write = append(write, r.receipt(s))
	}
	if err := receipt.WriteAll(r.deps.State, write, remove); err != nil {
		return because(CodeReceipts, err)
	}
	return nil
}

// receipt is what a completed step leaves for later runs.
func (r *run) receipt(s *step) receipt.Receipt {
	rec := receipt.Receipt{
		Component: s.Component,
		Version:   s.did.Found.Version,
		Backend:   s.Backend,
		Run:       r.id,
		Time:      r.deps.Now(),
		Release:   s.Release,
		Evidence:  s.Evidence,
		Settings:  s.Settings,
		Programs:  s.Programs,
		Digest:    s.did.Found.Digest,
		Absent:    s.From == "",
	}
	before := r.receipts[s.Component]
	switch {
	case s.From == s.To && before != nil: // a repair: the version before stays the version before
		rec.Previous, rec.Absent = before.Previous, before.Absent
	case s.From != "" && s.From != s.To:
		rec.Previous = previous(s)
	}
	return rec
}

// previous is the release that a later rollback returns to. Of one that
// releve did not install, the version alone is known.
func previous(s *step) *manifest.Release {
	if s.Old != nil {
		return s.Old
	}
	rel := &manifest.Release{Version: s.From, Backend: s.Backend}
	if s.Release != nil {
		rel.Platform = s.Release.Platform
	}
	return rel
}

// restoreReceipts puts the receipts of an undone run back. Where this process
// touched none it writes nothing.
func (r *run) restoreReceipts() error {
	known, _ := receipt.Load(r.deps.State)
	var write []receipt.Receipt
	var remove []string
	for _, s := range r.steps {
		now, exists := known[s.Component]
		before := r.receipts[s.Component]
		switch {
		case before == nil && (exists || r.recovering):
			remove = append(remove, s.Component)
		case before != nil && (!exists || now.Run != before.Run || r.recovering):
			write = append(write, *before)
		}
	}
	if len(write)+len(remove) == 0 {
		return nil
	}
	if err := receipt.WriteAll(r.deps.State, write, remove); err != nil {
		return fmt.Errorf("restoring the receipts before run %q: %w", r.id, err)
	}
	return nil
}
