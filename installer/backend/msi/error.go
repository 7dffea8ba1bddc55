package msi

import (
	"fmt"
	"strconv"

	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/manifest/logline"
)

// The codes of an Error, and of what a change says while it works.
const (
	CodeCancelled    = "msi-cancelled"     // 1602: somebody ended it
	CodeFailed       = "msi-failed"        // 1603: the package could not do its work
	CodeUnknown      = "msi-not-installed" // 1605: there is no such product
	CodeNoSource     = "msi-no-source"     // 1612: the package of the installed version is lost
	CodeBusy         = "msi-busy"          // 1618: another installation is running
	CodeUnreadable   = "msi-unreadable"    // 1619, 1620: the package cannot be opened, or is none
	CodePolicy       = "msi-policy"        // 1625, 1643, 1640: forbidden here
	CodePlatform     = "msi-platform"      // 1633: made for another kind of processor
	CodeOtherVersion = "msi-other-version" // 1638: another package of this product is installed
	CodeStatus       = "msi-status"        // any other exit code
	CodeTime         = "msi-time"          // not over in time; it goes on

	CodeRunning   = "msi-running"   // told: a package is being installed
	CodeRemoving  = "msi-removing"  // told: a product is being removed
	CodeWaiting   = "msi-waiting"   // told: another installation is waited for
	CodeRecaching = "msi-recaching" // told: Windows lost the package and gets ours
	CodeBeside    = "msi-beside"    // told: other versions stand beside the new one
)

// reasons are the meanings of exit codes.
var reasons = map[uint32]string{
	statusCancelled:   CodeCancelled,
	statusFailure:     CodeFailed,
	statusUnknown:     CodeUnknown,
	statusNoSource:    CodeNoSource,
	statusBusy:        CodeBusy,
	statusUnopened:    CodeUnreadable,
	statusInvalid:     CodeUnreadable,
	statusPolicy:      CodePolicy,
	statusPatchPolicy: CodePolicy,
	statusRemote:      CodePolicy,
	statusPlatform:    CodePlatform,
	statusOther:       CodeOtherVersion,
}

// Error says why Windows Installer did not do its work.
type Error struct {
	Reason    string // one of the codes above
	Component string
	Version   string // what was being installed or removed
	Status    uint32 // exit code, 0 for none
	File      string // package, where it is the matter
	Holder    string // who holds Windows Installer, "" when that is not known
	Minutes   string // the limit, or how long was waited
	Log       string // path of what Windows Installer wrote, "" for none
	Failure   runlog.Failure
	Cause     error
}

// Error implements error.
func (e *Error) Error() string {
	return logline.Of(fmt.Sprintf("component %q: %s", e.Component, e.Reason), e.Cause,
		"version", e.Version, "status", e.status(), "file", e.File, "holder", e.Holder,
		"action", e.Failure.Action, "line", e.Failure.Line, "log", e.Log)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the reason.
func (e *Error) Code() string { return e.Reason }

// Args returns the places of the sentence: Component, Version, Status, File,
// Holder, Minutes, Log, Action, Number and Line.
func (e *Error) Args() map[string]string {
	return map[string]string{
		"Component": e.Component, "Version": e.Version, "Status": e.status(), "File": e.File,
		"Holder": e.Holder, "Minutes": e.Minutes, "Log": e.Log,
		"Action": e.Failure.Action, "Number": e.Failure.Number, "Line": e.Failure.Line,
	}
}

func (e *Error) status() string {
	if e.Status == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(e.Status), 10)
}
