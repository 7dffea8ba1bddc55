package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

const (
	// decisionName is where the last decision of check is kept.
	decisionName = "check.json"
	// maxDecision is the largest decision that is read back, in bytes.
	maxDecision = maxPlan
	// topRoles is how many roles stand first in the status of the metadata;
	// the roles of publishers follow.
	topRoles = 4
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "check",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			req, err := a.request(plan.Update, nil)
			if err != nil {
				return err
			}
			s, err := a.open()
			if err != nil {
				return err
			}
			defer s.close()
			p, err := s.check(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.answerPlan(p, "")
		},
	}
}

// check asks for news and plans. Where nothing that the last decision depended
// on has changed, that decision is the answer, and no document is parsed: a
// check that finds nothing new costs the same however many releases there are.
func (s *session) check(ctx context.Context, req plan.Request) (plan.Plan, error) {
	if err := s.refresh(ctx); err != nil {
		return plan.Plan{}, err
	}
	w := &work{s: s, req: req}
	p, err := w.decided(ctx)
	if err == nil {
		return p, nil
	}
	s.a.log.Info("planning anew", "why", err.Error())
	if err := w.prepare(ctx, event.Discard); err != nil {
		return plan.Plan{}, err
	}
	if err := w.remember(); err != nil {
		s.a.log.Warn("the decision is not kept", "error", err.Error())
	}
	return w.plan, nil
}

// decision is what check found the last time.
type decision struct {
	Depends    string    `json:"depends"`    // digest of its grounds
	Components []string  `json:"components"` // that the manifest knows
	Until      time.Time `json:"until"`      // a publisher's metadata expires then; zero: none was read
	Plan       string    `json:"plan"`       // the document, byte by byte
}

// grounds is everything a decision depends on. Whatever plan.Input holds has a
// place here; a test goes through its fields.
type grounds struct {
	Program    string                      `json:"program"`  // that decided
	Revision   string                      `json:"revision"` // of the signed metadata, and so of every document
	Channel    string                      `json:"channel"`
	Request    plan.Request                `json:"request"`
	Platform   manifest.Platform           `json:"platform"`
	Installed  map[string]plan.Installed   `json:"installed"`
	Backends   []string                    `json:"backends"`
	Floors     map[string][]manifest.Floor `json:"floors"`
	FloorsLost bool                        `json:"floors_lost"`
	Facts      map[string]any              `json:"facts"` // that the plan asked for
	Fits       bool                        `json:"fits"`  // on the disk
	Plan       string                      `json:"plan"`  // digest of the plan as it is kept
}

// digest names the grounds of p, kept as data, for what is known of the
// machine now.
func (w *work) digest(p plan.Plan, data []byte) (string, error) {
	program, err := program()
	if err != nil {
		return "", err
	}
	in := w.input()
	kept := sha256.Sum256(data)
	g := grounds{
		Program: program, Revision: w.s.client.Revision(), Channel: w.s.a.flags.channel,
		Request: in.Request, Platform: in.Platform, Installed: in.Installed, Backends: in.Backends,
		Floors: in.Floors, FloorsLost: in.FloorsLost,
		Facts: map[string]any{}, Fits: true, Plan: hex.EncodeToString(kept[:]),
	}
	for path := range p.Machine {
		g.Facts[path], _ = in.Facts(path)
	}
	if free, known := in.Facts("disk.free_bytes"); known && p.Disk > 0 {
		n, whole := free.(int64)
		g.Fits = whole && p.Disk <= n
	}
	text, err := manifest.Encode(g)
	if err != nil {
		return "", fmt.Errorf("naming the grounds of a decision: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// program names the program that decides: another one may decide otherwise
// over the same documents.
func program() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("naming the program: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("naming the program: %w", err)
	}
	return fmt.Sprintf("%s %d %d", version, info.Size(), info.ModTime().UnixNano()), nil
}

// decided gives the decision of the last check if it is still the right one.
// The error says why it is not.
func (w *work) decided(ctx context.Context) (plan.Plan, error) {
	data, err := durable.ReadFile(w.s.state, decisionName, maxDecision)
	if err != nil {
		return plan.Plan{}, err
	}
	var d decision
	if err := json.Unmarshal(data, &d); err != nil {
		return plan.Plan{}, fmt.Errorf("reading %q: %w", decisionName, err)
	}
	if now := w.s.client.Status().Now; !d.Until.IsZero() && now.After(d.Until) {
		return plan.Plan{}, errors.New("the metadata of a publisher has expired since")
	}
	p, err := plan.Decode([]byte(d.Plan))
	if err != nil {
		return plan.Plan{}, fmt.Errorf("reading %q: %w", decisionName, err)
	}
	w.facts, w.installed, err = w.s.machine(ctx, w.s.withReceipts(d.Components))
	if err != nil {
		return plan.Plan{}, err
	}
	depends, err := w.digest(p, []byte(d.Plan))
	if err != nil {
		return plan.Plan{}, err
	}
	if depends != d.Depends {
		return plan.Plan{}, errors.New("something that the last decision depended on has changed")
	}
	return p, nil
}

// remember keeps the plan for the next check.
func (w *work) remember() error {
	data, err := plan.Encode(w.plan)
	if err != nil {
		return err
	}
	d := decision{Components: w.manifest.Components(), Plan: string(data)}
	if d.Depends, err = w.digest(w.plan, data); err != nil {
		return err
	}
	for _, role := range publisherRoles(w.s.client.Status().Roles) {
		if d.Until.IsZero() || role.Expires.Before(d.Until) {
			d.Until = role.Expires
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding a decision: %w", err)
	}
	before, err := durable.ReadFile(w.s.state, decisionName, maxDecision)
	if err == nil && slices.Equal(before, text) {
		return nil
	}
	return durable.WriteFile(w.s.state, decisionName, text, 0o600)
}

// publisherRoles leaves the top-level roles away.
func publisherRoles(roles []trust.RoleStatus) []trust.RoleStatus {
	return roles[min(topRoles, len(roles)):]
}
