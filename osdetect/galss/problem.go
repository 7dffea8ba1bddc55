package galss

import (
	"fmt"
	"strconv"
)

// The codes of problems. Each has one sentence in every language, and the
// number that GALSS shows for it.
const (
	CodeMissing       = "galss-ini-missing"      // 32769: there is no file
	CodeUnreadable    = "galss-ini-unreadable"   // 32769: the system does not let it be read
	CodeTooLarge      = "galss-ini-too-large"    // 32769: it cannot be a galss.ini
	CodeEncoding      = "galss-ini-encoding"     // 32769: it is Unicode, where ANSI is read
	CodeCount         = "galss-channel-count"    // 32771: NbCanaux is zero, too large or no number
	CodeNoChannel     = "galss-channel-missing"  // 32772: [CANALn] or its Protocole is missing
	CodeNoProtocol    = "galss-protocol-unknown" // 32773: no [PROTOCOLEn] has that number
	CodeNoLibrary     = "galss-library-missing"  // 32774: [PROTOCOLEn] or its NomLib is missing
	CodeIncomplete    = "galss-channel-half"     // 32775: TCanal or Index is missing
	CodeTimings       = "galss-timings-wrong"    // 32778: Config of the PSS layer
	CodeWrongChannel  = "galss-channel-wrong"    // 32780: TCanal or Caracteristiques
	CodeNoConfig      = "galss-config-missing"   // 32781: [CONFIG] or NbCanaux is missing
	CodeWrongPAD      = "galss-pad-wrong"        // 32783: missing, or not 0 to 255
	CodeWrongLAD      = "galss-lad-wrong"        // 32784: missing, or not 0 to 255
	CodeWrongName     = "galss-name-wrong"       // 32785: missing, or longer than 8 characters
	CodeTwiceInFile   = "galss-stands-twice"     // no number: only the first counts
	CodeMoreProblems  = "galss-more-problems"    // no number: the list was cut
	maxProblems       = 40                       // in a list
	maxName           = 8                        // characters of a name of a LAD and of an alias
	maxChannels       = 255                      // resources in the header of the GALSS library
	pssProtocol       = "0"                      // number of the protocol that is PSS
	characteristicsOf = "9600,1,8,0,0"           // a serial line, as an example of the form
)

// Problem is one thing that is wrong with galss.ini. It is an error with a
// code, of which views have a sentence.
type Problem struct {
	code     string
	Number   int    // that GALSS shows, by the list of GIE SESAM-Vitale; 0 for none
	Section  string // without brackets; "" for the file as a whole
	Key      string // "" for the section as a whole
	Found    string // shortened; "" for nothing
	Expected string
}

// Error returns the English text for the log.
func (p *Problem) Error() string {
	text := "galss.ini: " + p.code
	if p.Number != 0 {
		text += " (" + strconv.Itoa(p.Number) + ")"
	}
	return fmt.Sprintf("%s at %s: found %q, expected %q", text, p.Place(), p.Found, p.Expected)
}

// Code returns the stable code of the problem.
func (p *Problem) Code() string { return p.code }

// Args returns what the sentences of the views fill in.
func (p *Problem) Args() map[string]string {
	args := map[string]string{"Place": p.Place(), "Section": p.Section, "Key": p.Key, "Found": p.Found, "Expected": p.Expected}
	if p.Number != 0 {
		args["Number"] = strconv.Itoa(p.Number)
	}
	return args
}

// Place is where the problem is, as it would be looked for in the file: "[CANAL1] TCanal".
func (p *Problem) Place() string {
	switch {
	case p.Section == "":
		return "galss.ini"
	case p.Key == "":
		return "[" + p.Section + "]"
	}
	return "[" + p.Section + "] " + p.Key
}
