package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) delegateCommand() *cobra.Command {
	var paths, keys []string
	var threshold int
	cmd := a.signs(sub("delegate REPO NAME --paths PATH...", "Give a publisher the paths it alone signs for", `
A path is a plain one, or a directory followed by /**, which covers five
levels. The key NAME.key is made unless it is there; the key of targets signs.
With --key the publisher brings the public keys it made itself, whose private
parts nobody else ever sees; its first, empty metadata then waits for their
signatures, which "releve-repo role" collects.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			if len(paths) == 0 {
				return badUsage(cmd, "--paths is needed")
			}
			public, err := readPublicKeys(keys)
			if err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := r.DelegateKeys(args[1], paths, public, threshold); err != nil {
					return err
				}
				a.say("%s signs for %s from the next publication on", args[1], strings.Join(paths, ", "))
				return nil
			})
		}))
	cmd.Flags().StringArrayVar(&paths, "paths", nil, "path, for example 'components/cryptolib-cps/**' (repeatable)")
	cmd.Flags().StringArrayVar(&keys, "key", nil, "public key of the publisher, NAME.pub (repeatable)")
	cmd.Flags().IntVar(&threshold, "threshold", 0, "how many of its keys must sign; more than half if not given")
	days(cmd, "targets-days", "targets", 182)
	days(cmd, "days", "the publisher", 91)
	return cmd
}
