package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
	"github.com/releve-sante/releve/tui/text"
)

// app is one invocation: what it may read, where it writes, what was asked.
type app struct {
	in          io.Reader
	out, errOut io.Writer
	env         func(string) string
	now         func() time.Time

	args  []string
	flags flags
	text  *text.Printer
	log   *slog.Logger
}

// flags are the options that every command takes.
type flags struct {
	repo, trustRoot string
	state, target   string
	facts           string
	channel         string
	lang            string
	pins            []string
	json, plain     bool
	silent          bool
	allowUnknown    bool
	noRollback      bool
	ascii           bool
}

// run carries out one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	a.log = slog.New(slog.DiscardHandler)
	a.flags.lang = langIn(args) // cobra may refuse the line before it reads --lang
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var s statusError
	if !errors.As(err, &s) {
		a.report(err)
	}
	return statusOf(err)
}

// langIn finds --lang on a command line.
func langIn(args []string) string {
	for i, arg := range args {
		if v, ok := strings.CutPrefix(arg, "--lang="); ok {
			return v
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// report says on standard error what went wrong and what to do, and with
// --json as an object on standard output too.
func (a *app) report(err error) {
	a.log.Error("command failed", "error", err.Error())
	if a.language() != nil && a.text == nil {
		return
	}
	var c coded
	if !errors.As(err, &c) {
		err = &cliError{code: CodeUnexpected, args: map[string]string{"Why": err.Error()}, cause: err}
	}
	if a.flags.json {
		jsonl.Error(a.out, a.text, err)
	}
	if !a.flags.silent {
		line.Error(a.errOut, a.text, err)
	}
}

// language chooses the language once the flags are known.
func (a *app) language() error {
	if a.text != nil {
		return nil
	}
	lang := a.flags.lang
	if lang == "" {
		lang = text.Detect(a.env)
	}
	p, err := text.New(lang)
	if err != nil {
		fallback, err2 := text.New("en")
		if err2 != nil {
			return err2
		}
		a.text = fallback
		return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "--lang", "Value": lang, "Choices": "fr, en"}, cause: err}
	}
	a.text = p
	return nil
}

// command builds the command tree.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "releve",
		Short:         "Install, update, repair, remove and roll back card reading components",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.language()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.unknownCommand(cmd, args[0])
			}
			if !a.interactive() {
				return cmd.Help()
			}
			return a.runInteractive(cmd.Context(), plan.Request{Action: plan.Install})
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	a.persistentFlags(root)
	root.SetFlagErrorFunc(a.flagError)
	root.AddCommand(
		a.versionCommand(), a.factsCommand(), a.diagnoseCommand(), a.statusCommand(),
		a.checkCommand(), a.planCommand(), a.explainCommand(), a.applyCommand(),
		a.changeCommand(plan.Install), a.changeCommand(plan.Update), a.changeCommand(plan.Uninstall),
		a.changeCommand(plan.Rollback), a.changeCommand(plan.Repair),
		a.verifyCommand(), a.historyCommand(), a.recoverCommand(),
	)
	root.AddCommand(a.moreCommands()...)
	return root
}

func (a *app) persistentFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.flags.repo, "repo", "", "signed repository: `URL|DIR`")
	f.StringVar(&a.flags.trustRoot, "trust-root", "", "root.json to trust at first: `FILE`")
	f.StringVar(&a.flags.state, "state", "", "where releve keeps metadata, packages, receipts and journal: `DIR`")
	f.StringVar(&a.flags.target, "target", "", "where components are installed: `DIR`")
	f.StringVar(&a.flags.facts, "facts", "", "use the facts of another machine: `FILE` of 'releve facts --json'")
	f.StringVar(&a.flags.channel, "channel", "stable", "channel to follow: `NAME`")
	f.StringVar(&a.flags.lang, "lang", a.flags.lang, "language: `fr|en`")
	f.StringArrayVar(&a.flags.pins, "pin", nil, "keep a component at one version: `C@V` (repeatable)")
	f.BoolVar(&a.flags.json, "json", false, "one JSON object a line on standard output")
	f.BoolVar(&a.flags.plain, "plain", false, "plain lines, never the terminal interface")
	f.BoolVar(&a.flags.silent, "silent", false, "print nothing; the log and the result file tell")
	f.BoolVar(&a.flags.allowUnknown, "allow-unknown", false, "accept conditions that cannot be decided on this system")
	f.BoolVar(&a.flags.noRollback, "no-rollback", false, "go on where a change could not be undone")
	f.BoolVar(&a.flags.ascii, "ascii", false, "terminal interface without Unicode")
}

func (a *app) unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, sub := range cmd.Root().Commands() {
		names = append(names, sub.Name())
	}
	return &cliError{code: CodeUnknownCommand, args: map[string]string{"Name": name, "Nearest": plan.Nearest(name, names)}}
}

// flagError names the flag that was probably meant.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: ")
	if !ok {
		return &cliError{code: CodeBadUsage, args: map[string]string{"What": err.Error(), "Command": cmd.CommandPath()}, cause: err}
	}
	names := flagNames(cmd)
	return &cliError{code: CodeUnknownFlag, args: map[string]string{"Name": name, "Nearest": plan.Nearest(name, names)}, cause: err}
}

// interactive reports whether a person sits at a terminal and may be asked.
func (a *app) interactive() bool {
	if a.flags.json || a.flags.plain || a.flags.silent {
		return false
	}
	return isTerminal(a.in) && isTerminal(a.out) && a.env("TERM") != "dumb"
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
