package capability

import (
	"strconv"
	"strings"

	"github.com/releve-sante/releve/osdetect/program"
)

// State is what DISM says of a capability.
type State string

// The states. Arriving and Leaving are complete with the next restart.
const (
	Present  State = "installed"
	Absent   State = "absent"
	Arriving State = "install-pending"
	Leaving  State = "removal-pending"
)

// There reports whether the capability is there, or will be without anybody
// doing more.
func (s State) There() bool { return s == Present || s == Arriving }

// Waits reports whether the state is complete only after a restart.
func (s State) Waits() bool { return s == Arriving || s == Leaving }

// states are the words of DISM, in English and in French, in lower case and
// without accents: an older DISM leaves /English alone, and in the wrong code
// accents are the first to go.
func states() map[string]State {
	return map[string]State{
		"installed": Present, "installe": Present, "installee": Present,
		"not present": Absent, "non present": Absent, "non presente": Absent, "absent": Absent, "absente": Absent,
		"removed": Absent, "supprime": Absent, "supprimee": Absent, "resolved": Absent,
		"staged": Absent, "uninstalled": Absent, "desinstalle": Absent, "desinstallee": Absent,
		"install pending": Arriving, "installation en attente": Arriving,
		"uninstall pending": Leaving, "desinstallation en attente": Leaving,
		"remove pending": Leaving, "suppression en attente": Leaving,
	}
}

// state reads the state from the answer to Get-CapabilityInfo.
func (a Answer) state() (State, error) {
	for line := range strings.Lines(program.Text(a.Output, program.OEM)) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		if k := bare(key); k != "state" && k != "etat" && k != "?tat" {
			continue
		}
		if s, ok := states()[bare(value)]; ok {
			return s, nil
		}
		return "", &Error{code: CodeUnknownState, value: strings.TrimSpace(value)}
	}
	return "", &Error{code: CodeUnknownState}
}

// bare is a text in lower case without accents and outer spaces. A character
// that is none, or that a wrong code made of one, is a question mark.
func bare(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case 'é', 'è', 'ê', 'É', 'È', 'Ê':
			return 'e'
		case 'à', 'â', 'À', 'Â':
			return 'a'
		case '\u00a0', '\t', '\n':
			return ' '
		}
		if r > 0x7f {
			return '?'
		}
		return r
	}, strings.ToLower(text)))
}

// Codes that DISM ends with. Sources: WinError.h, and the questions and answers
// about features on demand in Microsoft's documentation.
const (
	rebootRequired   = 3010
	elevationNeeded  = 740
	badParameter     = 87
	unknownFeature   = 0x800f080c
	noSource         = 0x800f081f
	noSourcePolicy   = 0x800f0907
	sourceNotFound   = 0x800f0906
	updateServer     = 0x800f0954
	updateServerToo  = 0x800f0950
	noConnection     = 0x8024402c
	nameNotResolved  = 0x80072ee7
	connectionFailed = 0x80072efd
	connectionTime   = 0x80072ee2
	diskFull         = 112
	diskFullResult   = 0x80070070
	accessDenied     = 5
	accessResult     = 0x80070005
	otherOperation   = 0x800f0902
	deniedByUpdate   = 0x8024500c
	restartFirst     = 0x800f082f
)

// failure is the typed meaning of an answer, nil for success.
func (a Answer) failure() error {
	if a.Code == 0 || a.Code == rebootRequired {
		return nil
	}
	text := program.Text(a.Output, program.OEM)
	code := a.Code
	if code == 1 { // some versions say no more than that outside the text
		code = codeIn(text, code)
	}
	kinds := map[uint32]string{
		elevationNeeded: CodeRights, accessDenied: CodeRights, accessResult: CodeRights,
		badParameter: CodeNotKnown, unknownFeature: CodeNotKnown,
		noSource: CodeNoSource, sourceNotFound: CodeNoSource, noSourcePolicy: CodeForbidden, deniedByUpdate: CodeForbidden,
		updateServer: CodeUpdateServer, updateServerToo: CodeUpdateServerToo,
		noConnection: CodeOffline, nameNotResolved: CodeOffline, connectionFailed: CodeOffline, connectionTime: CodeOffline,
		diskFull: CodeDiskFull, diskFullResult: CodeDiskFull,
		otherOperation: CodeBusy, restartFirst: CodeRestartFirst,
	}
	kind, ok := kinds[code]
	if !ok {
		kind = CodeFailed
	}
	return &Error{code: kind, value: shown(code), said: lastWords(text)}
}

// codeIn reads the number that DISM writes after the word Error.
func codeIn(text string, otherwise uint32) uint32 {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if k := bare(key); !ok || k != "error" && k != "erreur" {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(value), 0, 32); err == nil {
			return uint32(n)
		}
	}
	return otherwise
}

// shown writes a code as it is looked up: hexadecimal for those of services.
func shown(code uint32) string {
	if code > 0xffff {
		return "0x" + strconv.FormatUint(uint64(code), 16)
	}
	return strconv.FormatUint(uint64(code), 10)
}

const maxWords = 300 // bytes of what DISM said that are handed on

// lastWords is what DISM said after the number of its error, on one line and
// without the dot at its end, to stand in a sentence.
func lastWords(text string) string {
	_, after, found := strings.Cut(text, "rror:")
	if !found {
		_, after, found = strings.Cut(text, "rreur")
	}
	if !found {
		after = text
	}
	words := strings.Fields(strings.TrimLeft(after, ": \u00a0"))
	if len(words) > 0 {
		if _, err := strconv.ParseUint(words[0], 0, 32); err == nil {
			words = words[1:] // the number, which is told apart
		}
	}
	said := strings.TrimRight(strings.Join(words, " "), ".")
	if len(said) > maxWords {
		said = strings.ToValidUTF8(said[:maxWords], "")
	}
	return said
}
