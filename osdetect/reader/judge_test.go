package reader

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// codes lists the codes of the problems.
func codes(r Readers) []string {
	all := []string{}
	for _, p := range r.Problems {
		all = append(all, p.Code())
	}
	return all
}

func TestService(t *testing.T) {
	tests := []struct {
		name  string
		in    listing
		want  Service
		codes []string
	}{
		{"no-reader-but-ok", listing{}, Running, []string{CodeNone}},
		{"no-reader", listing{Call: "SCardListReaders", Result: 0x8010002E}, Running, []string{CodeNone}},
		{"service-not-running", listing{Call: "SCardEstablishContext", Result: 0x8010001D}, Stopped, []string{CodeStopped}},
		{"service-stopped-meanwhile", listing{Call: "SCardListReaders", Result: 0x8010001E}, Stopped, []string{CodeStopped}},
		{"rpc-server-down", listing{Call: "SCardEstablishContext", Result: 1722}, Unreachable, []string{CodeUnreachable}},
		{"rpc-call-failed", listing{Call: "SCardListReaders", Result: 1726}, Unreachable, []string{CodeUnreachable}},
		{"no-redirection", listing{Result: 109}, Unreachable, []string{CodeRedirection}},
		{"no-redirection-as-documented", listing{Result: 0x109}, Unreachable, []string{CodeRedirection}},
		{"access-denied", listing{Result: 5}, Unreachable, []string{CodeDenied}},
		{"security-violation", listing{Result: 0x8010006A}, Unreachable, []string{CodeDenied}},
		{"cancelled", listing{Call: "SCardListReaders", Result: resultCancelled}, Unreachable, []string{CodeFailed}},
		{"anything-else", listing{Call: "SCardListReaders", Result: 0x80100001}, Unreachable, []string{CodeFailed}},
		{"hangs", listing{Hung: true}, Unreachable, []string{CodeHung}},
		{"no-library", listing{Missing: true}, Unreachable, []string{CodeLibrary}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := interpret(reading{System: "windows", PCSC: &tt.in})
			if got.Service != tt.want || !slices.Equal(codes(got), tt.codes) {
				t.Errorf("service %q, problems %v; want %q, %v", got.Service, codes(got), tt.want, tt.codes)
			}
			if got.Known() != (tt.want == Running) || len(got.Slots) != 0 {
				t.Errorf("known %v, slots %+v", got.Known(), got.Slots)
			}
		})
	}
}

func TestSlots(t *testing.T) {
	cps4, cps3cl, vitale := published[2].atr, published[1].atr, published[5].atr
	tests := []struct {
		name string
		slot string
		word slotWord
		want Slot
	}{
		{"empty", "FEI CV2 0", slotWord{Event: 0x12}, Slot{State: Empty, Card: NoCard, Use: Free}},
		{"empty-contactless", "FEI NFC 0", slotWord{Event: 0x10}, Slot{State: Empty, Card: NoCard, Contactless: true, Use: Free}},
		{"cps4", "FEI CPS 0", slotWord{Event: 0x10022, ATR: cps4}, Slot{State: Present, ATR: cps4, Card: CPS4, Use: Free}},
		{"contactless-by-its-card", "Reader 1", slotWord{Event: 0x22, ATR: cps3cl}, Slot{State: Present, ATR: cps3cl, Card: CPS3, Contactless: true, Use: Free}},
		{"in-use", "R", slotWord{Event: 0x122, ATR: vitale}, Slot{State: Present, ATR: vitale, Card: Vitale2, Use: Shared}},
		{"exclusive", "R", slotWord{Event: 0x1A2, ATR: vitale}, Slot{State: Present, ATR: vitale, Card: Vitale2, Use: Exclusive}},
		{"without-power", "R", slotWord{Event: 0x422, ATR: vitale}, Slot{State: Present, ATR: vitale, Card: Vitale2, Use: Free}},
		{"mute", "R", slotWord{Event: 0x222}, Slot{State: Mute, Card: Unknown, Use: Free}},
		{"no-answer-yet", "R", slotWord{Event: 0x22}, Slot{State: Present, Card: Unknown, Use: Free}},
		{"longer-than-an-answer-can-be", "R", slotWord{Event: 0x22, ATR: make(ATR, 36)}, Slot{State: Present, Card: Unknown, Use: Free}},
		{"taken-away", "R", slotWord{Event: 0x0C}, Slot{State: Unavailable, Card: Unknown, Use: UnknownUse}},
		{"neither-empty-nor-present", "R", slotWord{}, Slot{State: Unavailable, Card: Unknown, Use: UnknownUse}},
		{"unknown-reader", "R", slotWord{Result: 0x80100009, Event: 0x22, ATR: cps4}, Slot{State: Unavailable, Card: Unknown, Use: UnknownUse}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Name = tt.slot
			r := interpret(reading{PCSC: &listing{Names: units(tt.slot + "\x00\x00"), Slots: []slotWord{tt.word}}})
			if len(r.Slots) != 1 || !reflect.DeepEqual(r.Slots[0], tt.want) {
				t.Errorf("slots\n got %+v\nwant %+v", r.Slots, tt.want)
			}
		})
	}
}

func TestProblemsOfSlots(t *testing.T) {
	many := strings.Repeat("R\x00", mostSlots+1)
	tests := []struct {
		name  string
		in    listing
		codes []string
		known bool
	}{
		{"taken-away-while-listing", listing{Names: units("A 0\x00B 0\x00"), Slots: []slotWord{{Event: 0x10}, {Result: 0x80100009}}}, []string{CodeSlot}, true},
		{"no-answer-for-a-name", listing{Names: units("A 0\x00")}, []string{CodeSlot}, true},
		{"control-characters", listing{Names: units("A\x1b[2J\x00"), Slots: []slotWord{{Event: 0x10}}}, []string{CodeOddName}, false},
		{"half-a-character", listing{Names: []uint16{'A', 0xD800, 0}, Slots: []slotWord{{Event: 0x10}}}, []string{CodeOddName}, false},
		{"too-many", listing{Names: units(many), Slots: slices.Repeat([]slotWord{{Event: 0x10}}, mostSlots)}, []string{CodeTooMany}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := interpret(reading{PCSC: &tt.in})
			if !slices.Equal(codes(r), tt.codes) || r.Known() != tt.known {
				t.Errorf("problems %v, known %v; want %v, %v", codes(r), r.Known(), tt.codes, tt.known)
			}
			for _, p := range r.Problems {
				if strings.ContainsAny(p.Args()["Name"], "\x1b\ufffd") {
					t.Errorf("a problem shows %q", p.Args()["Name"])
				}
			}
		})
	}
}

func TestUnsupportedSystem(t *testing.T) {
	r := interpret(reading{System: "plan9"})
	if !slices.Equal(codes(r), []string{CodeUnsupported}) || r.Service != NoService || r.Known() || r.SerialKnown {
		t.Errorf("readers %+v", r)
	}
}

func TestJSONIsTheSameReaders(t *testing.T) {
	want := interpret(reading{
		PCSC: &listing{Names: units("A 0\x00B 0\x00"), Slots: []slotWord{{Event: 0x122, ATR: published[2].atr}, {Result: 0x80100009}}},
		USB:  &inventory{Devices: []device{{Class: classPorts, ID: `USB\VID_0F14&PID_0038\1`, Name: "Leo", Port: "COM3"}}},
	})
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Readers
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back %v\n got %+v\nwant %+v", err, got, want)
	}
}

func FuzzInterpret(f *testing.F) {
	f.Add([]byte(`{"pcsc":{"names":[65,0,66,0,0],"slots":[{"event":34,"atr":"3B 75 13"},{"event":16}]},"usb":{"devices":[{"class":"ports","id":"USB\\VID_0F14&PID_0038"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in reading
		if json.Unmarshal(data, &in) != nil {
			return
		}
		r := interpret(in)
		facts := Facts(nil, r)
		if !r.Known() && facts["card.cps"] != nil {
			t.Errorf("card.cps is %v though the readers are not known", facts["card.cps"])
		}
	})
}
