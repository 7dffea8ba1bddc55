package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) initCommand() *cobra.Command {
	cmd := a.signs(sub("init REPO --keys KEYS", "Make an empty repository and its keys", `
The keys root-1, root-2 and root-3 (two of them must sign), targets, catalogue,
snapshot and timestamp are made, encrypted, unless they are there already. Put
the root keys away afterwards, each in another place: they are needed again
only to replace keys. Hand REPO/metadata/1.root.json to the workstations on a
safe way: it is what they trust.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			c, err := a.config(cmd, args[0])
			if err != nil {
				return err
			}
			r, err := publish.Init(c)
			if err != nil {
				return err
			}
			a.say("made the repository %s", args[0])
			a.say("workstations trust it by %s", filepath.Join(args[0], "metadata", "1.root.json"))
			return r.Close()
		}))
	days(cmd, "root-days", "root", 365)
	days(cmd, "targets-days", "targets", 182)
	days(cmd, "days", "catalogue", 91)
	days(cmd, "snapshot-days", "snapshot", 7)
	days(cmd, "timestamp-days", "timestamp", 1)
	return cmd
}
