package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// annotationAbout names the text that says more about a command than its line
// in the list.
const annotationAbout = "about"

// helpCommand prints the help of a command, or the list of commands.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd, args[0])
			}
			a.help(topic, nil)
			return nil
		},
	}
}

// help writes what a command does and takes, in the language of the person,
// from the texts whose ids begin with help-.
func (a *app) help(cmd *cobra.Command, _ []string) {
	if err := a.language(); err != nil {
		a.log.Warn("the help is in English", "error", err.Error())
	}
	cmd.InitDefaultHelpFlag()
	var b strings.Builder
	b.WriteString(a.text.Message("help-command-"+cmd.Name(), nil) + "\n")
	if about := cmd.Annotations[annotationAbout]; about != "" {
		b.WriteString("\n" + a.text.Message(about, nil) + "\n")
	}
	b.WriteString("\n" + a.text.Message("help-usage", map[string]string{"Command": useLine(cmd)}) + "\n")
	if !cmd.HasParent() {
		b.WriteString("\n" + a.text.Message("help-commands", nil) + "\n")
		width := 0
		for _, sub := range cmd.Commands() {
			width = max(width, len(sub.Name()))
		}
		for _, sub := range cmd.Commands() {
			pad := strings.Repeat(" ", width-len(sub.Name())+2)
			b.WriteString("  " + sub.Name() + pad + a.text.Message("help-command-"+sub.Name(), nil) + "\n")
		}
	}
	a.helpFlags(&b, "help-options", cmd.NonInheritedFlags())
	a.helpFlags(&b, "help-options-all", cmd.InheritedFlags())
	if !cmd.HasParent() {
		b.WriteString("\n" + a.text.Message("help-more", nil) + "\n")
	}
	_, _ = io.WriteString(a.out, b.String()) // a closed pipe is no reason to fail
}

// helpFlags writes a group of options under its heading, or nothing when there
// is none.
func (a *app) helpFlags(b *strings.Builder, heading string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	flags.VisitAll(func(f *pflag.Flag) {
		f.Usage = a.text.Message("help-option-"+f.Name, nil)
		switch f.Value.Type() { // the text tells the default, in the right language
		case "bool":
			f.DefValue = "false"
		case "stringArray":
			f.DefValue = "[]"
		default:
			f.DefValue = ""
		}
	})
	b.WriteString("\n" + a.text.Message(heading, nil) + "\n" + flags.FlagUsages())
}
