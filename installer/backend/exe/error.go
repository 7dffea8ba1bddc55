package exe

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/manifest/logline"
)

// The codes of an Error, and of what a change says while it works.
const (
	CodeFailed     = "exe-failed"      // an exit code that does not mean success
	CodeBusy       = "exe-busy"        // another installation is running
	CodeTime       = "exe-time"        // not over in time; it was ended
	CodeNoRemoval  = "exe-no-removal"  // nothing says how the component is removed
	CodeStillThere = "exe-still-there" // it was removed, and is detected all the same

	CodeRunning  = "exe-running"  // told: a setup program runs
	CodeRemoving = "exe-removing" // told: a component is being removed
)

// Error says why a setup program did not do its work.
type Error struct {
	Reason    string // one of the codes above
	Component string
	Version   string // detected, where it matters
	Program   string // path
	Status    string // exit code, decimal and hexadecimal, "" for none
	Output    string // the last of what the program wrote
	Minutes   string // the limit
	Log       string // path of the log that the program was to write, "" when it wrote none
	Failure   runlog.Failure
	Cause     error
}

// Error implements error.
func (e *Error) Error() string {
	return logline.Of(fmt.Sprintf("component %q: %s", e.Component, e.Reason), e.Cause,
		"version", e.Version, "program", e.Program, "status", e.Status, "output", e.Output,
		"action", e.Failure.Action, "line", e.Failure.Line, "log", e.Log)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the reason.
func (e *Error) Code() string { return e.Reason }

// Args returns the places of the sentence: Component, Version, Program,
// Status, Output, Minutes, Log, Action and Line.
func (e *Error) Args() map[string]string {
	return map[string]string{
		"Component": e.Component, "Version": e.Version, "Program": e.Program,
		"Status": e.Status, "Output": e.Output, "Minutes": e.Minutes,
		"Log": e.Log, "Action": e.Failure.Action, "Line": e.Failure.Line,
	}
}

// What Windows Installer says through many a setup program, which returns its
// status as its own. Source: Microsoft, "MsiExec.exe and InstMsi.exe error
// messages".
const (
	statusBusy      = 1618 // ERROR_INSTALL_ALREADY_RUNNING
	statusRebooting = 1641 // ERROR_SUCCESS_REBOOT_INITIATED
	statusReboot    = 3010 // ERROR_SUCCESS_REBOOT_REQUIRED
)

// judge tells what an exit code means for a setup program: what its release
// says, else what Windows Installer means by it, else a failure.
func (k kept) judge(component, program string, r Result) (backend.Outcome, error) {
	var success, reboot []int
	if k.Setup != nil {
		success, reboot = k.Setup.Success, k.Setup.Reboot
	}
	switch {
	case among(reboot, r.Status):
		return backend.Outcome{Reboot: true}, nil
	case r.Status == 0 || among(success, r.Status):
		return backend.Outcome{}, nil
	case r.Status == statusReboot || r.Status == statusRebooting:
		return backend.Outcome{Reboot: true}, nil
	}
	e := &Error{Reason: CodeFailed, Component: component, Program: program, Status: spell(r.Status), Output: runlog.Last(r.Output)}
	if r.Status == statusBusy {
		e.Reason = CodeBusy
	}
	return backend.Outcome{}, e
}

// among reports whether a list of exit codes, signed or not, has status.
func among(codes []int, status uint32) bool {
	return slices.ContainsFunc(codes, func(code int) bool { return uint32(code) == status }) //nolint:gosec // the manifest holds 32 bits, with or without a sign
}

// spell writes an exit code as people look for it.
func spell(status uint32) string {
	if status < 1<<16 {
		return strconv.FormatUint(uint64(status), 10)
	}
	return fmt.Sprintf("%d, 0x%08X", int32(status), status) //nolint:gosec // as Windows shows it
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }
