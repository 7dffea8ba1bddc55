package standin

import "fmt"

// The codes of this package's errors. They choose the sentence and are never
// renamed.
const (
	CodeNoPath         = "standin-no-path"          // the machine has no PATH that can be read
	CodePathTooLong    = "standin-path-too-long"    // there is no room in it
	CodePathNotWritten = "standin-path-not-written" // Windows refused to write it
)

// Error is a failure that a person has to read.
type Error struct {
	code  string
	value string // length in characters
	cause error
}

// Error is the sentence for the log, in English.
func (e *Error) Error() string { return fmt.Sprintf("%s value=%q: %v", e.code, e.value, e.cause) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Code is the stable name of the failure.
func (e *Error) Code() string { return e.code }

// Args fills the places of its sentence.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Value": e.value, "Most": fmt.Sprint(maxPath)}
	if e.cause != nil {
		args["Why"] = e.cause.Error()
	}
	return args
}
