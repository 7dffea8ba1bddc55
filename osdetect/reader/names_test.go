package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

func TestMultiString(t *testing.T) {
	var ten, forty []string
	for i := range 40 {
		forty = append(forty, fmt.Sprintf("Reader %d", i))
	}
	ten = forty[:10]
	tests := []struct {
		name  string
		in    string
		want  []string
		whole bool
	}{
		{"none", "", nil, true},
		{"only-the-end", "\x00", nil, true},
		{"two", "A 0\x00A 1\x00\x00", []string{"A 0", "A 1"}, true},
		{"without-the-last-nul", "A 0\x00A 1\x00", []string{"A 0", "A 1"}, true},
		{"without-any-nul", "A 0", []string{"A 0"}, true},
		{"what-follows-the-end-is-no-name", "A 0\x00\x00B 0\x00\x00", []string{"A 0"}, true},
		{"accents", "Lecteur d'été 0\x00\x00", []string{"Lecteur d'été 0"}, true},
		{"ten", strings.Join(ten, "\x00") + "\x00\x00", ten, true},
		{"more-than-anybody-has", strings.Join(forty, "\x00") + "\x00\x00", forty[:mostSlots], false},
		{"endless-name", "A 0\x00" + strings.Repeat("x", longestName+1) + "\x00\x00", []string{"A 0"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, whole := multiString(units(tt.in))
			if !slices.Equal(got, tt.want) || whole != tt.whole {
				t.Errorf("multiString = %q, %v\n        want %q, %v", got, whole, tt.want, tt.whole)
			}
		})
	}
}

func FuzzMultiString(f *testing.F) {
	f.Add([]byte("A\x00\x00\x00B\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := make([]uint16, len(b)/2)
		for i := range in {
			in[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		names, _ := multiString(in)
		if len(names) > mostSlots {
			t.Errorf("%d names", len(names))
		}
		for _, n := range names {
			if n == "" || strings.Contains(n, "\x00") {
				t.Errorf("name %q", n)
			}
		}
	})
}

func TestContactlessName(t *testing.T) {
	tests := []struct {
		name string
		want bool
	}{
		{"Identive CLOUD 2700 R Smart Card Reader 0", false},
		{"Ingenico TL TELIUM 1 0", false},
		{"FEI Smart Card CPS 0", false},
		{"FEI CV2 0", false},
		{"FEI NFC 0", true},
		{"Identiv uTrust 3700 F CL Reader 0", true},
		{"Identiv uTrust 3720 Contactless Reader 0", true},
		{"OMNIKEY 5422CL 0", true},
		{"HID Global OMNIKEY 5422 Smartcard Reader 0", false},
		{"ACS ACR1252 1S CL Reader PICC 0", true},
		{"ACS ACR122U PICC Interface 0", true},
		{"Sensyl SSC-NFC Reader 0", true},
		{"Sensyl SSC-HV Reader 0", false},
		{"Lecteur sans contact 0", true},
		{"MUSCL 0", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := contactlessName(tt.name); got != tt.want {
			t.Errorf("contactlessName(%q) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOdd(t *testing.T) {
	for name, want := range map[string]bool{
		"FEI NFC 0": false, "Lecteur d'été 0": false, "": true, "A\n0": true, "A\x1b[31m": true,
		"A\u202e0": true, "A\ufffd": true,
	} {
		if got := odd(name); got != want {
			t.Errorf("odd(%q) = %v, want %v", name, got, want)
		}
	}
}
