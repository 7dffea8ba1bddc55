package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// takes checks the number of arguments; a negative most means any.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return &cliError{code: CodeTooFewArguments, args: map[string]string{"Command": useLine(cmd)}}
		case most >= 0 && len(args) > most:
			return &cliError{code: CodeTooManyArguments, args: map[string]string{"Value": args[most], "Command": useLine(cmd)}}
		}
		return nil
	}
}

// useLine is how a command is written, without the word that stands for the
// options.
func useLine(cmd *cobra.Command) string { return strings.TrimSuffix(cmd.UseLine(), " [flags]") }

func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, sub := range cmd.Root().Commands() {
		names = append(names, sub.Name())
	}
	return &cliError{code: CodeUnknownCommand, args: map[string]string{"Name": name, "Nearest": plan.Nearest(name, names)}}
}

// flagError says what is wrong with an option, and which one was probably
// meant. The rest of the line is read first: --json or --silent may stand
// there, and they decide where the answer goes.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	flags := cmd.Flags()
	flags.ParseErrorsAllowlist.UnknownFlags = true
	_ = flags.Parse(a.args) // stops where it stopped before, unless the option was unknown
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		name, near := "--"+unknown.GetSpecifiedName(), ""
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = "-" + unknown.GetSpecifiedName()
		} else {
			near = plan.Nearest(name, flagNames(cmd))
		}
		return &cliError{code: CodeUnknownFlag, args: map[string]string{"Name": name, "Nearest": near}, cause: err}
	case errors.As(err, &missing):
		return &cliError{code: CodeFlagNeedsValue, args: map[string]string{"Name": "--" + missing.GetFlag().Name}, cause: err}
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return &cliError{code: CodeBadChoice, args: map[string]string{
			"Flag": "--" + invalid.GetFlag().Name, "Value": invalid.GetValue(), "Choices": "true, false",
		}, cause: err}
	}
	return &cliError{code: CodeBadUsage, args: map[string]string{"What": err.Error(), "Command": useLine(cmd)}, cause: err}
}

// flagNames lists the flags of a command as they are typed.
func flagNames(cmd *cobra.Command) []string {
	var names []string
	add := func(f *pflag.Flag) { names = append(names, "--"+f.Name) }
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return names
}

// targetOf reads C or C@V. A version is for what brings a release: the other
// verbs know themselves which one they mean.
func targetOf(verb plan.Verb, arg string) (plan.Target, error) {
	name, version, exact := strings.Cut(arg, "@")
	if name == "" || exact && version == "" {
		return plan.Target{}, &cliError{code: CodeBadTarget, args: map[string]string{"Value": arg}}
	}
	if exact && verb != plan.Install {
		return plan.Target{}, &cliError{code: CodeVersionNotTaken, args: map[string]string{
			"Command": string(verb), "Component": name, "Version": version,
		}}
	}
	return plan.Target{Component: name, Version: version}, nil
}

// annotationChanges marks the commands that change the workstation, each of
// whose invocations leaves a result in the state folder.
const annotationChanges = "changes"

func changing() map[string]string { return map[string]string{annotationChanges: "yes"} }

// A command that changes the workstation only looks at it with this option, or
// with the first argument that annotationLooks names.
const (
	flagDryRun      = "dry-run"
	annotationLooks = "looks"
)

// changes reports whether a command line changes the workstation.
func changes(cmd *cobra.Command) bool {
	dry, err := cmd.Flags().GetBool(flagDryRun)
	only, some := cmd.Annotations[annotationLooks]
	looks := err == nil && dry || some && cmd.Flags().Arg(0) == only
	return cmd.Annotations[annotationChanges] != "" && !looks
}

// recordMistake keeps the result of a changing command that failed before it
// came to a result of its own, so that deployment tools never read that of an
// earlier command instead. Who may not write, or found the lock taken, leaves
// the state alone; no state folder is made for a mistake.
func (a *app) recordMistake(cmd *cobra.Command, err error) {
	status := statusOf(err)
	if a.recorded || !changes(cmd) || status == exitBusy || status == exitRights || isStateError(err) {
		return
	}
	path, noFolder := folder(a.flags.state, defaultState(a.env), CodeNeedState)
	if noFolder != nil {
		return
	}
	if info, missing := os.Stat(path); missing != nil || !info.IsDir() {
		return
	}
	state, denied := durable.Open(path)
	if denied != nil {
		if !errors.Is(denied, fs.ErrPermission) {
			a.log.Warn("the result is not kept", "error", denied.Error())
		}
		return
	}
	(&session{a: a, state: state}).record(installer.Result{Outcome: event.Nothing}, plan.Plan{}, status, err)
	_ = state.Close()
}
