package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/settings"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/osdetect/galss"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/osdetect/reader"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
	"github.com/releve-sante/releve/tui/text"
)

// The codes of what keeps a workstation from being moved to PC/SC, beside
// those of its galss.ini and its readers.
const (
	CodeMigrationForbidden = "migrate-not-allowed"    // nobody said that the billing software accepts it
	CodeRemoteSession      = "migrate-remote-session" // the readers are those of another machine
	CodeNoReaderService    = "migrate-no-service"     // PC/SC does not answer, or not in full
	CodeCardBusy           = "migrate-card-in-use"    // a program has Reader for itself
	CodeNotReadable        = "migrate-not-readable"   // galss.ini cannot be read
	CodeOthersConcerned    = "migrate-others"         // warning: other programs read the file too
	CodeDifference         = "migrate-difference"     // what would be written to Path
)

// migrateCommand moves the readers of the workstation from PSS to PC/SC.
func (a *app) migrateCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "migrate pcsc", Annotations: changing(),
		Args: migrations,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun {
				return a.showMigration(cmd.Context())
			}
			return a.migrate(cmd.Context())
		},
	}
	cmd.Annotations[annotationAbout] = "help-about-migrate"
	cmd.Flags().BoolVar(&dryRun, flagDryRun, false, "")
	return cmd
}

// migrations accepts the one migration there is.
func migrations(cmd *cobra.Command, args []string) error {
	if err := takes(1, 1)(cmd, args); err != nil {
		return err
	}
	if args[0] != string(galss.PCSC) {
		return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "migrate", "Value": args[0], "Choices": string(galss.PCSC)}}
	}
	return nil
}

// toPCSC is the request of a migration.
func toPCSC() plan.Request {
	return plan.Request{Action: plan.Install, Components: []plan.Target{{Component: settings.GalssMode, Version: string(galss.PCSC)}}}
}

// migrate makes the move, or says what is missing for it. A person at a
// terminal is asked first, as for any change.
func (a *app) migrate(ctx context.Context) error {
	if a.interactive() {
		return a.confirmed(ctx, func(ctx context.Context) (*work, func(), error) {
			return a.beginMigration(ctx, event.Discard)
		})
	}
	return a.plainly(ctx, a.beginMigration)
}

// beginMigration opens the workstation for a change and plans the move. end
// must be called in any case.
func (a *app) beginMigration(ctx context.Context, sink event.Sink) (w *work, end func(), err error) {
	w, end, err = a.hold(ctx, toPCSC(), sink)
	if err != nil {
		return w, end, err
	}
	m, err := w.migration(ctx)
	w.plan = m.plan
	return w, end, err
}

// showMigration prints what a move would do to the file, and changes nothing.
func (a *app) showMigration(ctx context.Context) error {
	s, err := a.openFor(true)
	if err != nil {
		return err
	}
	defer s.close()
	w := &work{s: s, req: toPCSC()}
	m, err := w.migration(ctx)
	if err != nil {
		return err
	}
	if err := a.showDifference(m); err != nil {
		return err
	}
	return a.answerPlan(m.plan, "")
}

// showDifference prints which bytes would change.
func (a *app) showDifference(m migration) error {
	if m.plan.Empty() {
		return nil
	}
	lines := galss.Diff(m.old, m.data)
	if a.flags.json {
		return jsonl.Value(a.out, "difference", difference{m.path, lines})
	}
	a.say(CodeDifference, map[string]string{"Path": m.path})
	for _, l := range lines {
		if err := line.Printf(a.out, "  %s%s\n", l.Sign, l.Text); err != nil {
			return err
		}
	}
	return nil
}

// difference is what --dry-run prints with --json, beside the plan.
type difference struct {
	Path  string           `json:"path"`
	Lines []galss.DiffLine `json:"lines"`
}

// migration is a move with its plan: without a step when it is not to be made.
type migration struct {
	path      string // of galss.ini
	old, data []byte
	plan      plan.Plan
}

// migration looks at the machine and plans the move.
func (w *work) migration(ctx context.Context) (m migration, err error) {
	if w.manifest, err = w.s.describing(ctx); err != nil {
		return m, err
	}
	subjects := append(w.s.subjects(w.manifest), backend.Subject{Name: settings.GalssMode})
	if w.facts, w.installed, err = w.s.machine(ctx, subjects); err != nil {
		return m, err
	}
	family, _ := w.facts["os.family"].(string)
	m.path = galss.Path(family)
	move, reasons := w.move(ctx, family)
	m.old = move.Old
	var more []galss.Reason
	m.data, more = galss.Migrate(move)
	reasons = append(reasons, more...)
	step := w.step(move)
	if m.data != nil && string(m.data) == string(m.old) { // it is done: what would be missing for it does not matter
		return m, w.planned(&m, nil, more)
	}
	if !slices.ContainsFunc(reasons, func(r galss.Reason) bool { return r.Stops }) {
		reasons = append(reasons, galss.Reason{Code: CodeOthersConcerned})
	}
	return m, w.planned(&m, &step, reasons)
}

// describing returns what is known of components without network, else what
// is built in.
func (s *session) describing(ctx context.Context) (manifest.Verified, error) {
	v, err := s.known(ctx)
	if err != nil {
		s.a.log.Info("no metadata is known", "error", err.Error())
		return reference.Open(ctx)
	}
	return v, nil
}

// move gathers what a move is made from, and what stands against it apart
// from the file.
func (w *work) move(ctx context.Context, family string) (galss.Move, []galss.Reason) {
	var reasons []galss.Reason
	stop := func(code string, args map[string]string) {
		reasons = append(reasons, galss.Reason{Code: code, Stops: true, Args: args})
	}
	a := w.s.a
	if a.policy.Migration != policy.Allow {
		stop(CodeMigrationForbidden, map[string]string{"Required": string(policy.Migration) + " = " + policy.Allow, "Actual": a.policy.Migration})
	}
	r := a.cardReaders(ctx)
	switch {
	case r.Remote || w.facts["session.kind"] == "remote":
		stop(CodeRemoteSession, nil)
	case !r.Known():
		stop(CodeNoReaderService, map[string]string{"Required": string(reader.Running), "Actual": string(r.Service)})
	}
	for _, s := range r.Slots {
		if s.Use == reader.Exclusive {
			stop(CodeCardBusy, map[string]string{"Reader": s.Name})
		}
	}
	m := galss.Move{Family: family, Bits: w.s.galssBits(), Slots: slotsOf(r), OldCryptolib: w.oldCryptolib()}
	if galss.Path(family) == "" {
		return m, reasons
	}
	data, err := a.readGalss(family)
	if err == nil || errors.Is(err, fs.ErrNotExist) { // a link is read here, and is no file to change
		err = cmp.Or(w.s.unreadable(ctx), err)
	}
	switch {
	case err == nil && data == nil:
		m.Old = []byte{}
	case err == nil:
		m.Old = data
	case !errors.Is(err, fs.ErrNotExist):
		stop(CodeNotReadable, map[string]string{"Path": galss.Path(family), "Why": err.Error()})
	}
	return m, reasons
}

// galssBits tells which GALSS server is installed: 32, 64, or 0 when there is
// none or both.
func (s *session) galssBits() int {
	files, bits := s.settings(), 0
	for _, server := range galss.Servers() {
		if _, err := files.Lstat(installer.SettingName(server.Path)); err != nil {
			continue
		}
		if bits != 0 && bits != server.Bits {
			return 0
		}
		bits = server.Bits
	}
	return bits
}

// oldCryptolib reports whether a Cryptolib CPS is here that cannot read a CPS4.
func (w *work) oldCryptolib() bool {
	text, _ := w.facts["component.cryptolib-cps.version"].(string)
	found, err := manifest.ParseVersion(text)
	needed, err2 := manifest.ParseVersion("5.2")
	return err == nil && err2 == nil && found.Compare(needed) < 0
}

// step is the step of the plan.
func (w *work) step(move galss.Move) plan.Step {
	here := platformOf(w.facts)
	of := func(version string) *manifest.Release {
		return &manifest.Release{Version: version, Platform: here, Backend: settingsBackend}
	}
	s := plan.Step{
		Action: backend.Update, Component: settings.GalssMode,
		From: w.installed[settings.GalssMode].Version, To: string(galss.PCSC),
		Backend: settingsBackend, Release: of(string(galss.PCSC)), Why: plan.WhyRequested, Params: settings.Params(move),
	}
	if s.From == "" {
		s.Action = backend.Install
	} else {
		s.Old = of(s.From)
	}
	if doc, ok := w.manifest.Component("galss"); ok {
		for _, program := range doc.Programs {
			if program.Platform == here {
				s.Programs = append(s.Programs, program)
			}
		}
	}
	return s
}

// planned makes the plan: the step, or why it is not made.
func (w *work) planned(m *migration, s *plan.Step, reasons []galss.Reason) error {
	machine := map[string]any{}
	for _, path := range []string{"os.family", "session.kind", galss.FactMode, galss.FactProblem} {
		machine[path] = w.facts[path]
	}
	m.plan = plan.Plan{Schema: plan.Schema, Request: w.req, Machine: machine, Installed: map[string]string{}, Steps: []plan.Step{}}
	if s != nil {
		m.plan = plan.Change(w.req.Action, *s, machine)
		m.plan.Request = w.req
	}
	refusal := plan.Refusal{Component: settings.GalssMode, Version: string(galss.PCSC)}
	for _, r := range reasons {
		reason, err := saidOf(r)
		switch {
		case err != nil:
			return err
		case r.Stops:
			refusal.Reasons = append(refusal.Reasons, reason)
		default:
			m.plan.Warnings = append(m.plan.Warnings, plan.Warning{Component: settings.GalssMode, Version: string(galss.PCSC), Reason: reason})
		}
	}
	if len(refusal.Reasons) > 0 {
		refusal.Code = refusal.Reasons[0].Code
		m.plan.Refusals, m.plan.Steps, m.plan.Reverse = []plan.Refusal{refusal}, []plan.Step{}, nil
	}
	return nil
}

// saidOf is a reason as plans have it, in both languages: what it says depends
// on this machine, so that no catalogue of texts could tell it later.
func saidOf(r galss.Reason) (plan.Reason, error) {
	fr, err := text.New(text.French)
	if err != nil {
		return plan.Reason{}, err
	}
	en, err := text.New(text.English)
	if err != nil {
		return plan.Reason{}, err
	}
	out := plan.Reason{Code: r.Code, Required: r.Args["Required"], Actual: r.Args["Actual"], Holds: manifest.False}
	out.Because = manifest.Text{FR: fr.Message(r.Code, r.Args), EN: en.Message(r.Code, r.Args)}
	if hint := fr.Hint(r.Code, r.Args); hint != "" {
		out.Remedy = &manifest.Text{FR: hint, EN: en.Hint(r.Code, r.Args)}
	}
	return out, nil
}
