package installer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/event"
)

// The codes of this package's errors. They appear in JSON output and choose
// the sentence and the exit status, so they are never renamed or reused.
const (
	CodeNoBackend      = "install-no-backend"
	CodeInspect        = "install-inspect-failed"
	CodeMoved          = "install-machine-moved"
	CodeBadPlan        = "install-bad-plan"
	CodeFetch          = "install-fetch-failed"
	CodeDelta          = "install-delta-failed"
	CodeNoPackage      = "install-no-package"
	CodeNoWayBack      = "install-no-way-back"
	CodePrepare        = "install-prepare-failed"
	CodeSettings       = "install-settings-not-saved"
	CodeSettingsBack   = "install-settings-not-restored"
	CodeQuiesce        = "install-quiesce-failed"
	CodeApply          = "install-apply-failed"
	CodeNotDetected    = "install-not-detected"
	CodeProbe          = "install-probe-failed"
	CodeNotWorking     = "install-not-working"
	CodeStopped        = "install-stopped"
	CodeReceipts       = "install-receipts-not-written"
	CodeStuck          = "install-stuck"
	CodeJournal        = "install-journal-not-written"
	CodeJournalCorrupt = "install-journal-corrupt"
	CodeOpenRun        = "install-run-open"
	CodeRecoverLate    = "install-finish-later"
)

// Error is a failure that a person has to read. Cause goes to the log.
type Error struct {
	code  string
	args  map[string]string
	Cause error // may be nil
}

// failed makes an Error; pairs are names and values of its arguments.
func failed(code string, cause error, pairs ...string) *Error {
	args := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	return &Error{code: code, args: args, Cause: cause}
}

// Error is the sentence for the log, in English.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.code)
	for _, name := range slices.Sorted(maps.Keys(e.args)) {
		fmt.Fprintf(&b, " %s=%q", name, e.args[name])
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code is the stable name of the failure.
func (e *Error) Code() string { return e.code }

// Args fills the places of its sentence.
func (e *Error) Args() map[string]string { return e.args }

// coded is an error that a person may meet; other packages have their own.
type coded interface {
	error
	Code() string
	Args() map[string]string
}

// because keeps an error that already has a code, so that a download which
// failed for lack of a network is told as that, and otherwise makes an Error.
func because(code string, cause error, pairs ...string) error {
	var c coded
	if errors.As(cause, &c) {
		return cause
	}
	return failed(code, cause, pairs...)
}

// failure turns an error into what views show.
func failure(err error) *event.Failure {
	f := &event.Failure{Cause: err.Error()}
	var c coded
	if errors.As(err, &c) {
		f.Code, f.Args = c.Code(), clean(c.Args())
	}
	return f
}

// clean removes control characters from arguments, some of which come from
// the machine or from a package.
func clean(args map[string]string) map[string]string {
	out := make(map[string]string, len(args))
	for name, value := range args {
		out[name] = plainText(value)
	}
	return out
}

// plainText removes control characters from a text.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
}
