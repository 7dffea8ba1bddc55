package settings

import "github.com/releve-sante/releve/manifest/logline"

// The codes of this package's errors. They choose the sentence and are never
// renamed.
const (
	CodeChanged    = "settings-changed"     // somebody else wrote the file meanwhile
	CodeNotRemoved = "settings-not-removed" // a removal would lose what somebody else set
	CodeNotMoved   = "settings-not-moved"   // the file is no longer one that can be changed
	CodeCardLost   = "settings-card-lost"   // after the change a card is no longer seen
	CodeNoReaders  = "settings-no-readers"  // after the change the readers cannot be listed
)

// Error is a failure that a person has to read.
type Error struct {
	code   string
	Path   string // of the settings file; "" where there is none to name
	Card   string
	Reader string
	cause  error
}

// Error is the sentence for the log, in English.
func (e *Error) Error() string {
	return logline.Of(e.code, e.cause, "path", e.Path, "card", e.Card, "reader", e.Reader)
}

// Code is the stable name of the failure.
func (e *Error) Code() string { return e.code }

// Args fills the places of its sentence.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Path": e.Path, "Card": e.Card, "Reader": e.Reader}
	if e.cause != nil {
		args["Why"] = e.cause.Error()
	}
	return args
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }
