package osdetect

import "fmt"

// Codes of the errors ParseFacts and Detect return. They are stable.
const (
	CodeTooLarge    = "facts-too-large"   // the document is too long
	CodeTooLong     = "facts-too-long"    // one value is too long
	CodeSyntax      = "facts-syntax"      // not one flat JSON object
	CodePath        = "facts-path"        // not the form of a fact path
	CodeDuplicate   = "facts-duplicate"   // the same path twice
	CodeHidden      = "facts-hidden"      // a control or direction character in a value
	CodeNoValue     = "facts-no-value"    // null, a fraction, a list or an object
	CodeNotText     = "facts-not-text"    // this fact is a string
	CodeNotBool     = "facts-not-bool"    // this fact is true or false
	CodeNotInt      = "facts-not-int"     // this fact is a whole number
	CodeValue       = "facts-value"       // outside the values this fact can have
	CodeUnsupported = "facts-unsupported" // the system is none of those this program knows
)

// Limits of a facts document. A captured machine has some dozens of facts.
const (
	maxDocument = 1 << 20 // bytes
	maxText     = 4096    // bytes in one value
)

// Error says why a facts document was refused, or why the machine could not
// be told. It is a coded error: the views have a sentence for every code.
type Error struct {
	code     string
	Path     string // fact path, or "" when the document as a whole is meant
	Expected string // a limit in bytes, or the values there are, joined by commas
	Found    string // shortened and without control characters; for CodeSyntax the offset in bytes
	cause    error
}

// Error returns the English text for the log.
func (e *Error) Error() string {
	text := "reading facts"
	if e.Path != "" {
		text = fmt.Sprintf("reading fact %q", e.Path)
	}
	text += ": " + e.code
	if e.Expected != "" {
		text += ", expected " + e.Expected
	}
	if e.Found != "" {
		text += ", found " + e.Found
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Code returns the stable code of the error.
func (e *Error) Code() string { return e.code }

// Args returns what the sentences of the views fill in.
func (e *Error) Args() map[string]string {
	return map[string]string{"Path": e.Path, "Expected": e.Expected, "Found": e.Found}
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }
