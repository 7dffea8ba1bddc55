package reader

import (
	"fmt"
	"strconv"

	"github.com/releve-sante/releve/osdetect/quote"
)

// report is what system_profiler SPSmartCardsDataType answered on macOS. It
// does not say who uses a card.
type report struct {
	Error string `json:"error,omitempty"`
	XML   []byte `json:"xml,omitempty"`
}

// reading holds what the system said, unjudged. It is JSON, so that a
// workstation that puzzles us can be sent as a file.
type reading struct {
	System string     `json:"system"`
	PCSC   *listing   `json:"pcsc,omitempty"`   // nil: there is no way to ask on this system
	Report *report    `json:"report,omitempty"` // what a report of the system lists, where PC/SC itself is not asked
	USB    *inventory `json:"usb,omitempty"`    // nil: there is no way to ask on this system
}

// listing is what the resource manager of PC/SC answered.
type listing struct {
	Missing bool       `json:"missing,omitempty"` // the system has no library for it
	Hung    bool       `json:"hung,omitempty"`    // no answer within the limit
	Call    string     `json:"call,omitempty"`    // the function that failed
	Result  uint32     `json:"result,omitempty"`  // with what
	Names   []uint16   `json:"names,omitempty"`   // multi-string
	Slots   []slotWord `json:"slots,omitempty"`   // in the order of the names
}

// slotWord is the state of one slot.
type slotWord struct {
	Result uint32 `json:"result,omitempty"` // of SCardGetStatusChange
	Event  uint32 `json:"event"`            // SCARD_STATE_* flags
	ATR    ATR    `json:"atr,omitempty"`
}

// Results of the functions of PC/SC and of the calls below them. Source:
// winscard.h and "Authentication Return Values", learn.microsoft.com.
const (
	resultOK                 = 0
	resultAccessDenied       = 5
	resultBrokenPipe         = 0x6D
	resultBrokenPipeAsListed = 0x109 // what the documentation gives for it
	resultServerUnavailable  = 0x6BA // RPC
	resultCallFailed         = 0x6BE // RPC
	resultCallFailedNoEffect = 0x6BF // RPC
	resultCancelled          = 0x80100002
	resultUnknownReader      = 0x80100009
	resultTimeout            = 0x8010000A
	resultInsufficientBuffer = 0x80100008
	resultReaderUnavailable  = 0x80100017
	resultNoService          = 0x8010001D
	resultServiceStopped     = 0x8010001E
	resultNoReaders          = 0x8010002E
	resultSecurityViolation  = 0x8010006A
)

// Flags of the state of a slot. Source: winscard.h.
const (
	stateUnknown     = 0x0004
	stateUnavailable = 0x0008
	stateEmpty       = 0x0010
	statePresent     = 0x0020
	stateExclusive   = 0x0080
	stateInUse       = 0x0100
	stateMute        = 0x0200
)

// interpret judges a reading. Every decision of this package is in it and in
// what it calls, and none of them looks at the machine.
func interpret(in reading) Readers {
	r := Readers{Slots: []Slot{}, Serial: []Serial{}, Problems: []Problem{}}
	switch {
	case in.PCSC != nil:
		r.pcsc(*in.PCSC)
	case in.Report != nil:
		r.report(*in.Report)
	default:
		r.problem(CodeUnsupported, map[string]string{"System": quote.Text(in.System)})
		return r
	}
	if in.USB != nil {
		r.usb(*in.USB)
	}
	return r
}

// pcsc judges what the resource manager answered.
func (r *Readers) pcsc(l listing) {
	result := map[string]string{"Result": fmt.Sprintf("0x%08X", l.Result), "Call": quote.Text(l.Call)}
	r.Service = Unreachable
	switch {
	case l.Missing:
		r.problem(CodeLibrary, nil)
	case l.Hung:
		r.problem(CodeHung, map[string]string{"Seconds": strconv.Itoa(int(limit.Seconds()))})
	case l.Result == resultOK, l.Result == resultNoReaders:
		r.Service = Running
		r.slots(l)
	case l.Result == resultNoService, l.Result == resultServiceStopped:
		r.Service = Stopped
		r.problem(CodeStopped, nil)
	case l.Result == resultBrokenPipe, l.Result == resultBrokenPipeAsListed:
		r.problem(CodeRedirection, nil)
	case l.Result == resultServerUnavailable, l.Result == resultCallFailed, l.Result == resultCallFailedNoEffect:
		r.problem(CodeUnreachable, result)
	case l.Result == resultAccessDenied, l.Result == resultSecurityViolation:
		r.problem(CodeDenied, result)
	default:
		r.problem(CodeFailed, result)
	}
}

// slots judges the slots of a resource manager that answers.
func (r *Readers) slots(l listing) {
	names, whole := multiString(l.Names)
	if !whole {
		r.problem(CodeTooMany, map[string]string{"Limit": strconv.Itoa(mostSlots)})
	}
	for i, name := range names {
		if odd(name) {
			r.problem(CodeOddName, map[string]string{"Name": quote.Text(name)})
		}
		word := slotWord{Result: resultUnknownReader}
		if i < len(l.Slots) {
			word = l.Slots[i]
		}
		s := newSlot(name, word)
		if word.Result != resultOK && word.Result != resultTimeout {
			r.problem(CodeSlot, map[string]string{"Name": quote.Text(name), "Result": fmt.Sprintf("0x%08X", word.Result)})
		}
		r.Slots = append(r.Slots, s)
	}
	r.none()
}

// none says that there is no reader, once that is certain.
func (r *Readers) none() {
	if r.Service == Running && len(r.Slots) == 0 {
		r.problem(CodeNone, nil)
	}
}

// newSlot judges one slot.
func newSlot(name string, w slotWord) Slot {
	s := Slot{Name: name, State: Unavailable, Card: Unknown, Use: UnknownUse, Contactless: contactlessName(name)}
	if w.Result != resultOK && w.Result != resultTimeout || w.Event&(stateUnknown|stateUnavailable) != 0 {
		return s
	}
	switch {
	case w.Event&stateMute != 0:
		s.State = Mute
	case w.Event&statePresent != 0:
		s.State = Present
		if len(w.ATR) <= longestATR {
			s.ATR, s.Card = w.ATR, KindOf(w.ATR)
			s.Contactless = s.Contactless || contactlessForm(w.ATR)
		}
	case w.Event&stateEmpty != 0:
		s.State, s.Card = Empty, NoCard
	default:
		return s
	}
	switch {
	case w.Event&stateExclusive != 0:
		s.Use = Exclusive
	case w.Event&stateInUse != 0:
		s.Use = Shared
	default:
		s.Use = Free
	}
	return s
}
