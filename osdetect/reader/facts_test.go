package reader

import (
	"bytes"
	"testing"

	"github.com/releve-sante/releve/osdetect"
)

// with puts cards into the slots of a running service.
func with(slots ...Slot) Readers {
	return Readers{Service: Running, Slots: slots, SerialKnown: true}
}

func card(k Kind) Slot { return Slot{Name: "R", State: Present, Card: k, ATR: ATR{0x3B}, Use: Free} }

func TestFacts(t *testing.T) {
	empty := Slot{Name: "E", State: Empty, Card: NoCard, Use: Free}
	contactless := Slot{Name: "NFC", State: Empty, Card: NoCard, Contactless: true, Use: Free}
	inUse := card(CPS3)
	inUse.Use = Shared
	exclusive := card(Vitale2)
	exclusive.Use = Exclusive
	notSaid := card(CPS3)
	notSaid.Use = UnknownUse
	strange := card(Unknown)
	strange.Contactless = true
	adapter := Serial{Port: "COM4", Vendor: "0403", Product: "6001"}
	leo := Serial{Port: "COM3", Vendor: "0F14", Product: "0038", Maker: "Ingenico"}

	none := osdetect.Facts{
		"reader.service": "running", "reader.serial": false, "reader.count": int64(1), "reader.contact": true,
		"card.mute": false, "card.cps": "none", "card.vitale": "none", "card.session": "none",
	}
	tests := []struct {
		name string
		in   Readers
		want osdetect.Facts
	}{
		{"empty-slot", with(empty), none},
		{"no-reader", with(), none.With("reader.count", 0).With("reader.contact", false)},
		{"contactless-only", with(contactless), none.With("reader.contact", false)},
		{"cps3-and-vitale-1", with(card(CPS3), card(Vitale1)), none.With("reader.count", 2).With("card.cps", "cps3").With("card.vitale", "vitale1")},
		{"two-of-each", with(card(CPS3), card(CPS4), card(Vitale1), card(Vitale2)), none.With("reader.count", 4).With("card.cps", "cps4").With("card.vitale", "vitale2")},
		{"cps-on-no-list", with(card(CPS)), none.With("card.cps", nil)},
		{"cps-on-no-list-beside-a-cps3", with(card(CPS), card(CPS3)), none.With("reader.count", 2).With("card.cps", "cps3")},
		{"another-card", with(card(Unknown)), none},
		{"another-contactless-card", with(strange), none.With("card.cps", nil).With("reader.contact", false)},
		{"mute-card", with(Slot{State: Mute, Card: Unknown, Use: Free}), none.With("card.mute", true).With("card.cps", nil).With("card.vitale", nil)},
		{"slot-that-went-away", with(Slot{State: Unavailable, Card: Unknown, Use: UnknownUse}), none.With("card.cps", nil).With("card.vitale", nil).With("card.session", nil)},
		{"in-use", with(inUse, empty), none.With("reader.count", 2).With("card.cps", "cps3").With("card.session", "shared")},
		{"exclusive-counts-more", with(inUse, exclusive), none.With("reader.count", 2).With("card.cps", "cps3").With("card.vitale", "vitale2").With("card.session", "exclusive")},
		{"use-not-said", with(notSaid), none.With("card.cps", "cps3").With("card.session", nil)},
		{"adapter-beside-a-slot", Readers{Service: Running, Slots: []Slot{empty}, Serial: []Serial{adapter}, SerialKnown: true}, none},
		{"adapter-and-no-slot", Readers{Service: Running, Serial: []Serial{adapter}, SerialKnown: true}, none.With("reader.count", 0).With("reader.contact", false).With("reader.serial", true)},
		{"maker-of-readers-beside-a-slot", Readers{Service: Running, Slots: []Slot{empty}, Serial: []Serial{leo}, SerialKnown: true}, none.With("reader.serial", true)},
		{"stopped", Readers{Service: Stopped, Serial: []Serial{adapter}, SerialKnown: true}, osdetect.Facts{"reader.service": "stopped", "reader.serial": true}},
		{"unreachable", Readers{Service: Unreachable, SerialKnown: true, Serial: []Serial{adapter}}, osdetect.Facts{"reader.service": "unreachable", "reader.serial": false}},
		{"devices-not-known", Readers{Service: Unreachable}, osdetect.Facts{"reader.service": "unreachable"}},
		{"remote", Readers{Service: Running, Remote: true, Slots: []Slot{card(CPS3)}, SerialKnown: true}, osdetect.Facts{}},
		{"unsupported", Readers{}, osdetect.Facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Facts(osdetect.Facts{}, tt.in)
			if !bytes.Equal(got.Encode(), tt.want.Encode()) {
				t.Errorf("facts\n got %s\nwant %s", got.Encode(), tt.want.Encode())
			}
			if _, err := osdetect.ParseFacts(got.Encode()); err != nil {
				t.Errorf("the facts cannot be read back: %v", err)
			}
		})
	}
}

func TestFactsOfAnotherMachineStay(t *testing.T) {
	before := osdetect.Facts{"session.kind": "remote", "os.family": "windows"}
	after := Facts(before, Readers{Service: Running, Remote: true, Slots: []Slot{card(CPS4)}})
	if !bytes.Equal(before.Encode(), after.Encode()) {
		t.Errorf("facts became %s", after.Encode())
	}
}

func TestInUse(t *testing.T) {
	shared := card(CPS3)
	shared.Use = Shared
	tests := []struct {
		name         string
		in           Readers
		inUse, known bool
	}{
		{"free", with(card(CPS3)), false, true},
		{"shared", with(card(Vitale2), shared), true, true},
		{"no-service", Readers{Service: Stopped, Problems: []Problem{{code: CodeStopped}}}, false, true},
		{"no-pcsc", Readers{Service: Unreachable, Problems: []Problem{{code: CodeLibrary}}}, false, true},
		{"hung", Readers{Service: Unreachable, Problems: []Problem{{code: CodeHung}}}, false, false},
		{"reader-taken-away", with(card(CPS3), Slot{State: Unavailable, Use: UnknownUse}), false, true},
		{"not-said", with(card(CPS3), Slot{State: Present, Use: UnknownUse}), false, false},
		{"cut-list", Readers{Service: Running, Slots: []Slot{card(CPS3)}, Problems: []Problem{{code: CodeTooMany}}}, false, false},
		{"shared-in-a-cut-list", Readers{Service: Running, Slots: []Slot{shared}, Problems: []Problem{{code: CodeTooMany}}}, true, true},
		{"not-asked", Readers{}, false, false},
		{"remote", Readers{Service: Running, Remote: true, Slots: []Slot{shared}}, false, false},
	}
	for _, tt := range tests {
		if inUse, known := tt.in.InUse(); inUse != tt.inUse || known != tt.known {
			t.Errorf("%s: InUse() = %v, %v; want %v, %v", tt.name, inUse, known, tt.inUse, tt.known)
		}
		if got, want := tt.in.Silent(), tt.name == "hung"; got != want {
			t.Errorf("%s: Silent() = %v, want %v", tt.name, got, want)
		}
	}
	if (Readers{Service: Unreachable, Problems: []Problem{{code: CodeReport}}}).Silent() {
		t.Error("the report of macOS, which never says who uses a card, is waited for")
	}
}
