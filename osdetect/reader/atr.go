package reader

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/releve-sante/releve/osdetect/quote"
)

// ATR is the answer of a card to its reset, at most 33 bytes (ISO 7816-3).
type ATR []byte

const longestATR = 33

// String writes the bytes as they are published: "3B 9B 18".
func (a ATR) String() string { return fmt.Sprintf("% X", []byte(a)) }

// MarshalText writes the bytes as String does.
func (a ATR) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *ATR) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), " ", ""))
	if err != nil || len(b) > longestATR {
		return fmt.Errorf("reading the ATR %q: expected up to %d bytes in hexadecimal digits", quote.Text(string(text)), longestATR)
	}
	*a = b
	return nil
}

// Kind is the kind of a card, told by its ATR.
type Kind string

// The kinds of cards.
const (
	NoCard  Kind = "none"
	CPS3    Kind = "cps3"
	CPS4    Kind = "cps4"
	CPS     Kind = "cps" // a card of the CPS family that is on no list
	Vitale1 Kind = "vitale1"
	Vitale2 Kind = "vitale2"
	Unknown Kind = "unknown" // another card, or one that does not answer
)

// IsCPS reports whether the card belongs to a professional.
func (k Kind) IsCPS() bool { return k == CPS3 || k == CPS4 || k == CPS }

// IsVitale reports whether the card belongs to an insured person.
func (k Kind) IsVitale() bool { return k == Vitale1 || k == Vitale2 }

// The answers Cryptolib CPS knows, exactly. Source: the list in card-cps.c of
// the sources that ANS published; those of the Vitale cards are known by how
// they begin, from reports of the field.
const (
	atrCPS3            = "\x3B\xAC\x00\x40\x2A\x00\x12\x25\x00\x64\x80\x00\x03\x10\x00\x90\x00"
	atrCPS3Contactless = "\x3B\x8F\x80\x01\x00\x31\xB8\x64\x04\xB0\xEC\xC1\x73\x94\x01\x80\x82\x90\x00\x0E"
	atrCPS4            = "\x3B\x9B\x18\x80\x01\x00\x12\x25\x00\x64\x80\x04\x01\x00\x00\x90\x44"
	atrCPS4Candidate   = "\x3B\x9B\x18\x80\x01\x00\x12\x25\x00\x64\x80\x00\x04\x01\x00\x90\x44"
	atrCPS4T0          = "\x3B\xDC\x18\xFF\x00\x00\x12\x25\x00\x64\x80\x00\x04\x01\x00\x90\x00"

	familyCPS    = "\x12\x25\x00\x64\x80"
	beginVitale2 = "\x3B\x75\x13"
	beginVitale1 = "\x3F\x65"
)

// KindOf tells a card by its ATR: a CPS when it is on the list byte for byte,
// a Vitale by how it begins.
func KindOf(a ATR) Kind {
	switch string(a) {
	case "":
		return Unknown
	case atrCPS3, atrCPS3Contactless:
		return CPS3
	case atrCPS4, atrCPS4Candidate, atrCPS4T0:
		return CPS4
	}
	switch {
	case bytes.Contains(a, []byte(familyCPS)):
		return CPS
	case bytes.HasPrefix(a, []byte(beginVitale2)):
		return Vitale2
	case bytes.HasPrefix(a, []byte(beginVitale1)):
		return Vitale1
	}
	return Unknown
}

// contactlessForm reports whether a reader made the ATR up for a contactless
// card: 3B 8n 80 01, n bytes and a check byte (PC/SC part 3, 3.1.3.2.3). Few
// contact cards have this form, and none of the known CPS and Vitale cards.
func contactlessForm(a ATR) bool {
	return len(a) >= 5 && a[0] == 0x3B && a[1]>>4 == 8 && a[2] == 0x80 && a[3] == 0x01 && len(a) == 5+int(a[1]&0xF)
}
