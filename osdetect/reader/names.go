package reader

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/releve-sante/releve/osdetect/quote"
)

// multiString cuts the answer of the resource manager into names. It takes
// what drivers leave out as given: the last NUL, or both. More than mostSlots
// names, or one that is too long, end the list, and whole is false.
func multiString(units []uint16) (names []string, whole bool) {
	for len(units) > 0 && units[0] != 0 {
		end := 0
		for end < len(units) && units[end] != 0 {
			end++
		}
		if end > longestName || len(names) == mostSlots {
			return names, false
		}
		names = append(names, string(utf16.Decode(units[:end])))
		units = units[min(end+1, len(units)):]
	}
	return names, true
}

// odd reports whether a name holds what no reader is called by: then it could
// not be written into a file and found again.
func odd(name string) bool {
	return name == "" || strings.ContainsFunc(name, quote.Hidden)
}

// contactlessName reports whether a reader says by its name that the slot has
// no contacts: "… CL Reader", "FEI NFC 0", "… PICC 0", "… 5422CL 0". CLOUD,
// a family of contact readers, is no CL.
func contactlessName(name string) bool {
	upper := strings.ToUpper(name)
	if strings.Contains(upper, "CONTACTLESS") || strings.Contains(upper, "SANS CONTACT") {
		return true
	}
	words := strings.FieldsFunc(upper, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range words {
		rest, cl := strings.CutSuffix(w, "CL")
		switch {
		case w == "NFC" || w == "PICC" || w == "RFID":
			return true
		case cl && (rest == "" || unicode.IsDigit(rune(rest[len(rest)-1]))):
			return true
		}
	}
	return false
}
