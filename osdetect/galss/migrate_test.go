package galss_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/osdetect/galss"
)

var update = flag.Bool("update", false, "write the golden files")

// slots are two readers with a card each, and one without.
func slots() []galss.Slot {
	return []galss.Slot{
		{Reader: "Virtual PCD 00 00", Card: galss.CPS3},
		{Reader: "Virtual PCD 00 01", Card: galss.Vitale},
		{Reader: "Empty reader 0"},
	}
}

func TestMigrateWritesTheFormOfTheField(t *testing.T) {
	tests := []struct {
		name string
		move galss.Move
	}{
		{"from-pss", galss.Move{Old: sample(t, "pss.ini"), Family: "windows", Slots: slots()}},
		{"from-nothing-windows", galss.Move{Family: "windows", Bits: 64, Slots: slots()}},
		{"from-nothing-mac", galss.Move{Family: "macos", Slots: slots()}},
		{"from-pss-cr-only", galss.Move{Old: []byte(strings.ReplaceAll(pss(t), "\r\n", "\r")), Family: "macos", Slots: slots()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reasons := galss.Migrate(tt.move)
			if got == nil {
				t.Fatalf("not migrated: %v", reasons)
			}
			golden := filepath.Join("testdata", tt.name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("migrated\n got %q\nwant %q", got, want)
			}
			right(t, got, tt.move.Slots)
			again := tt.move
			again.Old = got
			twice, reasons := galss.Migrate(again)
			if !bytes.Equal(twice, got) || len(reasons) != 1 || reasons[0].Code != galss.CodeAlready {
				t.Errorf("a second move gives %q, %v", twice, reasons)
			}
		})
	}
}

// right makes sure that a file is a correct one in PC/SC mode that names the
// readers of the two cards.
func right(t *testing.T, data []byte, in []galss.Slot) {
	t.Helper()
	f := parse(t, string(data))
	if problems := f.Check(); f.Mode() != galss.PCSC || len(problems) > 0 {
		t.Errorf("mode %q, problems %v", f.Mode(), problems)
	}
	want := []galss.Reader{{Name: in[0].Reader, Card: "CPS"}, {Name: in[1].Reader, Card: "Vitale"}}
	if got := f.Readers(); !slices.Equal(got, want) {
		t.Errorf("readers\n got %v\nwant %v", got, want)
	}
}

func TestMigrateKeepsWhatItDoesNotChange(t *testing.T) {
	old := pss(t, "[EDITEUR]", "[EDITEUR]\r\n; \xff\x81 bytes\r\n=\r\nno key")
	got, reasons := galss.Migrate(galss.Move{Old: []byte(old), Family: "windows", Slots: slots()})
	for _, part := range []string{
		"; Lecteur de la salle d'attente, pos\xe9 le 12/03\r\n[PROTOCOLE0]\r\nConfig=1000,1,15000\r\nTempoInit=1,200,1000\r\nNomLib=PSSINW32.DLL\r\n",
		"; adresse du terminal\r\n",
		"\r\n[EDITEUR]\r\n; \xff\x81 bytes\r\n=\r\nno key\r\nOption = 1 ; ne pas toucher\r\n",
	} {
		if !strings.Contains(string(got), part) {
			t.Errorf("lost %q\n got %q, %v", part, got, reasons)
		}
	}
}

// pssMove is a move from the sample, changed.
func pssMove(t *testing.T, change func(m *galss.Move)) galss.Move {
	t.Helper()
	m := galss.Move{Old: sample(t, "pss.ini"), Family: "windows", Slots: slots()}
	change(&m)
	return m
}

type stop struct {
	name  string
	move  galss.Move
	codes []string
}

func (s stop) run(t *testing.T) {
	got, reasons := galss.Migrate(s.move)
	var codes []string
	for _, r := range reasons {
		if r.Stops {
			codes = append(codes, r.Code)
		}
	}
	if got != nil || !slices.Equal(codes, s.codes) {
		t.Errorf("Migrate = %q\n got %v\nwant %v", got, codes, s.codes)
	}
}

func TestMigrateStopsForCards(t *testing.T) {
	readers := func(s ...galss.Slot) galss.Move { return pssMove(t, func(m *galss.Move) { m.Slots = s }) }
	cps, vitale := slots()[0], slots()[1]
	for _, s := range []stop{
		{"no-reader", readers(), []string{galss.CodeNoCPS, galss.CodeNoVitale}},
		{"no-vitale", readers(cps, galss.Slot{Reader: "x"}), []string{galss.CodeNoVitale}},
		{"no-cps", readers(vitale), []string{galss.CodeNoCPS}},
		{"vitale-contactless", readers(cps, galss.Slot{Reader: "NFC 0", Card: galss.Vitale, Contactless: true}), []string{galss.CodeContactless}},
		{"cps-contactless", readers(vitale, galss.Slot{Reader: "NFC 0", Card: galss.CPS3, Contactless: true}), []string{galss.CodeContactless}},
		{"two-cps-cards", readers(cps, vitale, galss.Slot{Reader: "x", Card: galss.CPS4}), []string{galss.CodeTwice}},
		{"unknown-cps", readers(vitale, galss.Slot{Reader: "x", Card: galss.CPS}), []string{galss.CodeUnknownCPS}},
		{"known-and-unknown-cps", readers(cps, vitale, galss.Slot{Reader: "x", Card: galss.CPS}), []string{galss.CodeTwice}},
		{"same-name", readers(cps, vitale, galss.Slot{Reader: vitale.Reader}), []string{galss.CodeSameReader}},
		{"both-in-one", readers(galss.Slot{Reader: "x", Card: galss.CPS3}, galss.Slot{Reader: "x", Card: galss.Vitale}), []string{galss.CodeSameReader, galss.CodeSameReader}},
		{"name-with-semicolon", readers(cps, galss.Slot{Reader: "a;b", Card: galss.Vitale}), []string{galss.CodeName}},
		{"name-not-ansi", readers(cps, galss.Slot{Reader: "Считыватель", Card: galss.Vitale}), []string{galss.CodeName}},
		{"name-with-line-end", readers(cps, galss.Slot{Reader: "a\nTCanal=1", Card: galss.Vitale}), []string{galss.CodeName}},
		{"name-like-a-serial-line", readers(cps, galss.Slot{Reader: "9600,1,8", Card: galss.Vitale}), []string{galss.CodeName}},
		{"bridge-is-no-reader", readers(cps, galss.Slot{Reader: "PSS SmartCard Reader 0", Card: galss.Vitale}), []string{galss.CodeNoVitale}},
	} {
		t.Run(s.name, s.run)
	}
}

func TestMigrateStopsForFiles(t *testing.T) {
	with := func(change func(m *galss.Move)) galss.Move { return pssMove(t, change) }
	file := func(pairs ...string) galss.Move {
		return with(func(m *galss.Move) { m.Old = []byte(pss(t, pairs...)) })
	}
	for _, s := range []stop{
		{"no-galss-on-linux", with(func(m *galss.Move) { m.Family = "linux" }), []string{galss.CodeNoSystem}},
		{"server-unknown", with(func(m *galss.Move) { m.Old = nil }), []string{galss.CodeServer}},
		{"two-channels", file("NbCanaux=1", "NbCanaux=2", "[EDITEUR]", "[CANAL2]\r\nTCanal=1"), []string{galss.CodeChannels}},
		{"second-channel-unused", file("[EDITEUR]", "[CANAL2]\r\nTCanal=3"), []string{galss.CodeChannels}},
		{"unknown-type", file("TCanal=1", "TCanal=2"), []string{galss.CodeForm}},
		{"unknown-section-of-a-channel", file("[EDITEUR]", "[CANAL1.EXTRA]"), []string{galss.CodeForm}},
		{"another-protocol", file("[EDITEUR]", "[PROTOCOLE2]"), []string{galss.CodeForm}},
		{"protocol-1-is-something-else", file("[EDITEUR]", "[PROTOCOLE1]\r\nNomLib=OTHER.DLL"), []string{galss.CodeForm}},
		{"list-of-channels-of-pss", file("TempoInit", "ListeCanaux=1\r\nTempoInit"), []string{galss.CodeForm}},
		{"section-twice", file("[EDITEUR]", "[CONFIG]"), []string{galss.CodeForm}},
		{"key-twice", file("Index=8", "Index=8\r\nIndex=9"), []string{galss.CodeForm}},
		{"no-channel", with(func(m *galss.Move) { m.Old = []byte("[CONFIG]\nNbCanaux=0\n") }), []string{galss.CodeForm, galss.CodeForm, galss.CodeServer}},
		{"unicode", with(func(m *galss.Move) { m.Old = []byte("\ufeff[CONFIG]") }), []string{galss.CodeEncoding}},
		{"kept-part-is-wrong", file("Config=1000,1,15000", "Config=x"), []string{galss.CodeNotMovable}},
		{"pcsc-with-a-reader-that-is-gone", with(func(m *galss.Move) { m.Old = sample(t, "pcsc-mac.ini") }), []string{galss.CodeReaderGone, galss.CodeReaderGone}},
		{"pcsc-with-cards-changed-over", with(func(m *galss.Move) {
			m.Old = sample(t, "pcsc-mac.ini")
			m.Slots = []galss.Slot{{Reader: "Ingenico TL TELIUM(2)", Card: galss.CPS3}, {Reader: "Ingenico TL TELIUM(1)", Card: galss.Vitale}}
		}), []string{galss.CodeOtherCard, galss.CodeOtherCard}},
	} {
		t.Run(s.name, s.run)
	}
}

func TestMigrateWarns(t *testing.T) {
	m := galss.Move{Old: sample(t, "pss.ini"), Family: "windows", Bits: 64, OldCryptolib: true, Slots: slots()}
	m.Slots[0].Card = galss.CPS4
	got, reasons := galss.Migrate(m)
	if len(reasons) != 1 || reasons[0].Code != galss.CodeOldCryptolib || reasons[0].Stops {
		t.Errorf("reasons %v, want the warning about Cryptolib alone", reasons)
	}
	if !strings.Contains(string(got), "NomLib=PCSCW64.DLL") {
		t.Errorf("the library is not that of the installed server: %q", got)
	}
}

// FuzzMigrate says that whatever file there is and whatever readers are
// called, what comes out is right or nothing.
func FuzzMigrate(f *testing.F) {
	f.Add(sample(f, "pss.ini"), "a", "b")
	f.Add(sample(f, "pcsc-mac.ini"), "Ingenico TL TELIUM(1)", "Ingenico TL TELIUM(2)")
	f.Add([]byte("[CANAL1]\rTCanal=1"), "[CANAL1]", "=")
	f.Fuzz(func(t *testing.T, old []byte, cps, vitale string) {
		in := []galss.Slot{{Reader: cps, Card: galss.CPS3}, {Reader: vitale, Card: galss.Vitale}}
		got, reasons := galss.Migrate(galss.Move{Old: old, Family: "windows", Bits: 64, Slots: in})
		switch {
		case got == nil:
			if !slices.ContainsFunc(reasons, func(r galss.Reason) bool { return r.Stops }) {
				t.Errorf("nothing came out, and no reason: %v", reasons)
			}
		case !bytes.Equal(got, old):
			right(t, got, in)
		}
	})
}
