package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/quiesce"
)

// Exit statuses are read by Group Policy scripts, Intune, Configuration
// Manager and Jamf: they are never renumbered or reused. exitBusy and
// exitReboot differ per system, see exit_windows.go and exit_other.go.
const (
	exitOK        = 0  // done, or nothing to do
	exitFailed    = 1  // failed, the machine is as before
	exitUsage     = 2  // the command line is wrong
	exitRefused   = 3  // a condition does not hold, or a finding blocks
	exitUntrusted = 4  // metadata is not trusted
	exitNetwork   = 5  // the repository cannot be reached or sends something else
	exitStuck     = 7  // failed and could not be undone: a person is needed
	exitRights    = 8  // administrator rights are missing
	exitChanges   = 10 // changes are available, or there are findings
	exitPartly    = 11 // done for some, refused for others
)

// coded is an error that a person may meet; package text has its sentence.
type coded interface {
	error
	Code() string
	Args() map[string]string
}

// cliError is a mistake on the command line or in what it names.
type cliError struct {
	code  string
	args  map[string]string
	cause error
}

// The codes of this command.
const (
	CodeUnknownCommand   = "cli-unknown-command"
	CodeBadUsage         = "cli-usage"
	CodeUnknownFlag      = "cli-unknown-flag"
	CodeFlagNeedsValue   = "cli-flag-needs-value"
	CodeTooFewArguments  = "cli-too-few-arguments"
	CodeTooManyArguments = "cli-too-many-arguments"
	CodeMissingFile      = "cli-missing-file"
	CodeFileExists       = "cli-file-exists"
	CodeBadTarget        = "cli-bad-target"
	CodeVersionNotTaken  = "cli-version-not-taken"
	CodeUnknownChannel   = "cli-unknown-channel"
	CodeNeedCommand      = "cli-need-command"
	CodeNeedComponent    = "cli-need-component"
	CodeBroughtBack      = "cli-brought-back" // no error
	CodeNeedRepo         = "cli-need-repo"
	CodeNeedRoot         = "cli-need-trust-root"
	CodeNeedState        = "cli-need-state"
	CodeNeedTarget       = "cli-need-target"
	CodeFactsNeedTarget  = "cli-facts-need-target"
	CodeUnreadable       = "cli-unreadable-file"
	CodeBadChoice        = "cli-bad-choice"
	CodeBadCAFile        = "cli-bad-ca-file"
	CodeNeedRights       = "rights-missing"
	CodeUnexpected       = "failed-unexpected"
	CodeDemoBroken       = "demo-claim-failed"
)

func (e *cliError) Error() string {
	s := e.code
	for _, k := range sortedKeys(e.args) {
		s += " " + k + "=" + e.args[k]
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *cliError) Code() string            { return e.code }
func (e *cliError) Args() map[string]string { return e.args }
func (e *cliError) Unwrap() error           { return e.cause }

// statusError carries a status of a command that did what it was asked and
// has nothing more to print.
type statusError int

func (statusError) Error() string { return "the command ended with a status" }

// statusOf chooses the exit status of an error, from its code alone.
func statusOf(err error) int {
	var s statusError
	if errors.As(err, &s) {
		return int(s)
	}
	var c coded
	if errors.As(err, &c) {
		prefix, _, _ := strings.Cut(c.Code(), "-")
		switch {
		case strings.HasSuffix(c.Code(), "-busy"), // another installation, which Windows runs one at a time
			c.Code() == quiesce.CodeCardInUse, c.Code() == quiesce.CodeCardSilent: // the next run finds it free
			return exitBusy
		}
		switch prefix {
		case "trust", "manifest", "authenticode":
			return exitUntrusted
		case "network":
			return exitNetwork
		case "lock":
			return exitBusy
		case "cli", "facts", "policy":
			return exitUsage
		case "plan":
			return exitRefused
		case "rights":
			return exitRights
		}
		return exitFailed
	}
	if errors.Is(err, fs.ErrPermission) {
		return exitRights
	}
	return exitFailed
}

// statusOfOutcome chooses the status of a run that came to its end.
func statusOfOutcome(o event.Outcome, reboot bool) int {
	switch o {
	case event.Stuck:
		return exitStuck
	case event.Reverted:
		return exitFailed
	default:
		if reboot {
			return exitReboot
		}
		return exitOK
	}
}
