package galss

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/releve-sante/releve/osdetect/quote"
)

// Card is what lies in a reader, as far as a move to PC/SC has to know.
type Card string

// The cards. No other can be told from them without asking for a PIN.
const (
	NoCard Card = ""
	CPS3   Card = "cps3"
	CPS4   Card = "cps4"
	CPS    Card = "cps" // of a kind that is on no list
	Vitale Card = "vitale"
)

// Slot is a PC/SC reader as the system lists it now.
type Slot struct {
	Reader      string `json:"reader"` // its exact name
	Card        Card   `json:"card,omitempty"`
	Contactless bool   `json:"contactless,omitempty"`
}

// Move is what the move from PSS to PC/SC is made from.
type Move struct {
	Old    []byte // galss.ini, nil when there is none
	Family string // of the system, as the fact os.family names it
	Bits   int    // of the GALSS server, 32 or 64; 0 when nobody knows
	Slots  []Slot // every reader there is, with and without a card

	// OldCryptolib says that a Cryptolib CPS is installed which cannot read a CPS4.
	OldCryptolib bool
}

// The codes of reasons. Each has one sentence in every language.
const (
	CodeNoSystem     = "galss-move-no-system"     // there is no GALSS on this system
	CodeForm         = "galss-move-form"          // Place is not as in a file with one serial channel
	CodeChannels     = "galss-move-channels"      // there are several channels
	CodeNotMovable   = "galss-move-broken"        // what has to stay is wrong, at Place
	CodeNoCPS        = "galss-move-no-cps"        // no reader holds a CPS card
	CodeUnknownCPS   = "galss-move-unknown-cps"   // the CPS card in Reader is of a kind that nobody knows
	CodeNoVitale     = "galss-move-no-vitale"     // no reader holds a Vitale card
	CodeContactless  = "galss-move-contactless"   // the Card lies on Reader, which is contactless
	CodeTwice        = "galss-move-card-twice"    // several Readers hold such a Card
	CodeSameReader   = "galss-move-same-reader"   // two readers have the same name
	CodeName         = "galss-move-name"          // galss.ini cannot hold the name of Reader
	CodeServer       = "galss-move-server"        // nobody knows whether the server is one of 32 or 64 bits
	CodeReaderGone   = "galss-move-reader-gone"   // the file names Reader for Card, and it is not there
	CodeOtherCard    = "galss-move-other-card"    // the file names Reader for Card, and another card is in it
	CodeOldCryptolib = "galss-move-old-cryptolib" // warning: the installed Cryptolib cannot read the CPS4
	CodeInferred     = "galss-move-inferred"      // warning: the name of the Library is not confirmed
	CodeAlready      = "galss-move-already"       // there is nothing to do
)

// Reason is why a move is not made, or what has to be known before it is.
type Reason struct {
	Code  string            `json:"code"`
	Stops bool              `json:"stops"`
	Args  map[string]string `json:"args,omitempty"`
}

// Migrate returns the galss.ini of a workstation whose two cards are in PC/SC
// readers: one channel for the CPS card, one for the Vitale card. It keeps
// what it need not change. It returns the bytes of the file as it is when
// nothing has to be done, and nil when a reason stops it.
//
// A file is made where there is none, and changed where it has one serial
// channel and nothing that is unknown; any other is left to a person.
func Migrate(m Move) ([]byte, []Reason) {
	g := mover{Move: m}
	if Path(m.Family) == "" {
		g.stop(CodeNoSystem)
		return nil, g.reasons
	}
	f, err := Parse(m.Old)
	switch {
	case err != nil:
		g.stop(CodeForm, "Place", "galss.ini")
		return nil, g.reasons
	case f.unicode():
		g.stop(CodeEncoding, "Number", "32769", "Found", "Unicode", "Expected", "ANSI (Windows-1252)")
		return nil, g.reasons
	}
	if m.Old != nil && f.Mode() == PCSC {
		return g.already(f)
	}
	if m.Old != nil {
		g.form(f)
	}
	cps, vitale := g.cards()
	library := g.library(f)
	if g.stopped() {
		return nil, g.reasons
	}
	if m.Old == nil {
		f = fresh(m.Family, library)
	}
	f, err = pcscFile(f, library, cps, vitale)
	if err != nil {
		g.stop(CodeForm, "Place", "galss.ini")
		return nil, g.reasons
	}
	for _, p := range f.Check() {
		g.stop(CodeNotMovable, "Place", p.found())
	}
	if g.stopped() {
		return nil, g.reasons
	}
	return f.Bytes(), g.reasons
}

// Chosen returns the two slots that Migrate puts into the file; none where it
// finds no card, or has a choice.
func (m Move) Chosen() (cps, vitale Slot) {
	g := mover{Move: m}
	return g.cards()
}

// mover collects reasons.
type mover struct {
	Move
	reasons []Reason
}

func (g *mover) add(stops bool, code string, pairs []string) {
	args := map[string]string{}
	for n := 0; n+1 < len(pairs); n += 2 {
		args[pairs[n]] = pairs[n+1]
	}
	g.reasons = append(g.reasons, Reason{Code: code, Stops: stops, Args: args})
}

func (g *mover) stop(code string, pairs ...string) { g.add(true, code, pairs) }
func (g *mover) warn(code string, pairs ...string) { g.add(false, code, pairs) }

func (g *mover) stopped() bool {
	for _, r := range g.reasons {
		if r.Stops {
			return true
		}
	}
	return false
}

// already judges a file whose channels are PC/SC. One that is right is left
// alone, and so is one that is not: reader names can have changed for reasons
// that a person has to look at.
func (g *mover) already(f File) ([]byte, []Reason) {
	for _, p := range f.Check() {
		if p.Number != 0 {
			g.stop(CodeNotMovable, "Place", p.found())
		}
	}
	for _, r := range f.Readers() {
		slot, there := g.slot(r.Name)
		card := strings.ToLower(r.Card)
		switch {
		case !there:
			g.stop(CodeReaderGone, "Reader", quote.Text(r.Name), "Card", quote.Text(r.Card))
		case slot.Card != NoCard && (card == "cps" || card == "vitale") && !strings.HasPrefix(string(slot.Card), card):
			if !f.names(r.Name, slot.Card) {
				g.stop(CodeOtherCard, "Reader", quote.Text(r.Name), "Card", quote.Text(r.Card))
			}
		}
	}
	if g.stopped() {
		return nil, g.reasons
	}
	g.warn(CodeAlready)
	return g.Old, g.reasons
}

// names reports whether the file names a reader for a card, perhaps beside
// others: one channel can serve several.
func (f File) names(reader string, card Card) bool {
	for _, r := range f.Readers() {
		if r.Name == reader && strings.HasPrefix(string(card), strings.ToLower(r.Card)) {
			return true
		}
	}
	return false
}

func (g *mover) slot(reader string) (Slot, bool) {
	for _, s := range g.Slots {
		if s.Reader == reader {
			return s, true
		}
	}
	return Slot{}, false
}

// channelName is the form of the sections of a channel.
var channelName = regexp.MustCompile(`(?i)^CANAL([0-9]+)(\.PAD[0-9]+(\.LAD[0-9]+)?)?$`)

// form accepts a file with one serial channel.
func (g *mover) form(f File) {
	for _, p := range f.Check() {
		if p.code == CodeTwiceInFile {
			g.stop(CodeForm, "Place", p.Place())
		}
	}
	for _, name := range f.Sections() {
		upper := strings.ToUpper(name)
		channel := channelName.FindStringSubmatch(name)
		protocol, isProtocol := strings.CutPrefix(upper, "PROTOCOLE")
		switch {
		case channel != nil && channel[1] != "1":
			g.stop(CodeChannels, "Place", "["+quote.Text(name)+"]")
			return
		case channel == nil && strings.HasPrefix(upper, "CANAL"),
			isProtocol && protocol != "0" && protocol != "1":
			g.stop(CodeForm, "Place", "["+quote.Text(name)+"]")
		}
	}
	lib, _ := f.Value("PROTOCOLE1", "NomLib")
	if f.has("PROTOCOLE1") && !strings.HasPrefix(strings.ToLower(lib), "pcsc") {
		g.stop(CodeForm, "Place", "[PROTOCOLE1] NomLib")
	}
	if _, listed := f.Value("PROTOCOLE0", "ListeCanaux"); listed {
		g.stop(CodeForm, "Place", "[PROTOCOLE0] ListeCanaux")
	}
	if n, ok := f.count(); !ok || n != 1 {
		g.stop(CodeForm, "Place", "[CONFIG] NbCanaux")
	}
	if t, _ := f.Value("CANAL1", "TCanal"); t != serial {
		g.stop(CodeForm, "Place", "[CANAL1] TCanal")
	}
}

// cards chooses the slots of the two cards.
func (g *mover) cards() (cps, vitale Slot) {
	return g.pick(CodeNoCPS, "CPS", CPS3, CPS4, CPS), g.pick(CodeNoVitale, "Vitale", Vitale)
}

// bridge is the name under which GALSS shows a PSS reader to PC/SC. It is no
// PC/SC reader.
const bridge = "PSS SmartCard Reader"

// pick chooses the one reader that holds a card of some kinds. Nothing is
// chosen where there is a choice.
func (g *mover) pick(missing, called string, kinds ...Card) Slot {
	var contact, touch []Slot
	for _, s := range g.Slots {
		switch {
		case !holds(s, kinds) || strings.HasPrefix(s.Reader, bridge):
		case s.Contactless:
			touch = append(touch, s)
		default:
			contact = append(contact, s)
		}
	}
	switch {
	case len(contact) == 0 && len(touch) > 0:
		g.stop(CodeContactless, "Card", called, "Reader", quote.Text(touch[0].Reader))
	case len(contact) == 0:
		g.stop(missing)
	case len(contact) > 1:
		names := make([]string, 0, len(contact))
		for _, s := range contact {
			names = append(names, quote.Text(s.Reader))
		}
		g.stop(CodeTwice, "Card", called, "Readers", strings.Join(names, ", "))
	default:
		g.fit(contact[0])
		return contact[0]
	}
	return Slot{}
}

func holds(s Slot, kinds []Card) bool {
	for _, k := range kinds {
		if s.Card == k {
			return true
		}
	}
	return false
}

// maxReader is the longest name of a reader that PC/SC allows, in bytes.
const maxReader = 127

// fit judges a reader that was chosen.
func (g *mover) fit(s Slot) {
	if _, err := encode(s.Reader); err != nil || s.Reader == "" || len(s.Reader) > maxReader || numbers(s.Reader, 3) {
		g.stop(CodeName, "Reader", quote.Text(s.Reader))
	}
	same := 0
	for _, other := range g.Slots {
		if other.Reader == s.Reader {
			same++
		}
	}
	if same > 1 {
		g.stop(CodeSameReader, "Reader", quote.Text(s.Reader))
	}
	if s.Card == CPS {
		g.stop(CodeUnknownCPS, "Reader", quote.Text(s.Reader))
	}
	if s.Card == CPS4 && g.OldCryptolib {
		g.warn(CodeOldCryptolib)
	}
}

// library is the PC/SC library that belongs to the installed server. Where
// nobody knows the server, its PSS library tells which one it is.
func (g *mover) library(f File) string {
	if g.Family == "macos" {
		return "pcscosx.framework"
	}
	bits := g.Bits
	if bits == 0 {
		switch lib, _ := f.Value("PROTOCOLE0", "NomLib"); strings.ToUpper(lib) {
		case "PSSINW64.DLL":
			bits = 64
		case "PSSINW32.DLL":
			bits = 32
		}
	}
	switch bits {
	case 64:
		return "PCSCW64.DLL"
	case 32:
		g.warn(CodeInferred, "Library", "PCSCW32.DLL")
		return "PCSCW32.DLL"
	}
	g.stop(CodeServer)
	return ""
}

// pcscFile gives a file two PC/SC channels in the place of those it has.
func pcscFile(f File, library string, cps, vitale Slot) (File, error) {
	f, at := f.dropChannels()
	var block []string
	for n, c := range []struct{ reader, card, alias string }{
		{cps.Reader, "CPS", "TRANSPA1"}, {vitale.Reader, "Vitale", "TRANSPA2"},
	} {
		raw, err := encode(c.reader)
		if err != nil {
			return File{}, err
		}
		name := channel(n + 1)
		block = append(block, "["+name+"]", "TCanal="+pcsc, "Index=1", "Protocole=1", "Caracteristiques="+raw, "NbPAD=1",
			"["+name+".PAD1]", "PAD=0", "NbLAD=1",
			"["+name+".PAD1.LAD1]", "LAD=1", "NomLAD="+c.card, "NbAlias=1", "NomAlias1="+c.alias)
	}
	f = f.insert(at, block)
	if s, ok := f.section("PROTOCOLE0"); ok && !f.has("PROTOCOLE1") {
		f = f.insert(s.last(f.lines)+1, []string{"[PROTOCOLE1]"})
	}
	var err error
	for _, set := range [][3]string{
		{"PROTOCOLE1", "Config", "0"}, {"PROTOCOLE1", "NomLib", library},
		{"PROTOCOLE1", "ListeCanaux", "1,2"}, {"CONFIG", "NbCanaux", "2"},
	} {
		if f, err = f.Set(set[0], set[1], set[2]); err != nil {
			return File{}, err
		}
	}
	return f, nil
}

// fresh is the part of a new file that is not about PC/SC. Protocol 0 is kept
// in every file seen in the field, also where nothing uses it.
func fresh(family, library string) File {
	texts, end := []string{"Config=1000,1,15000", "TempoInit=1,200,1000", "NomLib=" + strings.Replace(library, "PCSCW", "PSSINW", 1)}, "\r\n"
	if family == "macos" {
		texts, end = []string{"Config=1000,20,15000", "TempoInit=1,1500,1000", "NomLib=pssinosx.framework"}, "\n"
	}
	var b bytes.Buffer
	for _, text := range append(append([]string{"[PROTOCOLE0]"}, texts...), "[CONFIG]", "NbCanaux=2") {
		b.WriteString(text + end)
	}
	return index(split(b.String()))
}
