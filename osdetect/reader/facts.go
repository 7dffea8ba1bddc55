package reader

import (
	"slices"

	"github.com/releve-sante/releve/osdetect"
)

// Facts returns the facts with what the readers add to them. In a remote
// session nothing is added: the readers are those of another machine.
func Facts(facts osdetect.Facts, r Readers) osdetect.Facts {
	if r.Remote {
		return facts
	}
	if r.Service != NoService {
		facts = facts.With("reader.service", string(r.Service))
	}
	if r.SerialKnown {
		facts = facts.With("reader.serial", r.suspect())
	}
	if !r.Known() {
		return facts
	}
	facts = facts.With("reader.count", len(r.Slots))
	facts = facts.With("reader.contact", slices.ContainsFunc(r.Slots, func(s Slot) bool { return !s.Contactless }))
	facts = facts.With("card.mute", slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.State == Mute }))
	facts = known(facts, "card.cps", r.cps())
	facts = known(facts, "card.vitale", r.vitale())
	return known(facts, "card.session", r.session())
}

// known adds a fact unless its value is "".
func known(facts osdetect.Facts, path, value string) osdetect.Facts {
	if value == "" {
		return facts
	}
	return facts.With(path, value)
}

// InUse reports whether a program works with a card, and whether that is
// known. Nobody is to be stopped meanwhile who may hold that session. A slot
// that the system cannot reach holds none, and where its service does not run
// there is none. A service that gives no answer tells nothing: one that hangs
// may hang over a card.
func (r Readers) InUse() (inUse, known bool) {
	switch {
	case r.Remote:
		return false, false
	case r.Service == Stopped || r.has(CodeLibrary):
		return false, true
	}
	inUse = slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Use == Shared || s.Use == Exclusive })
	return inUse, inUse || r.Known() && !slices.ContainsFunc(r.Slots, func(s Slot) bool {
		return s.Use == UnknownUse && s.State != Unavailable
	})
}

// Silent reports whether the system could say who uses a card, and gave no
// answer. The report of macOS never says it, and a remote session is asked
// about another machine.
func (r Readers) Silent() bool {
	elsewhere := r.Remote || r.has(CodeRedirection) || r.has(CodeReport)
	return r.Service == Unreachable && !elsewhere && !r.has(CodeLibrary)
}

// suspect reports whether a device may be a reader in serial mode: one of a
// maker of readers, or any while there is no slot at all.
func (r Readers) suspect() bool {
	noSlot := r.Known() && len(r.Slots) == 0 || r.Service == Stopped
	return len(r.Serial) > 0 && noSlot ||
		slices.ContainsFunc(r.Serial, func(s Serial) bool { return s.Maker != "" })
}

// cps names the professional card. Of two the CPS4 counts, since it asks for
// more. A card that does not answer may be one, and so may a contactless card
// that is on no list.
func (r Readers) cps() string {
	return r.best([]Kind{CPS4, CPS3}, func(s Slot) bool { return s.open() || s.Card == CPS || s.Card == Unknown && s.Contactless })
}

// vitale names the card of the insured person, the newest of several.
func (r Readers) vitale() string {
	return r.best([]Kind{Vitale2, Vitale1}, Slot.open)
}

// open reports whether the slot may hold any card.
func (s Slot) open() bool { return s.State != Empty && len(s.ATR) == 0 }

// best returns the first of kinds that is in a slot, "none" when none is, and
// "" when a slot leaves it open.
func (r Readers) best(kinds []Kind, open func(Slot) bool) string {
	for _, k := range kinds {
		if slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Card == k }) {
			return string(k)
		}
	}
	if slices.ContainsFunc(r.Slots, open) {
		return ""
	}
	return string(NoCard)
}

// session tells how the cards are in use, the strongest use of all slots, or
// "" when that is not known.
func (r Readers) session() string {
	if !r.Known() {
		return ""
	}
	for _, u := range []Use{Exclusive, Shared, UnknownUse} {
		if slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Use == u }) {
			if u == UnknownUse {
				return ""
			}
			return string(u)
		}
	}
	return "none"
}
