//go:build !windows

package reader

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestReportOfMacOS reads a report put together from published ones: the parts
// and the lines are those of macOS, the cards are of this trade.
func TestReportOfMacOS(t *testing.T) {
	xml, err := os.ReadFile("testdata/smartcards.plist")
	if err != nil {
		t.Fatal(err)
	}
	got := interpret(reading{System: "darwin", Report: &report{XML: xml}})
	want := Readers{
		Service: Running, Serial: []Serial{}, Problems: []Problem{},
		Slots: []Slot{
			{Name: "Ingenico TL TELIUM(1)", State: Empty, Card: NoCard, Use: UnknownUse},
			{Name: "F600 F600 Smart Card Reader 02", State: Present, ATR: published[0].atr, Card: CPS3, Use: UnknownUse},
			{Name: "F600 F600 Smart Card Reader", State: Present, ATR: published[6].atr, Card: Vitale1, Use: UnknownUse},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("readers\n got %+v\nwant %+v", got, want)
	}
	facts := Facts(nil, got)
	if facts["card.cps"] != "cps3" || facts["card.vitale"] != "vitale1" || facts["card.session"] != nil || facts["reader.serial"] != nil {
		t.Errorf("facts %s", facts.Encode())
	}
}

// document is a report with these lines about readers.
func document(lines ...string) *report {
	var b strings.Builder
	for i, line := range lines {
		fmt.Fprintf(&b, "<key>#%02d</key><string>%s</string>", i+1, line)
	}
	return &report{XML: []byte(`<plist version="1.0"><array><dict><key>_items</key><array><dict><key>_name</key><string>READERS</string>` +
		b.String() + `</dict></array></dict></array></plist>`)}
}

func TestReports(t *testing.T) {
	many := slices.Repeat([]string{"R (no card present)"}, mostSlots+1)
	tests := []struct {
		name    string
		in      *report
		service Service
		slots   int
		codes   []string
	}{
		{"no-reader", document(), Running, 0, []string{CodeNone}},
		{"one", document("R (no card present)"), Running, 1, []string{}},
		{"too-many", document(many...), Running, mostSlots, []string{CodeTooMany}},
		{"control-characters", document("R\t0 (no card present)"), Running, 1, []string{CodeOddName}},
		{"program-failed", &report{Error: "ended with code 1"}, Unreachable, 0, []string{CodeReport}},
		{"no-property-list", &report{XML: []byte("SmartCards:\n\n    Readers:\n")}, Unreachable, 0, []string{CodeReport}},
		{"another-report", &report{XML: []byte(`<plist version="1.0"><array><dict><key>_items</key><array/></dict></array></plist>`)}, Unreachable, 0, []string{CodeReport}},
		{"cut", &report{XML: document("R (no card present)").XML[:90]}, Unreachable, 0, []string{CodeReport}},
		{"empty", &report{}, Unreachable, 0, []string{CodeReport}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := interpret(reading{System: "darwin", Report: tt.in})
			if r.Service != tt.service || len(r.Slots) != tt.slots || !slices.Equal(codes(r), tt.codes) {
				t.Errorf("service %q, %d slots, problems %v", r.Service, len(r.Slots), codes(r))
			}
		})
	}
}

func TestSlotLine(t *testing.T) {
	tests := []struct {
		line string
		name string
		want slotWord
	}{
		{"/dev/null:0x8C7B(1) (no card present)", "/dev/null:0x8C7B(1)", slotWord{Event: stateEmpty}},
		{"R (old) (ATR:<3f652500 2c096990 00>)", "R (old)", slotWord{Event: statePresent, ATR: published[6].atr}},
		{"R (ATR:{length = 4, bytes = 0x3b800101})", "R", slotWord{Event: statePresent, ATR: atrOf("3B 80 01 01")}},
		{"R (ATR:{length = 28, bytes = 0x3bfd1300 008131fe 15807840 ... 69b65794 })", "R", slotWord{Event: statePresent}},
		{"R (carte muette)", "R", slotWord{Event: stateUnavailable}},
		{"Yubico YubiKey OTP+FIDO+CCID", "Yubico YubiKey OTP+FIDO+CCID", slotWord{Result: resultReaderUnavailable}},
		{"", "", slotWord{Result: resultReaderUnavailable}},
		{" (", " (", slotWord{Result: resultReaderUnavailable}},
	}
	for _, tt := range tests {
		if name, got := slotLine(tt.line); name != tt.name || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("slotLine(%q) = %q, %+v; want %q, %+v", tt.line, name, got, tt.name, tt.want)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add(document("R (no card present)", "R (ATR:<3b>)").XML)
	f.Fuzz(func(t *testing.T, xml []byte) {
		if len(xml) > 64<<10 {
			return
		}
		r := interpret(reading{Report: &report{XML: xml}})
		for _, s := range r.Slots {
			if len(s.ATR) > longestATR {
				t.Errorf("an ATR of %d bytes", len(s.ATR))
			}
		}
	})
}
