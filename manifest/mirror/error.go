package mirror

import "github.com/releve-sante/releve/manifest/logline"

// Codes of what can be wrong with a copy. They never change.
const (
	CodeNotAMirror = "mirror-not-a-mirror" // a folder with a repository that no mirror made
	CodeInTheWay   = "mirror-in-the-way"   // a folder where a file has to be
	CodeNotOffered = "mirror-not-offered"  // a component that no chosen channel offers
	CodeIncomplete = "mirror-incomplete"   // a copy without a file that it should hold
	CodeChanged    = "mirror-changed"      // a file of a copy with other bytes than signed
)

// Error says why a copy cannot be made, or is not good.
type Error struct {
	Reason   string // one of the Code constants
	Name     string // file or component in question
	Expected string
	Found    string
	Cause    error // for the log; may be nil
}

// Error gives the English sentence for the log.
func (e *Error) Error() string {
	return logline.Of(e.Reason, e.Cause, "name", e.Name, "expected", e.Expected, "found", e.Found)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code gives the stable identifier of this kind of failure.
func (e *Error) Code() string { return e.Reason }

// Args gives the values the sentence of Code speaks of: Name, Expected and
// Found.
func (e *Error) Args() map[string]string {
	return map[string]string{"Name": e.Name, "Expected": e.Expected, "Found": e.Found}
}
