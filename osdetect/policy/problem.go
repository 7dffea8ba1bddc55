package policy

import (
	"fmt"
	"strings"

	"github.com/releve-sante/releve/osdetect/quote"
)

// Codes of problems and errors. They are stable.
const (
	CodeValue       = "policy-value"        // Problem: not of the form Expected; the default holds
	CodeUnknownName = "policy-unknown-name" // Problem: there is no such value; it is passed over
	CodeSource      = "policy-source"       // Problem: the policy of the machine cannot be read at all
	CodeFile        = "policy-file"         // FileError
)

// Problem is something in a policy that does not count, and why.
type Problem struct {
	code     string
	Key      Key    // "" when the source as a whole is meant
	Source   string // where it stands
	Expected string // form, with CodeValue
	Found    string // shortened and without control characters
}

// Error returns the English text for the log.
func (p Problem) Error() string {
	return fmt.Sprintf("reading the policy %q: %s %q: found %s, expected %s", p.Source, p.code, p.Key, p.Found, p.Expected)
}

// Code returns the stable code.
func (p Problem) Code() string { return p.code }

// Args fills the sentence.
func (p Problem) Args() map[string]string {
	return map[string]string{"Name": string(p.Key), "Source": p.Source, "Expected": p.Expected, "Found": p.Found}
}

// FileError says that a file that was named as a policy is none.
type FileError struct {
	Name  string
	cause error
}

// Error returns the English text for the log.
func (e *FileError) Error() string { return fmt.Sprintf("reading the policy %q: %v", e.Name, e.cause) }

// Code is CodeFile.
func (e *FileError) Code() string { return CodeFile }

// Args fills the sentence.
func (e *FileError) Args() map[string]string {
	return map[string]string{"Path": e.Name, "Why": show(e.cause.Error())}
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.cause }

// show makes somebody else's value fit for a message.
func show(raw any) string {
	s := fmt.Sprint(raw)
	if entries, ok := raw.([]string); ok {
		s = strings.Join(entries, "; ")
	}
	return quote.Text(s)
}
