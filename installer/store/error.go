package store

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/releve-sante/releve/manifest/logline"
)

// The codes of an Error. Those of the network are shared with whatever else
// reads from a repository.
const (
	CodeUnreachable  = "network-unreachable"   // no connection, or no repository at all
	CodeStalled      = "network-stalled"       // silent, or nearly so
	CodeCut          = "network-cut"           // ended before the signed length
	CodeStatus       = "network-status"        // an answer that is not what was asked for
	CodeNotFound     = "network-not-found"     // the repository does not have it
	CodeWebPage      = "network-not-json"      // a web page came in its place
	CodeMirrors      = "network-mirrors"       // none of several addresses can be used
	CodeProxy        = "network-proxy"         // the proxy cannot be reached, or broke off
	CodeWrongContent = "network-wrong-content" // other bytes than the signed ones; they were thrown away
	CodeMissing      = "store-missing"         // not on this machine
	CodeDamaged      = "store-damaged"         // was on this machine, and no longer is what it was
	CodeNotRebuilt   = "store-not-rebuilt"     // delta and installed files do not make it
)

// Error says why a package cannot be had.
type Error struct {
	Reason   string // one of the codes above
	File     string // path of the package in the repository
	Expected string
	Found    string
	Cause    error // nil when the reason says all
}

// Error implements error.
func (e *Error) Error() string {
	return logline.Of(fmt.Sprintf("package %q: %s", e.File, e.Reason), e.Cause, "expected", e.Expected, "found", e.Found)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the reason.
func (e *Error) Code() string { return e.Reason }

// Args returns the places of the sentence: File, Expected and Found.
func (e *Error) Args() map[string]string {
	return map[string]string{"File": e.File, "Expected": e.Expected, "Found": e.Found}
}

// coded is what errors for a person implement, those of a Remote too.
type coded interface {
	error
	Code() string
	Args() map[string]string
}

// explain gives an error of a Remote the code reason unless it has one.
func explain(err error, reason, file string) error {
	var known coded
	if errors.As(err, &known) {
		return err
	}
	return &Error{Reason: reason, File: file, Cause: err}
}

// temporary tells whether trying again within seconds may help. What the
// local disk refuses has no code, and is not the business of a repository.
func temporary(err error) bool {
	var known coded
	if !errors.As(err, &known) {
		return false
	}
	switch known.Code() {
	case CodeUnreachable, CodeStalled, CodeCut, CodeStatus, CodeProxy:
		return true
	case CodeMirrors:
		return !errors.Is(err, fs.ErrNotExist)
	}
	return false
}
