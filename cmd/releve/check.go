package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/backend"
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
			d, err := s.check(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.answerCheck(d)
		},
	}
}

// check asks for news and plans. Where nothing that the last decision depended
// on has changed, that decision is the answer, and no document is parsed: a
// check that finds nothing new costs the same however many releases there are.
func (s *session) check(ctx context.Context, req plan.Request) (decision, error) {
	// Unless it comes to planning, one thing happens after the other. A second processor
	// would only be woken to hand work back: that costs a tenth of a check.
	processors := runtime.GOMAXPROCS(1)
	if err := s.refresh(ctx); err != nil {
		return decision{}, err
	}
	w := &work{s: s, req: req}
	d, err := w.decided(ctx)
	if err == nil {
		return d, nil
	}
	runtime.GOMAXPROCS(processors)
	s.a.log.Info("planning anew", "why", err.Error())
	if err := w.prepare(ctx, event.Discard); err != nil {
		return decision{}, err
	}
	if d, err = w.decision(); err != nil {
		return decision{}, err
	}
	if err := s.keepDecision(d); err != nil {
		s.a.log.Warn("the decision is not kept", "error", err.Error())
	}
	return d, nil
}

// answerCheck prints a decision and chooses the status. A silent check, which
// is what runs every few hours, has no use for the plan itself.
func (a *app) answerCheck(d decision) error {
	switch {
	case a.flags.json:
		if _, err := io.WriteString(a.out, d.Plan); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
	case !a.flags.silent:
		p, err := plan.Decode([]byte(d.Plan))
		if err != nil {
			return err
		}
		if err := a.showPlan(p); err != nil {
			return err
		}
	}
	if d.Changes {
		return statusError(exitChanges)
	}
	return nil
}

// decision is what check found the last time.
type decision struct {
	Depends  string            `json:"depends"`  // digest of its grounds
	Subjects []backend.Subject `json:"subjects"` // that the manifest knows
	Asked    []string          `json:"asked"`    // facts that the plan asked for
	Disk     int64             `json:"disk"`     // bytes the plan needs
	Changes  bool              `json:"changes"`  // the plan has steps
	Until    time.Time         `json:"until"`    // a publisher's metadata expires then; zero: none was read
	Plan     string            `json:"plan"`     // the document, byte by byte
}

// grounds is everything a decision depends on. Whatever plan.Input holds has a
// place here; a test goes through its fields.
type grounds struct {
	Program    string            `json:"program"`  // that decided
	Revision   string            `json:"revision"` // of the signed metadata, and so of every document
	Channel    string            `json:"channel"`
	Request    plan.Request      `json:"request"`
	Platform   manifest.Platform `json:"platform"`
	Installed  any               `json:"installed"` // nil when empty, so that its large type is not looked at
	Backends   []string          `json:"backends"`
	Tried      any               `json:"tried"`  // likewise
	Floors     any               `json:"floors"` // likewise
	FloorsLost bool              `json:"floors_lost"`
	Facts      map[string]any    `json:"facts"` // that the plan asked for
	Fits       bool              `json:"fits"`  // on the disk
	Decision   decision          `json:"decision"`
}

// grounds gives the digest of everything d depends on, for what is known of
// the machine now.
func (w *work) grounds(d decision) (string, error) {
	program, err := thisProgram()
	if err != nil {
		return "", err
	}
	in := w.input()
	d.Depends = ""
	g := grounds{
		Program: program, Revision: w.s.client.Revision(), Channel: w.s.a.flags.channel,
		Request: in.Request, Platform: in.Platform, Backends: in.Backends, FloorsLost: in.FloorsLost,
		Facts: map[string]any{}, Fits: true, Decision: d,
	}
	present := maps.Clone(in.Installed)
	maps.DeleteFunc(present, func(_ string, i plan.Installed) bool { return i.IsZero() })
	if len(present) > 0 {
		g.Installed = present
	}
	if len(in.Tried) > 0 {
		g.Tried = in.Tried
	}
	if len(in.Floors) > 0 {
		g.Floors = in.Floors
	}
	for _, path := range d.Asked {
		g.Facts[path], _ = in.Facts(path)
	}
	if free, known := in.Facts("disk.free_bytes"); known && d.Disk > 0 {
		n, whole := free.(int64)
		g.Fits = whole && d.Disk <= n
	}
	text, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("naming the grounds of a decision: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// thisProgram names the program that decides: another one may decide otherwise
// over the same documents.
func thisProgram() (string, error) {
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
func (w *work) decided(ctx context.Context) (decision, error) {
	data, err := durable.ReadFile(w.s.state, decisionName, maxDecision)
	if err != nil {
		return decision{}, err
	}
	var d decision
	if err := json.Unmarshal(data, &d); err != nil {
		return decision{}, fmt.Errorf("reading %q: %w", decisionName, err)
	}
	if now := w.s.client.Status().Now; !d.Until.IsZero() && now.After(d.Until) {
		return decision{}, errors.New("the metadata of a publisher has expired since")
	}
	w.facts, w.installed, err = w.s.machine(ctx, w.s.withReceipts(d.Subjects))
	if err != nil {
		return decision{}, err
	}
	depends, err := w.grounds(d)
	if err != nil {
		return decision{}, err
	}
	if depends != d.Depends {
		return decision{}, errors.New("something that the last decision depended on has changed")
	}
	return d, nil
}

// decision describes the plan of w, and what it depends on.
func (w *work) decision() (decision, error) {
	data, err := plan.Encode(w.plan)
	if err != nil {
		return decision{}, err
	}
	d := decision{
		Subjects: subjects(w.manifest), Asked: sortedKeys(w.plan.Machine), Disk: w.plan.Disk,
		Changes: !w.plan.Empty(), Plan: string(data),
	}
	for _, role := range publisherRoles(w.s.client.Status().Roles) {
		if d.Until.IsZero() || role.Expires.Before(d.Until) {
			d.Until = role.Expires
		}
	}
	d.Depends, err = w.grounds(d)
	return d, err
}

// keepDecision keeps a decision for the next check.
func (s *session) keepDecision(d decision) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding a decision: %w", err)
	}
	return durable.WriteFile(s.state, decisionName, text, 0o600)
}

// publisherRoles leaves the top-level roles away.
func publisherRoles(roles []trust.RoleStatus) []trust.RoleStatus {
	return roles[min(topRoles, len(roles)):]
}
