package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/trust"
)

// expiryPatience bounds a whole reading of a repository's metadata.
const expiryPatience = 2 * time.Minute

func (a *app) expiryCommand() *cobra.Command {
	var limit int
	from := &source{a: a}
	cmd := from.connects(sub("expiry [REPO|URL] [flags]", "Say when which signature expires, the next first", `
Made for a scheduled job: the status is 1 when a signature is due. Root,
targets, catalogue and publishers are due when less than --days are left, the
snapshot when less than two days are, the timestamp when less than six hours
are. Needs no key.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			if limit < 0 || limit > 3650 {
				return badUsage(cmd, "--days is between 0 and 3650")
			}
			remote, err := from.remote(cmd, args[0])
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), expiryPatience)
			defer cancel()
			all, err := publish.Expiries(ctx, remote, a.now(), limit)
			if errors.Is(err, publish.ErrNoRoot) {
				return &publish.Error{Reason: publish.CodeNoRepository, Name: trust.Address(args[0]), Cause: err}
			}
			if err != nil {
				return err
			}
			return a.sayExpiries(all, from.json)
		}))
	cmd.Flags().IntVar(&limit, "days", publish.DueDays, "days that must be left for what is signed offline")
	cmd.Flags().BoolVar(&from.json, "json", false, "print one JSON object")
	return cmd
}

// expiryLine is how a role stands in the JSON answer.
type expiryLine struct {
	Role      string    `json:"role"`
	Version   int64     `json:"version"`
	Expires   time.Time `json:"expires"`
	HoursLeft int64     `json:"hours_left"`
	Due       bool      `json:"due"`
}

func (a *app) sayExpiries(all []publish.Expiry, asJSON bool) error {
	due := false
	lines := make([]expiryLine, 0, len(all))
	for _, e := range all {
		due = due || e.Due
		lines = append(lines, expiryLine{e.Role, e.Version, e.Expires.UTC(), int64(e.Left.Hours()), e.Due})
	}
	if asJSON {
		if err := json.NewEncoder(a.out).Encode(map[string]any{"type": "expiry", "due": due, "roles": lines}); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
	} else {
		for i, e := range all {
			a.say("%-12s version %-4d good until %s, %s%s", e.Role, e.Version,
				lines[i].Expires.Format("2006-01-02 15:04 MST"), left(e.Left), map[bool]string{true: "  DUE"}[e.Due])
		}
	}
	if due {
		return statusError(exitFailed)
	}
	return nil
}

// left says how much time there is, in the unit that tells most.
func left(d time.Duration) string {
	switch {
	case d < 0:
		return fmt.Sprintf("expired %d h ago", int(-d.Hours()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%d h left", int(d.Hours()))
	}
	return fmt.Sprintf("%d days left", int(d.Hours()/24))
}
