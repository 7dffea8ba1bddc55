package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/backend/capability"
	"github.com/releve-sante/releve/installer/backend/standin"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/osdetect/galss"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// The codes of the wmic command, beside those of its backends.
const (
	CodeWMICNotHere      = "wmic-not-here"      // only Windows has it
	CodeWMICStandinThere = "wmic-standin-there" // warning: the stand-in is installed as well
	CodeWMICNothing      = "wmic-nothing-to-undo"
)

// The backends of the remedies, as plans name them, and the stand-in.
const (
	capabilityBackend = "capability"
	standinBackend    = "standin"
	standinComponent  = "wmic-standin"
)

// wmicSystem is the Windows that WMIC is restored and replaced on.
type wmicSystem struct {
	feature capability.System
	path    standin.Environment
}

// wmicBackends restore and replace WMIC, by the names that plans give. There
// are none where there is no Windows.
func (s *session) wmicBackends() map[string]backend.Backend {
	if s.a.wmic == nil {
		return nil
	}
	sys, ok := s.a.wmic(s.a.flags.facts)
	if !ok {
		return nil
	}
	return map[string]backend.Backend{
		capabilityBackend: capability.New(sys.feature),
		standinBackend:    standin.New(bundle.New(s.target, bundle.Options{}), s.target, sys.path),
	}
}

// wmicOptions are the options of the wmic command.
type wmicOptions struct {
	source     string
	bypassWSUS bool
	dryRun     bool
}

// wmicCommand shows, restores, replaces and takes back WMIC.
func (a *app) wmicCommand() *cobra.Command {
	var o wmicOptions
	actions := map[string]func(context.Context, wmicOptions) error{
		"status": a.showWMIC, "restore": a.restoreWMIC, "replace": a.replaceWMIC, "undo": a.undoWMIC,
	}
	cmd := &cobra.Command{
		Use: "wmic status|restore|replace|undo", Annotations: changing(),
		Args: func(cmd *cobra.Command, args []string) error {
			if err := takes(1, 1)(cmd, args); err != nil {
				return err
			}
			if actions[args[0]] == nil {
				return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "wmic", "Value": args[0], "Choices": "status, restore, replace, undo"}}
			}
			if args[0] != "restore" && (o.source != "" || o.bypassWSUS) {
				return &cliError{code: CodeBadUsage, args: map[string]string{"What": "--source, --bypass-wsus: restore", "Command": useLine(cmd)}}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return actions[args[0]](cmd.Context(), o) },
	}
	cmd.Annotations[annotationAbout], cmd.Annotations[annotationLooks] = "help-about-wmic", "status"
	cmd.Flags().StringVar(&o.source, "source", "", "")
	cmd.Flags().BoolVar(&o.bypassWSUS, "bypass-wsus", false, "")
	cmd.Flags().BoolVar(&o.dryRun, flagDryRun, false, "")
	return cmd
}

// wmicRequest is the request of a change of the feature.
func wmicRequest(verb plan.Verb) plan.Request {
	return plan.Request{Action: verb, Components: []plan.Target{{Component: capability.WMIC}}}
}

// restoreWMIC has Windows install the feature again.
func (a *app) restoreWMIC(ctx context.Context, o wmicOptions) error {
	if o.source != "" {
		info, err := os.Stat(o.source)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("not a folder: %w", fs.ErrInvalid)
		}
		if err == nil {
			o.source, err = filepath.Abs(o.source)
		}
		if err != nil {
			return unusable(o.source, err)
		}
	}
	return a.changeWMIC(ctx, wmicRequest(plan.Install), o)
}

// changeWMIC plans a change of the feature and makes it, or shows it.
func (a *app) changeWMIC(ctx context.Context, req plan.Request, o wmicOptions) error {
	if o.dryRun {
		s, err := a.openFor(true)
		if err != nil {
			return err
		}
		defer s.close()
		w := &work{s: s, req: req}
		p, err := w.featurePlan(ctx, o)
		if err != nil {
			return err
		}
		return a.answerPlan(p, "")
	}
	return a.plainly(ctx, func(ctx context.Context, sink event.Sink) (*work, func(), error) {
		w, end, err := a.hold(ctx, req, sink)
		if err == nil {
			w.plan, err = w.featurePlan(ctx, o)
		}
		return w, end, err
	})
}

// asker is a backend that can ask Windows for the state of the feature.
type asker interface {
	Ask(ctx context.Context) (capability.State, error)
}

// featurePlan looks at the machine and plans the change: no step where there is
// nothing to do, a refusal where Windows has no such feature. An error says
// what else keeps it from being made.
func (w *work) featurePlan(ctx context.Context, o wmicOptions) (p plan.Plan, err error) {
	if err := w.see(ctx); err != nil {
		return p, err
	}
	machine := map[string]any{}
	for _, path := range []string{"os.family", "os.build", "elevated", "wmic.present"} {
		machine[path] = w.facts[path]
	}
	p = plan.Plan{Schema: plan.Schema, Request: w.req, Machine: machine, Installed: map[string]string{}, Steps: []plan.Step{}}
	windows, ok := w.s.backends[capabilityBackend].(asker)
	if !ok {
		return p, refuse(&p, galss.Reason{Code: CodeWMICNotHere, Stops: true})
	}
	now := w.installed[capability.WMIC].Version
	step := w.featureStep(now, o)
	if step.To == now {
		return p, nil
	}
	if elevated, known := w.facts["elevated"].(bool); known && !elevated && w.s.a.flags.target == "" {
		return p, &cliError{code: capability.CodeRights}
	}
	if _, err := windows.Ask(ctx); err != nil {
		var e *capability.Error
		if errors.As(err, &e) && e.Code() == capability.CodeNotKnown {
			return p, refuse(&p, galss.Reason{Code: e.Code(), Stops: true, Args: e.Args()})
		}
		return p, err
	}
	p = plan.Change(w.req.Action, step, machine)
	if step.To != "" && w.installed[standinComponent].Version != "" {
		reason, err := saidOf(galss.Reason{Code: CodeWMICStandinThere})
		if err != nil {
			return p, err
		}
		p.Warnings = append(p.Warnings, plan.Warning{Component: capability.WMIC, Version: step.To, Reason: reason})
	}
	return p, nil
}

// refuse puts a reason into a plan in the place of its steps.
func refuse(p *plan.Plan, r galss.Reason) error {
	reason, err := saidOf(r)
	p.Refusals = []plan.Refusal{{Component: capability.WMIC, Code: r.Code, Reasons: []plan.Reason{reason}}}
	return err
}

// see looks at the machine, with both remedies among the components.
func (w *work) see(ctx context.Context) (err error) {
	if w.manifest, err = w.s.describing(ctx); err != nil {
		return err
	}
	subjects := append(subjects(w.manifest), backend.Subject{Name: capability.WMIC})
	w.facts, w.installed, err = w.s.machine(ctx, w.s.withReceipts(subjects))
	return err
}

// featureStep is the step that brings the feature or takes it away.
func (w *work) featureStep(now string, o wmicOptions) plan.Step {
	release := &manifest.Release{Version: capability.Installed, Platform: manifest.Windows, Backend: capabilityBackend}
	s := plan.Step{Component: capability.WMIC, From: now, Backend: capabilityBackend, Why: plan.WhyRequested}
	if w.req.Action == plan.Uninstall {
		s.Action = backend.Uninstall
		return s
	}
	s.Action, s.To, s.Release = backend.Install, capability.Installed, release
	if o.source != "" || o.bypassWSUS {
		s.Params = map[string]string{}
	}
	if o.source != "" {
		s.Params[capability.Source] = o.source
	}
	if o.bypassWSUS {
		s.Params[capability.BypassWSUS] = capability.Yes
	}
	return s
}

// replaceWMIC installs the stand-in, which is a component like any other.
func (a *app) replaceWMIC(ctx context.Context, o wmicOptions) error {
	return a.changeStandin(ctx, plan.Install, o)
}

func (a *app) changeStandin(ctx context.Context, verb plan.Verb, o wmicOptions) error {
	req, err := a.request(verb, []string{standinComponent})
	if err != nil {
		return err
	}
	if !o.dryRun {
		return a.runPlain(ctx, req)
	}
	w, err := a.look(ctx, req)
	if err != nil {
		return err
	}
	defer w.s.close()
	return a.answerPlan(w.plan, "")
}

// undoWMIC takes the last remedy back that releve brought. A run that was cut
// short is ended first: until then the receipts do not tell what it brought.
func (a *app) undoWMIC(ctx context.Context, o wmicOptions) error {
	if !o.dryRun {
		w, end, err := a.hold(ctx, wmicRequest(plan.Uninstall), a.sink())
		if err != nil {
			err = w.conclude(installer.Result{}, err)
		}
		end()
		if err != nil {
			return err
		}
	}
	s, err := a.openFor(false) // only receipts tell what is to be taken back
	if err != nil {
		return err
	}
	receipts, damaged := receipt.Load(s.state)
	s.close()
	for _, err := range damaged { // perhaps what would tell that there is something
		p := problemOf(err)
		a.warn(p.Code, p.Args)
	}
	feature, restored := receipts[capability.WMIC]
	standin, replaced := receipts[standinComponent]
	restored = restored && feature.Backend == capabilityBackend && feature.Version != "" && feature.Absent
	replaced = replaced && standin.Version != ""
	switch {
	case replaced && (!restored || standin.Time.After(feature.Time)):
		return a.changeStandin(ctx, plan.Uninstall, o)
	case restored:
		return a.changeWMIC(ctx, wmicRequest(plan.Uninstall), o)
	}
	a.say(CodeWMICNothing, nil)
	return nil
}

// wmicAnswer is what "wmic status" prints with --json.
type wmicAnswer struct {
	Present    *bool             `json:"present,omitempty"` // the WMIC of Windows
	Path       string            `json:"path,omitempty"`    // what is found by the name; "none" for none
	Capability string            `json:"capability,omitempty"`
	Problem    string            `json:"problem,omitempty"` // code of why Capability is not known
	Standin    string            `json:"standin,omitempty"` // version of the stand-in that releve installed
	Remedies   []manifest.Remedy `json:"remedies,omitempty"`
}

// showWMIC says what there is of WMIC, and what can be done, in order.
func (a *app) showWMIC(ctx context.Context, _ wmicOptions) error {
	s, err := a.openFor(true)
	if err != nil {
		return err
	}
	defer s.close()
	w := &work{s: s}
	if err := w.see(ctx); err != nil {
		return err
	}
	answer, problem := w.wmic(ctx)
	if a.flags.json {
		return jsonl.Value(a.out, "wmic", answer)
	}
	view := line.WMIC{
		Present: answer.Present, Path: answer.Path, Capability: answer.Capability,
		Standin: answer.Standin, Problem: problem, Remedies: answer.Remedies,
	}
	return line.WriteWMIC(a.out, a.text, view)
}

// wmic gathers what is known of WMIC. The remedies are those of the alert about
// it, with what Windows no longer offers left out.
func (w *work) wmic(ctx context.Context) (answer wmicAnswer, problem error) {
	if present, known := w.facts["wmic.present"].(bool); known {
		answer.Present = &present
	}
	answer.Path, _ = w.facts["wmic.path"].(string)
	answer.Standin = w.installed[standinComponent].Version
	if windows, ok := w.s.backends[capabilityBackend].(asker); ok {
		state, err := windows.Ask(ctx)
		answer.Capability, problem = string(state), err
	} else if w.facts["os.family"] != "windows" {
		problem = &cliError{code: CodeWMICNotHere}
	}
	var c coded
	if errors.As(problem, &c) {
		answer.Problem = c.Code()
	}
	if answer.Present == nil || *answer.Present {
		return answer, problem
	}
	for _, r := range w.wmicRemedies(ctx) {
		if r.Code != "restore-wmic" || answer.Problem != capability.CodeNotKnown {
			answer.Remedies = append(answer.Remedies, r)
		}
	}
	return answer, problem
}

// wmicRemedies are the remedies of the alert about WMIC, in order: as the
// manifest has them, or else as they are built in.
func (w *work) wmicRemedies(ctx context.Context) []manifest.Remedy {
	all := w.manifest.Advisories()
	if builtIn, err := reference.Open(ctx); err == nil {
		all = slices.Concat(all, builtIn.Advisories())
	}
	for _, advisory := range all {
		if advisory.ID == wmicAlert {
			return advisory.Remedies
		}
	}
	return nil
}

// wmicAlert is the alert that WMIC is gone, which lists the remedies in order.
const wmicAlert = "PDT-INF-873"
