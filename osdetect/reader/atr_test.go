package reader

import (
	"slices"
	"testing"
)

// published are the answers that are known, as the sources write them. Those
// of the Vitale cards are made up behind their first bytes.
var published = []struct {
	name        string
	atr         ATR
	kind        Kind
	contactless bool
}{
	{"cps3-contact", atrOf("3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00"), CPS3, false},
	{"cps3-contactless", atrOf("3B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E"), CPS3, true},
	{"cps4-contact", atrOf("3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44"), CPS4, false},
	{"cps4-release-candidate", atrOf("3B 9B 18 80 01 00 12 25 00 64 80 00 04 01 00 90 44"), CPS4, false},
	{"cps4-t0-only", atrOf("3B DC 18 FF 00 00 12 25 00 64 80 00 04 01 00 90 00"), CPS4, false},
	{"vitale-2", atrOf("3B 75 13 00 00 9C 02 02 01 02"), Vitale2, false},
	{"vitale-1", atrOf("3F 65 25 00 2C 09 69 90 00"), Vitale1, false},
}

// atrOf reads an answer; one that is none is empty, and no test expects that.
func atrOf(s string) ATR {
	var a ATR
	_ = a.UnmarshalText([]byte(s))
	return a
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		name string
		atr  string
		want Kind
	}{
		{"cps3-and-a-byte-more", "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00 00", CPS},
		{"cps4-with-another-end", "3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 45", CPS},
		{"family-cut-short", "3B 9B 18 80 01 00 12 25 00 64", Unknown},
		{"bank-card", "3B 6E 00 00 80 31 80 66 B0 84 0C 01 6E 01 83 00 90 00", Unknown},
		{"vitale-2-by-its-beginning", "3B 75 13", Vitale2},
		{"vitale-1-by-its-beginning", "3F 65", Vitale1},
		{"almost-vitale", "3B 75 12 00 00", Unknown},
		{"none", "", Unknown},
	}
	for _, tt := range published {
		if got := KindOf(tt.atr); got != tt.kind {
			t.Errorf("%s: KindOf(%s) = %s, want %s", tt.name, tt.atr, got, tt.kind)
		}
		if got := contactlessForm(tt.atr); got != tt.contactless {
			t.Errorf("%s: contactlessForm(%s) = %v, want %v", tt.name, tt.atr, got, tt.contactless)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := KindOf(atrOf(tt.atr)); got != tt.want {
				t.Errorf("KindOf(%s) = %s, want %s", tt.atr, got, tt.want)
			}
		})
	}
}

// TestNoKnownCardIsTakenForAnother changes each byte of the listed answers: a
// professional card is what the list says byte for byte, and nothing else.
func TestNoKnownCardIsTakenForAnother(t *testing.T) {
	for _, tt := range published {
		for i := range tt.atr {
			changed := slices.Clone(tt.atr)
			changed[i] ^= 0x20
			if got := KindOf(changed); tt.kind.IsCPS() && (got == CPS3 || got == CPS4) {
				t.Errorf("%s with byte %d changed is %s", tt.name, i, got)
			}
		}
	}
}

func TestContactlessForm(t *testing.T) {
	tests := []struct {
		name string
		atr  string
		want bool
	}{
		{"mifare", "3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 01 00 00 00 00 6A", true},
		{"no-historical-bytes", "3B 80 80 01 01", true},
		{"without-its-check-byte", "3B 80 80 01", false},
		{"one-byte-more", "3B 80 80 01 01 00", false},
		{"contact", "3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44", false},
		{"empty", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := contactlessForm(atrOf(tt.atr)); got != tt.want {
				t.Errorf("contactlessForm(%s) = %v, want %v", tt.atr, got, tt.want)
			}
		})
	}
}

func TestATRText(t *testing.T) {
	for _, bad := range []string{"3B 7", "3B ZZ", "3b-75", string(make([]byte, 200))} {
		var a ATR
		if err := a.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read as %s", bad, a)
		}
	}
}

func FuzzKindOf(f *testing.F) {
	for _, tt := range published {
		f.Add([]byte(tt.atr))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k := KindOf(b)
		if (k == CPS3 || k == CPS4) && len(b) < 17 {
			t.Errorf("%s is %s", ATR(b), k)
		}
		if contactlessForm(b) && len(b) > longestATR {
			t.Errorf("%d bytes have the form of a contactless card", len(b))
		}
	})
}
