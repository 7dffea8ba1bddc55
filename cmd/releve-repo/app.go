package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/publish/hsm"
	"github.com/releve-sante/releve/tui/text"
)

// app is what a run of the program has at hand.
type app struct {
	in          io.Reader
	out, errOut io.Writer
	env         func(string) string
	environ     []string // for programs that are started
	now         func() time.Time

	keysDir string // --keys
}

// run executes one command line and gives the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		fmt.Fprintln(a.errOut, "releve-repo: interrupted; what was published is as before")
		return exitFailed
	}
	var said statusError
	if !errors.As(err, &said) {
		a.report(err)
	}
	return statusOf(err)
}

// report prints an error for a person: what, then what to do.
func (a *app) report(err error) {
	p, bad := text.New(a.language())
	if bad != nil {
		fmt.Fprintf(a.errOut, "releve-repo: %v\n", err)
		return
	}
	sentence, hint := p.Error(err)
	fmt.Fprintf(a.errOut, "releve-repo: %s\n", text.Line(sentence))
	if hint != "" {
		fmt.Fprintf(a.errOut, "releve-repo: %s\n", text.Line(hint))
	}
}

// language is French where the environment asks for it, and English
// elsewhere: publishers work on servers too.
func (a *app) language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := a.env(name); value != "" {
			if strings.HasPrefix(value, "fr") {
				return text.French
			}
			break
		}
	}
	return text.English
}

// command is the program with its subcommands, one file each.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "releve-repo",
		Short: "Build, sign and check a repository of releve",
		Long: `Build, sign and check the repository that releve installs from.

A repository is a directory that any static server can carry:

  releve-repo init REPO --keys KEYS
  releve-repo delegate REPO ans --paths 'components/cryptolib-cps/**'
  releve-repo add REPO --component cryptolib-cps --version 5.1.8 --platform macos FILE
  releve-repo channel REPO stable cryptolib-cps 5.1.8 5.1.5
  releve-repo publish REPO
  releve-repo verify REPO

Copies of it need no key:

  releve-repo bundle create FILE --repo REPO --platform windows
  releve-repo mirror URL DIR --trust-root ROOT

Commands that sign take the directory of the keys from --keys or
RELEVE_REPO_KEYS, and the password from a prompt or RELEVE_REPO_PASSWORD, the
PIN of a token from a prompt or RELEVE_REPO_PIN. A REPO in brackets may be left
out: it is that of RELEVE_REPO then, else the current directory.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.Help(); err != nil {
				return err
			}
			return statusError(exitUsage)
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.initCommand(), a.here(a.verifyCommand()), a.here(a.publishCommand()), a.here(a.expiryCommand()),
		a.keyCommand(), a.rootCommand(), a.roleCommand(), a.rotateCommand(), a.delegateCommand(),
		a.addCommand(), a.here(a.deltaCommand()), a.describeCommand(), a.here(a.withdrawCommand()), a.here(a.floorCommand()),
		a.channelCommand(), a.here(a.ringCommand()), a.advisoriesCommand(),
		a.serveCommand(), a.bundleCommand(), a.mirrorCommand(), a.provenanceCommand(), a.sigstoreRootCommand(),
		a.versionCommand(),
	)
	root.SetHelpCommand(helpCommand())
	return root
}

// versionCommand says the same as --version, as releve does.
func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of releve-repo", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { a.say("releve-repo version %s", version) },
	}
}

// helpCommand prints the help of a command, or the list of commands.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND...]", Short: "Explain a command", Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), args[0])
			}
			return topic.Help()
		},
	}
}

// sub makes a subcommand that takes between least and most arguments; most 0
// means any number.
func sub(use, short, long string, least, most int, do func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: short + ".\n\n" + strings.TrimSpace(long),
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) < least:
				return &usageError{reason: CodeTooFewArguments, args: map[string]string{
					"Least": strconv.Itoa(least), "Given": strconv.Itoa(len(args)), "Command": cmd.UseLine(),
				}}
			case most > 0 && len(args) > most:
				return &usageError{reason: CodeTooManyArguments, args: map[string]string{"Value": args[most], "Command": cmd.UseLine()}}
			}
			return nil
		},
		RunE: do,
	}
}

// here lets cmd do without its first argument, the repository, which is then
// the one of RELEVE_REPO or the current directory.
func (a *app) here(cmd *cobra.Command) *cobra.Command {
	check, do := cmd.Args, cmd.RunE
	complete := func(args []string) []string {
		var few *usageError
		if err := check(cmd, args); !errors.As(err, &few) || few.reason != CodeTooFewArguments {
			return args
		}
		repo, err := a.repository()
		if err != nil {
			return args
		}
		return append([]string{repo}, args...)
	}
	cmd.Args = func(_ *cobra.Command, args []string) error { return check(cmd, complete(args)) }
	cmd.RunE = func(_ *cobra.Command, args []string) error { return do(cmd, complete(args)) }
	return cmd
}

// signs gives cmd the flags of a command that signs.
func (a *app) signs(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.keysDir, "keys", "", "directory of the keys (RELEVE_REPO_KEYS)")
	return cmd
}

// days gives cmd a flag for the life of a signature.
func days(cmd *cobra.Command, name, of string, usual int) {
	cmd.Flags().Int(name, usual, "days the signature of "+of+" is good for")
}

// lives reads the flags that days made. A life of no days is passed on as a
// negative one, since zero means the default there.
func lives(cmd *cobra.Command) publish.Lives {
	var l publish.Lives
	for name, life := range map[string]*time.Duration{
		"root-days": &l.Root, "targets-days": &l.Targets, "days": &l.Publisher,
		"snapshot-days": &l.Snapshot, "timestamp-days": &l.Timestamp,
	} {
		if n, err := cmd.Flags().GetInt(name); err == nil && cmd.Flags().Changed(name) {
			// More days than a duration holds would turn into less than none.
			if *life = time.Duration(min(n, 100_000)) * 24 * time.Hour; n <= 0 {
				*life = -time.Second
			}
		}
	}
	return l
}

// config is what a repository is opened with.
func (a *app) config(cmd *cobra.Command, dir string) (publish.Config, error) {
	store, err := a.keys(cmd.Context(), dir)
	return publish.Config{Dir: dir, Keys: store, Now: a.now, Lives: lives(cmd)}, err
}

// keys opens the directory of the keys, which must not lie in the repository.
func (a *app) keys(ctx context.Context, repository string) (publish.KeyStore, error) {
	keys := a.keysDir
	if keys == "" {
		keys = a.env("RELEVE_REPO_KEYS")
	}
	if keys == "" {
		return nil, &usageError{reason: CodeNeedKeys}
	}
	if repository != "" && publish.Inside(keys, repository) {
		return nil, &publish.Error{Reason: publish.CodeKeysInside, Name: keys, Expected: "outside " + repository}
	}
	return a.openKeys(ctx, keys)
}

func (a *app) openKeys(ctx context.Context, dir string) (publish.KeyStore, error) {
	p := &prompt{a: a}
	return publish.NewDirKeys(dir, p.password, func(name, uri string) (signature.Signer, error) {
		return hsm.Open(ctx, hsm.Config{PIN: p.pin, Environ: a.environ}, name, uri)
	})
}

// change opens a repository, lets do work on it, closes it, and says which
// roles wait for signatures since.
func (a *app) change(cmd *cobra.Command, dir string, do func(r *publish.Repo) error) error {
	c, err := a.config(cmd, dir)
	if err != nil {
		return err
	}
	r, err := publish.Open(c)
	if err != nil {
		return err
	}
	if err := errors.Join(do(r), r.Close()); err != nil {
		return err
	}
	return a.sayWaiting(c)
}

// say prints a line of the answer.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.out, format+"\n", args...)
}
