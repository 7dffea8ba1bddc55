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
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/osdetect/reader"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
	"github.com/releve-sante/releve/tui/text"
)

// app is one invocation: what it may read, where it writes, what was asked.
type app struct {
	in          io.Reader
	out, errOut io.Writer
	env         func(string) string
	folder      func(name string) string // of the system, by its name on Windows; nil: none is known
	now         func() time.Time

	administrator func() *policy.Source // the policy of the machine; nil: none
	readers       func(context.Context, reader.Options) reader.Readers
	desk          desk
	wmic          func(facts string) (wmicSystem, bool) // where WMIC is restored and replaced; facts names those of another machine

	rights *rights // nil: those of whoever starts it, whatever they are

	args  []string
	flags flags
	text  *text.Printer
	log   *slog.Logger

	policy policy.Policy

	recorded bool // this invocation left its result in the state folder
}

// flags are the options that every command takes.
type flags struct {
	repos, packages    []string // addresses in the order in which they are tried
	trustRoot, caFile  string
	state, target      string
	facts              string
	policy             string
	channel            string
	lang               string
	pins               []string
	json, plain        bool
	version            bool
	silent             bool
	allowUnknown       bool
	noRollback         bool
	ascii              bool
	forbiddenIsMissing bool
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
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	a.recordMistake(cmd, err)
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
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if a.flags.silent && !a.flags.json {
				a.out = io.Discard
			}
			if err := a.language(); err != nil {
				return err
			}
			if err := a.adopt(cmd); err != nil {
				return err
			}
			return a.needAdministrator(cmd, args)
		},
		RunE: a.runRoot,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	a.persistentFlags(root)
	root.Flags().BoolVar(&a.flags.version, "version", false, "")
	root.SetFlagErrorFunc(a.flagError)
	root.SetHelpFunc(a.help)
	root.SetHelpCommand(a.helpCommand())
	root.AddCommand(
		a.versionCommand(), a.factsCommand(), a.policyCommand(), a.diagnoseCommand(), a.statusCommand(),
		a.checkCommand(), a.planCommand(), a.explainCommand(), a.applyCommand(),
		a.changeCommand(plan.Install), a.changeCommand(plan.Update), a.changeCommand(plan.Uninstall),
		a.changeCommand(plan.Rollback), a.changeCommand(plan.Repair),
		a.verifyCommand(), a.historyCommand(), a.recoverCommand(),
		a.readersCommand(), a.migrateCommand(), a.wmicCommand(), a.startCommand(),
	)
	root.AddCommand(a.moreCommands()...)
	return root
}

// runRoot is releve without a command: the terminal interface.
func (a *app) runRoot(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 0:
		return unknownCommand(cmd, args[0])
	case a.flags.version:
		return a.printVersion()
	case !a.interactive():
		return &cliError{code: CodeNeedCommand}
	}
	return a.runInteractive(cmd.Context(), plan.Request{Action: plan.Install})
}

// persistentFlags adds the options of every command. What they mean stands in
// the catalogue of texts, see help.
func (a *app) persistentFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringArrayVar(&a.flags.repos, "repo", nil, "")
	f.StringArrayVar(&a.flags.packages, "packages", nil, "")
	f.StringVar(&a.flags.caFile, "ca-file", "", "")
	f.StringVar(&a.flags.trustRoot, "trust-root", "", "")
	f.StringVar(&a.flags.state, "state", "", "")
	f.StringVar(&a.flags.target, "target", "", "")
	f.StringVar(&a.flags.facts, "facts", "", "")
	f.StringVar(&a.flags.policy, "policy", "", "")
	f.StringVar(&a.flags.channel, "channel", "stable", "")
	f.StringVar(&a.flags.lang, "lang", a.flags.lang, "")
	f.StringArrayVar(&a.flags.pins, "pin", nil, "")
	f.BoolVar(&a.flags.json, "json", false, "")
	f.BoolVar(&a.flags.plain, "plain", false, "")
	f.BoolVar(&a.flags.silent, "silent", false, "")
	f.BoolVar(&a.flags.allowUnknown, "allow-unknown", false, "")
	f.BoolVar(&a.flags.noRollback, "no-rollback", false, "")
	f.BoolVar(&a.flags.ascii, "ascii", false, "")
	f.BoolVar(&a.flags.forbiddenIsMissing, "forbidden-is-missing", false, "")
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

// place is a folder of the system, by its name on Windows.
func (a *app) place(name string) string {
	if a.folder == nil {
		return ""
	}
	return a.folder(name)
}
