package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) deltaCommand() *cobra.Command {
	var platform string
	cmd := a.signs(sub("delta [REPO] COMPONENT FROM TO [flags]", "Let workstations with version FROM download only what is new in TO", `
Makes a delta from the packages of both releases, tries it, and adds it to the
release TO when it has less than 60 % of its package. A workstation that has
FROM then downloads the delta, and the package itself should that fail. A
release keeps the deltas from its three newest bases. The packages have to be
.tar.gz or .tar.zst. The role that covers the component signs; the delta
becomes visible with the next "publish".

When TO has a delta from FROM afterwards, its path is on standard output. When
none is worth having, standard output is empty, standard error says why, and
the status is 0 all the same.`,
		4, 4, func(cmd *cobra.Command, args []string) error {
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				report, err := r.Delta(cmd.Context(), args[1], args[2], args[3], manifest.Platform(platform))
				if err != nil {
					return err
				}
				a.printDelta(args[2], args[3], report)
				return nil
			})
		}))
	cmd.Flags().StringVar(&platform, "platform", "", "windows, macos, linux or any, where TO exists for several")
	days(cmd, "days", "the publisher", 91)
	days(cmd, "targets-days", "targets, where it signs itself", 182)
	return cmd
}

// printDelta says what came of it. What is no answer goes to standard error.
func (a *app) printDelta(from, to string, r publish.DeltaReport) {
	tell := func(format string, args ...any) { fmt.Fprintf(a.errOut, "releve-repo: "+format+"\n", args...) }
	percent := (r.Delta.Length*100 + r.Full - 1) / max(r.Full, 1)
	files := fmt.Sprintf("%d files unchanged, %d changed, %d new", r.Files.Kept, r.Files.Patched, r.Files.New)
	switch r.Outcome {
	case publish.DeltaTooLarge:
		tell("no delta from %s: it would have %d bytes, %d %% of the package, and less than 60 %% are worth it (%s)",
			from, r.Delta.Length, percent, files)
		return
	case publish.DeltaTooOld:
		tell("no delta from %s: %s has %d from newer versions already", from, to, manifest.MaxDeltas)
		return
	case publish.DeltaThere:
		tell("%s has a delta from %s already", to, from)
	case publish.DeltaMade:
		tell("made a delta of %d bytes, %d %% of the package (%s)", r.Delta.Length, percent, files)
	}
	if len(r.Dropped) > 0 {
		tell("dropped the delta from %s: a release keeps %d", strings.Join(r.Dropped, ", "), manifest.MaxDeltas)
	}
	a.say("%s", r.Delta.Path)
}
