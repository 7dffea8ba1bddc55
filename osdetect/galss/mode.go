package galss

import (
	"strconv"
	"strings"
)

// Mode is how GALSS reaches the readers, as the fact galss.mode has it.
type Mode string

// The modes. Other is what nobody can tell: a channel of a type that is not
// known, or a number of channels that is none.
const (
	PSS   Mode = "pss"  // at least one channel is a serial line
	PCSC  Mode = "pcsc" // every channel is a PC/SC reader
	None  Mode = "none" // there is no channel
	Other Mode = ""
)

// The types of channels in TCanal.
const (
	serial = "1"
	pcsc   = "3"
)

// Mode classifies the file by the type of its channels.
func (f File) Mode() Mode {
	names := f.channels()
	if len(names) == 0 {
		return None
	}
	mode := PCSC
	for _, name := range names {
		switch t, _ := f.Value(name, "TCanal"); t {
		case serial:
			return PSS
		case pcsc:
		default:
			mode = Other
		}
	}
	return mode
}

// channels names the channels that count: as many as NbCanaux says, of those
// that are there, or all that are there when NbCanaux says nothing usable.
func (f File) channels() []string {
	count, ok := f.count()
	if !ok {
		count = maxChannels
	}
	var names []string
	for n := 1; n <= count; n++ {
		if name := channel(n); f.has(name) {
			names = append(names, name)
		}
	}
	return names
}

// count is what NbCanaux says, when it is a number that can be right.
func (f File) count() (n int, ok bool) {
	text, _ := f.Value("CONFIG", "NbCanaux")
	return number(text, 1, maxChannels)
}

func channel(n int) string { return "CANAL" + strconv.Itoa(n) }

// number reads a whole number between two others. Only digits are one.
func number(text string, least, most int) (int, bool) {
	if text == "" || len(text) > 9 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}

// numbers reports whether text is so many numbers, or more, joined by commas.
func numbers(text string, least int) bool {
	count := 0
	for part := range strings.SplitSeq(text, ",") {
		if _, ok := number(strings.Trim(part, blank), 0, 999_999_999); !ok {
			return false
		}
		count++
	}
	return count >= least
}

// Reader is a reader that the file names for a card.
type Reader struct {
	Name string // of the PC/SC reader
	Card string // name of the LAD: CPS, Vitale, Log_SV
}

// Readers lists what the PC/SC channels of the file name, in their order.
func (f File) Readers() []Reader {
	var out []Reader
	for _, name := range f.channels() {
		if t, _ := f.Value(name, "TCanal"); t != pcsc {
			continue
		}
		reader, _ := f.Value(name, "Caracteristiques")
		for _, lad := range f.lads(name) {
			card, _ := f.Value(lad, "NomLAD")
			out = append(out, Reader{Name: reader, Card: card})
		}
	}
	return out
}

// lads names the sections of the logical addresses of a channel.
func (f File) lads(channel string) []string {
	var out []string
	for _, pad := range f.numbered(channel, "NbPAD", ".PAD") {
		out = append(out, f.numbered(pad, "NbLAD", ".LAD")...)
	}
	return out
}

// numbered names the sections below another of which a key there says how
// many there are, up to the first that is missing.
func (f File) numbered(parent, key, child string) []string {
	text, _ := f.Value(parent, key)
	count, _ := number(text, 0, maxAddress)
	var out []string
	for n := 1; n <= count; n++ {
		name := parent + child + strconv.Itoa(n)
		if !f.has(name) {
			break
		}
		out = append(out, name)
	}
	return out
}

const maxAddress = 255 // the highest PAD and LAD
