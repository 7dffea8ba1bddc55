// Package reader finds the PC/SC readers of a workstation and the cards in
// them.
//
// What it promises:
//   - a card is told by its answer to reset (ATR), which the system keeps: no
//     connection is made to the card, no PIN is asked for, and nobody who works
//     with it is disturbed
//   - the calls that ask the system copy what it says; every judgement over it
//     is a pure function
//   - a resource manager that hangs costs the time limit and nothing more
//   - what could not be read is a Problem with a code, and the facts about it
//     stay unknown; in a remote session, where the readers are those of the
//     person's own machine, they all do
//
// On macOS the system's own report is read, which does not say who uses a card,
// and devices with a serial port are not looked for.
//
// What it does not promise: that a card works, that a reader without slot is in
// serial mode (it may be), or that the names are the same after a restart.
package reader

import (
	"context"
	"time"
)

// Limits of what is read. A workstation has one to three readers with up to
// three slots each.
const (
	limit       = 10 * time.Second // for the resource manager, and for the devices
	mostSlots   = 32
	mostDevices = 64  // with a serial port or of the class of card readers
	longestName = 512 // UTF-16 units in the name of a reader
)

// Options says what List has to know about the session.
type Options struct {
	// Remote says that this program runs in a remote session. Windows then
	// answers with the readers of the machine the person sits at.
	Remote bool
}

// List asks the system for its readers, their cards and the devices with a
// serial port that may be readers too. On Windows it takes some milliseconds
// and at most ten seconds, on macOS some seconds and at most thirty; it changes
// nothing. On a system whose readers this package cannot list the answer has a
// Problem with CodeUnsupported.
func List(ctx context.Context, o Options) Readers {
	r := interpret(read(ctx))
	if o.Remote {
		r.Remote = true
		r.problem(CodeRemote, nil)
	}
	return r
}

// Readers is what is known about the readers of a workstation.
type Readers struct {
	Service     Service   `json:"service"`
	Remote      bool      `json:"remote"` // the slots are those of the machine the person sits at
	Slots       []Slot    `json:"slots"`  // in the order of the system
	Serial      []Serial  `json:"serial"` // USB devices with a serial port and without a slot
	SerialKnown bool      `json:"serial_known"`
	Problems    []Problem `json:"problems"`
}

// Service is how the resource manager of PC/SC answered.
type Service string

// The answers of the resource manager.
const (
	Running     Service = "running"
	Stopped     Service = "stopped"     // Windows stops it with the last reader, and starts it with the first
	Unreachable Service = "unreachable" // no answer, or one that means nothing
	NoService   Service = ""            // not known: this system was not asked
)

// Known reports whether the slots are all there are.
func (r Readers) Known() bool {
	return r.Service == Running && !r.has(CodeTooMany) && !r.has(CodeOddName)
}

// Slot is one place for a card: a reader has one or several.
type Slot struct {
	// Name is the name of the slot exactly as the system writes it. The
	// number at its end can change with a restart.
	Name        string `json:"name"`
	State       State  `json:"state"`
	ATR         ATR    `json:"atr,omitempty"` // of the card, if it gave one
	Card        Kind   `json:"card"`
	Contactless bool   `json:"contactless"` // by its name, or by the form of the card's ATR
	Use         Use    `json:"use"`
}

// State is what is in a slot.
type State string

// The states of a slot.
const (
	Empty       State = "empty"
	Present     State = "present"     // a card, nearly always with its ATR
	Mute        State = "mute"        // a card that does not answer: the wrong way round, dirty or broken
	Unavailable State = "unavailable" // the reader was taken away, or its driver fails
)

// Use says who works with the card in a slot.
type Use string

// The uses of a card.
const (
	Free       Use = "free"
	Shared     Use = "shared"    // a program is connected, and others may join it
	Exclusive  Use = "exclusive" // a program keeps everybody else out
	UnknownUse Use = "unknown"
)

// Serial is a USB device with a serial port and without a PC/SC slot. It may
// be a reader in serial mode (PSS), and may be anything else.
type Serial struct {
	Port    string `json:"port"`            // for example "COM3"; "" when the system does not say
	Device  string `json:"device"`          // as the system calls it
	Vendor  string `json:"vendor"`          // USB vendor, four hexadecimal digits
	Product string `json:"product"`         // USB product, four hexadecimal digits
	Maker   string `json:"maker,omitempty"` // the maker of card readers who has this vendor number or name
}

// problem adds a problem.
func (r *Readers) problem(code string, args map[string]string) {
	r.Problems = append(r.Problems, Problem{code, args})
}

func (r Readers) has(code string) bool {
	for _, p := range r.Problems {
		if p.code == code {
			return true
		}
	}
	return false
}
