package plan

import (
	"fmt"
	"strconv"
)

// UnknownError says that a request names a component or a version that does
// not exist. It is an error and not a refusal: nothing about the machine
// could make the request right.
type UnknownError struct {
	Component string
	Version   string // "" when the component itself is unknown
	Nearest   string // the name that was probably meant, "" when none is near
}

// Error is English, for the log.
func (e *UnknownError) Error() string {
	if e.Version == "" {
		return fmt.Sprintf("unknown component %q, nearest %q", e.Component, e.Nearest)
	}
	return fmt.Sprintf("unknown version %q of component %q, nearest %q", e.Version, e.Component, e.Nearest)
}

// Code is CodeUnknownComponent or CodeUnknownVersion.
func (e *UnknownError) Code() string {
	if e.Version == "" {
		return CodeUnknownComponent
	}
	return CodeUnknownVersion
}

// Args fills the sentence.
func (e *UnknownError) Args() map[string]string {
	return map[string]string{"Component": e.Component, "Version": e.Version, "Nearest": e.Nearest}
}

// RequestError says that a request contradicts itself.
type RequestError struct {
	Reason  string // CodeTargetTwice or CodeUnknownVerb
	Subject string // the component or verb
}

// Error is English, for the log.
func (e *RequestError) Error() string {
	return fmt.Sprintf("reading the request: %s: %q", e.Reason, e.Subject)
}

// Code is e.Reason.
func (e *RequestError) Code() string { return e.Reason }

// Args fills the sentence.
func (e *RequestError) Args() map[string]string { return map[string]string{"Subject": e.Subject} }

// ComplexError says that planning gave up. The components named stood against
// each other last.
type ComplexError struct {
	Component string
	Other     string
	Steps     int // choices taken back
}

// Error is English, for the log.
func (e *ComplexError) Error() string {
	return fmt.Sprintf("gave up planning after %d choices taken back, last between %q and %q",
		e.Steps, e.Component, e.Other)
}

// Code is CodeTooComplex.
func (e *ComplexError) Code() string { return CodeTooComplex }

// Args fills the sentence.
func (e *ComplexError) Args() map[string]string {
	return map[string]string{"Component": e.Component, "Other": e.Other, "Steps": strconv.Itoa(e.Steps)}
}

// MovedError says that a plan no longer fits: the manifest or the machine is
// not what it was when the plan was made, or the plan is not what planning
// gives.
type MovedError struct {
	Reason  string // CodeManifestMoved, CodeMachineMoved or CodeAltered
	Subject string // a fact, a component, "channel" or "manifest"
	Was, Is string // "" is unknown, or not installed
}

// Error is English, for the log.
func (e *MovedError) Error() string {
	return fmt.Sprintf("comparing the plan with the present: %s: %q was %q and is %q",
		e.Reason, e.Subject, e.Was, e.Is)
}

// Code is e.Reason.
func (e *MovedError) Code() string { return e.Reason }

// Args fills the sentence.
func (e *MovedError) Args() map[string]string {
	return map[string]string{"Subject": e.Subject, "Was": e.Was, "Is": e.Is}
}

// DocumentError says that a plan document holds what no plan holds.
type DocumentError struct {
	Path     string // place in the document, for example "steps[2].action"
	Expected string
	Found    string
}

// Error is English, for the log.
func (e *DocumentError) Error() string {
	return fmt.Sprintf("reading a plan: %s: expected %s, found %q", e.Path, e.Expected, e.Found)
}

// Code is CodeDocument.
func (e *DocumentError) Code() string { return CodeDocument }

// Args fills the sentence.
func (e *DocumentError) Args() map[string]string {
	return map[string]string{"Path": e.Path, "Expected": e.Expected, "Found": e.Found}
}
