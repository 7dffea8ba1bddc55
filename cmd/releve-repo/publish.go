package main

import (
	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) publishCommand() *cobra.Command {
	var renew []string
	cmd := a.signs(sub("publish [REPO [ROLE...]]", "Check everything and make the changes visible", `
Signs a new snapshot and a new timestamp. Run it again before the timestamp
expires, also when nothing changed: workstations refuse to install from
metadata that is past its date. --renew signs a role again whose own date
comes near, such as targets or a publisher. With names of roles only what
those have signed becomes visible, and other changes go on waiting for their
signatures: "releve-repo publish REPO timestamp" is the daily run.`,
		1, 0, func(cmd *cobra.Command, args []string) error {
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := published(cmd, r, args[1:], renew); err != nil {
					return err
				}
				a.say("published %s", args[0])
				return nil
			})
		}))
	cmd.Flags().StringArrayVar(&renew, "renew", nil, "role to sign again with a new date (repeatable)")
	days(cmd, "snapshot-days", "snapshot", 7)
	days(cmd, "timestamp-days", "timestamp", 1)
	days(cmd, "targets-days", "targets, if renewed", 182)
	days(cmd, "days", "publishers and catalogue, if renewed", 91)
	return cmd
}

func published(cmd *cobra.Command, r *publish.Repo, roles, renew []string) error {
	switch {
	case len(roles) > 0 && len(renew) > 0:
		return badUsage(cmd, "names of roles and --renew exclude each other")
	case len(roles) > 0:
		return r.PublishOnly(cmd.Context(), roles...)
	}
	return r.Publish(cmd.Context(), renew...)
}
