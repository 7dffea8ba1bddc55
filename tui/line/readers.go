package line

import (
	"io"

	"github.com/releve-sante/releve/tui/text"
)

// CardReaders is what Readers shows.
type CardReaders struct {
	Known    bool // the slots are all there are
	Slots    []CardSlot
	Serial   []SerialDevice
	Problems []error // coded errors
}

// CardSlot is a place for a card. State, Card and Use are the words of package
// reader.
type CardSlot struct {
	Name, State, Card, Use, ATR string
	Contactless                 bool
}

// SerialDevice is a device with a serial port and no slot.
type SerialDevice struct {
	Port, Name, USB string
	Maker           string // of card readers; "" when it is not known as one
}

// Readers writes the slots with their cards, the devices that may be readers
// too, and what could not be told, with what to do about it.
func Readers(w io.Writer, p *text.Printer, r CardReaders) error {
	g := newPage(p)
	if r.Known || len(r.Slots) > 0 {
		g.head(p.Count("view-readers", len(r.Slots), nil))
	}
	for _, s := range r.Slots {
		g.item(2, p.Value(s.Name))
		g.item(4, slotCard(p, s))
		if s.ATR != "" {
			g.item(4, "ATR "+p.Value(s.ATR))
		}
	}
	if len(r.Serial) > 0 {
		g.head(p.Message("view-readers-serial", nil))
		for _, d := range r.Serial {
			g.item(2, serialDevice(p, d))
		}
	}
	for _, problem := range r.Problems {
		g.problem(p.Error(problem))
	}
	return g.writeTo(w)
}

// slotCard names the card in a slot, or what else is the matter, and who uses
// it.
func slotCard(p *text.Printer, s CardSlot) string {
	id := map[string]string{
		"empty": "view-slot-empty", "mute": "view-slot-mute", "unavailable": "view-slot-unavailable",
	}[s.State]
	if id == "" {
		id = map[string]string{
			"cps3": "view-card-cps3", "cps4": "view-card-cps4", "cps": "view-card-cps",
			"vitale1": "view-card-vitale1", "vitale2": "view-card-vitale2",
		}[s.Card]
	}
	if id == "" {
		id = "view-card-other"
	}
	said := p.Message(id, nil)
	if s.Contactless {
		said += ", " + p.Message("view-slot-contactless", nil)
	}
	switch s.Use {
	case "shared":
		said += ", " + p.Message("view-slot-shared", nil)
	case "exclusive":
		said += ", " + p.Message("view-slot-exclusive", nil)
	}
	return said
}

// serialDevice names a device, its port and its numbers.
func serialDevice(p *text.Printer, d SerialDevice) string {
	said := p.Value(d.Name) + " (USB " + p.Value(d.USB) + ")"
	if d.Port != "" {
		said = p.Value(d.Port) + ": " + said
	}
	if d.Maker != "" {
		said += " - " + p.Message("view-serial-maker", map[string]string{"Maker": d.Maker})
	}
	return said
}
