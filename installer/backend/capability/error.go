package capability

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/releve-sante/releve/manifest/logline"
)

// The codes of this package's errors. They choose the sentence and the exit
// status and are never renamed.
const (
	CodeRights            = "rights-capability"              // DISM wants an administrator
	CodeNotKnown          = "capability-not-known"           // this Windows has no such capability
	CodeNoSource          = "capability-no-source"           // Windows does not find the files
	CodeForbidden         = "capability-forbidden"           // a policy forbids to fetch them
	CodeUpdateServer      = "capability-update-server"       // Windows Update goes to a server without them
	CodeUpdateServerToo   = "capability-update-server-other" // the same family, where passing by does not help
	CodeOffline           = "capability-offline"             // no server is reached
	CodeDiskFull          = "capability-disk-full"
	CodeBusy              = "capability-busy"
	CodeRestartFirst      = "capability-restart-first"
	CodeTime              = "capability-time"
	CodeNoDISM            = "capability-no-dism"
	CodeUnknownState      = "capability-unknown-state"
	CodePolicy            = "capability-policy"
	CodePolicyNotRestored = "capability-policy-not-restored"
	CodeFailed            = "capability-failed"
)

// What is said while DISM works.
const (
	CodeWorking   = "capability-working"
	CodeBypassing = "capability-bypassing"
)

// Error is a failure that a person has to read.
type Error struct {
	code  string
	value string // the code of DISM, a state or the value of a policy
	said  string // by DISM, in its language
	cause error
}

// Error is the sentence for the log, in English.
func (e *Error) Error() string {
	return logline.Of(e.code, e.cause, "value", e.value, "said", e.said)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Code is the stable name of the failure.
func (e *Error) Code() string { return e.code }

// Args fills the places of its sentence.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Value": e.value, "Said": e.said}
	if e.cause != nil {
		args["Why"] = strings.TrimRight(e.cause.Error(), ".") // Windows ends its own with one
	}
	return args
}

// notRun is the meaning of a DISM that gave no answer.
func notRun(err error, limit time.Duration) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{code: CodeNoDISM, cause: err}
	case errors.Is(err, ErrTime):
		return &Error{code: CodeTime, value: fmt.Sprint(int(limit.Minutes())), cause: err}
	}
	return fmt.Errorf("running DISM: %w", err)
}
