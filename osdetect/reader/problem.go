package reader

import (
	"encoding/json"
	"fmt"
)

// Codes of problems. They are stable.
const (
	CodeStopped     = "reader-service-stopped"     // the resource manager does not run
	CodeUnreachable = "reader-service-unreachable" // it cannot be reached: Result
	CodeHung        = "reader-service-hung"        // no answer within Seconds
	CodeDenied      = "reader-denied"              // this account may not ask it: Result
	CodeRedirection = "reader-redirection"         // a remote session without redirection of readers
	CodeLibrary     = "reader-library"             // the system has no PC/SC
	CodeFailed      = "reader-failed"              // Call failed with Result
	CodeNone        = "reader-none"                // there is no reader
	CodeSlot        = "reader-slot"                // the slot Name could not be asked: Result
	CodeTooMany     = "reader-too-many"            // more slots than Limit: Found
	CodeOddName     = "reader-odd-name"            // a name that is no name: Name
	CodeDevices     = "reader-devices"             // the devices could not be listed: Why
	CodeRemote      = "reader-remote"              // the readers are those of another machine
	CodeReport      = "reader-report"              // what the system says about its readers cannot be read: Why
	CodeUnsupported = "reader-unsupported"         // readers cannot be listed on this System
)

// Problem is something that could not be read or is out of the ordinary.
type Problem struct {
	code string
	args map[string]string
}

// Error returns the English text for the log.
func (p Problem) Error() string {
	return fmt.Sprintf("listing the card readers: %s %v", p.code, p.args)
}

// Code returns the stable code.
func (p Problem) Code() string { return p.code }

// Args fills the sentence.
func (p Problem) Args() map[string]string { return p.args }

type problemJSON struct {
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
}

// MarshalJSON writes the code and what fills the sentence.
func (p Problem) MarshalJSON() ([]byte, error) { return json.Marshal(problemJSON{p.code, p.args}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Problem) UnmarshalJSON(data []byte) error {
	var j problemJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("reading a problem of a reader: %w", err)
	}
	p.code, p.args = j.Code, j.Args
	return nil
}
