package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) verifyCommand() *cobra.Command {
	var trustedRoot string
	cmd := sub("verify [REPO]", "Check everything a workstation would, and every package whole", `
What sigstore bundles say about who built a package is verified without network
and told apart: a bad one ends with status 1, although workstations would trust
the repository. Needs no key.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			r, err := publish.Open(publish.Config{Dir: args[0], Keys: publish.NewMemoryKeys(), Now: a.now})
			if err != nil {
				return err
			}
			report, err := r.Verify(cmd.Context())
			if err := errors.Join(err, r.Close()); err != nil {
				return err
			}
			bad := a.provenances(report, trustedRoot)
			a.printReport(args[0], report)
			return bad
		})
	sigstoreRoot(cmd, &trustedRoot)
	return cmd
}

func (a *app) printReport(dir string, r publish.Report) {
	for _, role := range r.Status.Roles {
		a.say("%-12s version %-4d good until %s", role.Name, role.Version, role.Expires.UTC().Format(time.DateOnly))
	}
	channels := "none"
	if len(r.Channels) > 0 {
		channels = strings.Join(r.Channels, ", ")
	}
	a.say("channels: %s", channels)
	for _, rollout := range r.Rollouts {
		a.say("rolled out on %s", rollout)
	}
	a.say("components: %d, releases: %d, packages: %d, bytes: %d", r.Components, r.Releases, r.Artifacts, r.Bytes)
	if r.Deltas > 0 {
		a.say("deltas: %d, each tried", r.Deltas)
	}
	if len(r.Pending) > 0 {
		a.say("not yet published: changes signed by %s", strings.Join(r.Pending, ", "))
	}
	a.say("%s is good", dir)
}
