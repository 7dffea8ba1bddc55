package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/tui/text"
)

// Exit statuses, the same as releve's where both have one.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitUntrusted = 4
	exitNetwork   = 5
	exitBusy      = 6
)

// Codes of mistakes on the command line.
const (
	CodeUnknownCommand   = "repo-unknown-command"
	CodeUnknownFlag      = "repo-unknown-flag"
	CodeBadUsage         = "repo-usage"
	CodeTooFewArguments  = "repo-too-few-arguments"
	CodeTooManyArguments = "repo-too-many-arguments"
	CodeUnknownFact      = "repo-unknown-fact"
	CodeBadVersion       = "repo-bad-version"
	CodeNeedKeys         = "repo-need-keys"
	CodeUnreadable       = "repo-unreadable-file"
	CodeNeedRoot         = "repo-need-trust-root"
	CodeNeedSource       = "repo-need-source"
	CodeNoFolder         = "repo-no-folder"
	CodeLargeBundle      = "repo-large-bundle"
	CodeLargePackage     = "repo-large-package"
	CodeShortLife        = "repo-short-life"
	CodeMirrorBusy       = "mirror-busy"
	CodeBadSite          = "repo-bad-finess"
	CodeBadCAFile        = "cli-bad-ca-file" // as releve says it
	CodeNotAgreed        = "repo-not-agreed"
)

// usageError is a mistake on the command line.
type usageError struct {
	reason string // one of the Code constants
	args   map[string]string
	cause  error
}

// Error gives the English sentence for the log.
func (e *usageError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.reason, e.cause)
	}
	return e.reason
}

// Unwrap gives the cause.
func (e *usageError) Unwrap() error { return e.cause }

// Code gives the stable identifier.
func (e *usageError) Code() string { return e.reason }

// Args gives the values the sentence of Code speaks of.
func (e *usageError) Args() map[string]string { return e.args }

// statusError ends the program with a status after everything was said.
type statusError int

// Error implements error.
func (s statusError) Error() string { return fmt.Sprintf("status %d", int(s)) }

// statusOf is the one place where an error becomes an exit status.
func statusOf(err error) int {
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	var coded text.Coded
	if !errors.As(err, &coded) {
		return exitFailed
	}
	code := coded.Code()
	unknown := []string{publish.CodeNoComponent, publish.CodeNoVersion, publish.CodeUnknownRole, publish.CodeBadName, publish.CodeBadPaths, publish.CodeSeveral,
		mirror.CodeNotOffered, mirror.CodeNotAMirror, publish.CodeNoReplacement, publish.CodeNoRollout,
		publish.CodeUnknownKey, publish.CodeBadQuorum, publish.CodeLifeTooLong, publish.CodeRootRole, publish.CodeBadPublicKey,
		CodeBadCAFile,
	}
	switch {
	case code == CodeMirrorBusy:
		return exitBusy
	case strings.HasPrefix(code, "repo-"), slices.Contains(unknown, code):
		return exitUsage
	case strings.HasPrefix(code, "trust-"):
		return exitUntrusted
	case strings.HasPrefix(code, "network-"):
		return exitNetwork
	}
	return exitFailed
}

func badUsage(cmd *cobra.Command, what string) error {
	return &usageError{reason: CodeBadUsage, args: map[string]string{"What": what, "Command": cmd.UseLine()}}
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, c := range cmd.Commands() {
		known = append(known, c.Name())
	}
	best := nearest(name, known)
	if group := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()); best != "" && group != "" {
		best = strings.TrimSpace(group) + " " + best
	}
	return &usageError{reason: CodeUnknownCommand, args: map[string]string{"Name": name, "Nearest": best}}
}

func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return badUsage(cmd, err.Error())
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	name := missing.GetSpecifiedName()
	if missing.GetSpecifiedShortnames() == "" {
		name = "--" + name
	} else {
		name = "-" + name
	}
	return &usageError{reason: CodeUnknownFlag, cause: err, args: map[string]string{
		"Name": name, "Nearest": nearest(name, known), "Command": cmd.CommandPath(),
	}}
}

// nearest gives the known name that differs least from name, "" when none is
// near: at most a third of its letters, and one in any case.
func nearest(name string, known []string) string {
	best, least := "", max(1, len(name)/3)+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
