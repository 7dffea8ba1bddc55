package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// because holds the flags of a reason.
type because struct{ en, fr string }

func (b *because) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.en, "because", "", "why, in a sentence")
	cmd.Flags().StringVar(&b.fr, "because-fr", "", "the same in French; --because serves for both without it")
}

// text is the reason in both languages.
func (b because) text(cmd *cobra.Command) (manifest.Text, error) {
	if b.en == "" {
		return manifest.Text{}, badUsage(cmd, "--because is needed")
	}
	if b.fr == "" {
		b.fr = b.en
	}
	return manifest.Text{EN: b.en, FR: b.fr}, nil
}

// platform reads the flag of a platform.
func platform(cmd *cobra.Command, name string) (manifest.Platform, error) {
	switch p := manifest.Platform(name); p {
	case manifest.Windows, manifest.MacOS, manifest.Linux, manifest.Any:
		return p, nil
	}
	return "", badUsage(cmd, "--platform is windows, macos, linux or any, not "+name)
}

func (a *app) withdrawCommand() *cobra.Command {
	var (
		why         because
		on, instead string
	)
	cmd := a.signs(sub("withdraw [REPO] COMPONENT VERSION --because TEXT [flags]", "Take a release back", `
From the next "publish" on, clients refuse the release and tell whoever has it,
with the reason and the version that takes its place; where the policy of the
machine says so, "releve update" goes back by itself. The role that covers the
component signs. "channel" only stops offering a release, without a reason.`,
		3, 3, func(cmd *cobra.Command, args []string) error {
			reason, err := why.text(cmd)
			if err != nil {
				return err
			}
			var only manifest.Platform
			if on != "" {
				if only, err = platform(cmd, on); err != nil {
					return err
				}
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				done, err := r.Withdraw(args[1], args[2], only, manifest.Withdrawal{Because: reason, ReplaceWith: instead})
				if err != nil {
					return err
				}
				for _, p := range done {
					a.say("withdrew %s %s (%s)", args[1], args[2], p)
				}
				return nil
			})
		}))
	why.flags(cmd)
	cmd.Flags().StringVar(&on, "platform", "", "on this platform only")
	cmd.Flags().StringVar(&instead, "replace-with", "", "version that takes its place")
	days(cmd, "days", "the publisher", 91)
	return cmd
}

func (a *app) floorCommand() *cobra.Command {
	var (
		why        because
		on, lowest string
		alsoSafe   []string
	)
	cmd := a.signs(sub("floor [REPO] COMPONENT --platform P --version V --because TEXT [flags]", "Say how far back machines may go", `
No machine of the platform is given a version older than V any more, neither by
install nor by rollback, except those listed as safe. A machine that has seen a
floor keeps it, whatever a mirror shows it later; so a floor can only be raised.
The role that covers the component signs.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			reason, err := why.text(cmd)
			if err != nil {
				return err
			}
			p, err := platform(cmd, on)
			if err != nil {
				return err
			}
			if lowest == "" {
				return badUsage(cmd, "--version is needed")
			}
			if _, err := manifest.ParseVersion(lowest); err != nil {
				return &usageError{reason: CodeBadVersion, args: map[string]string{"Value": lowest}, cause: err}
			}
			f := manifest.Floor{Platform: p, Version: lowest, Because: reason, Safe: alsoSafe}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := r.SetFloor(args[1], f); err != nil {
					return err
				}
				also := ""
				if len(alsoSafe) > 0 {
					also = ", or " + strings.Join(alsoSafe, ", ")
				}
				a.say("%s (%s): %s or newer%s", args[1], p, lowest, also)
				return nil
			})
		}))
	why.flags(cmd)
	cmd.Flags().StringVar(&on, "platform", "", "windows, macos, linux or any")
	cmd.Flags().StringVar(&lowest, "version", "", "oldest version that may be given")
	cmd.Flags().StringSliceVar(&alsoSafe, "safe", nil, "older versions that may be given all the same, separated by commas (repeatable)")
	days(cmd, "days", "the publisher", 91)
	return cmd
}
