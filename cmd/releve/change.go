package main

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// changeCommand builds the command of one verb that changes the workstation.
func (a *app) changeCommand(verb plan.Verb) *cobra.Command {
	uses := map[plan.Verb]string{
		plan.Install:   "install C[@V]...",
		plan.Update:    "update [C...]",
		plan.Uninstall: "uninstall C...",
		plan.Rollback:  "rollback C...",
		plan.Repair:    "repair C...",
	}
	check := needComponent
	if verb == plan.Update {
		check = takes(0, -1)
	}
	return &cobra.Command{
		Use: uses[verb], Annotations: changing(),
		Args: check,
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := a.request(verb, args)
			if err != nil {
				return err
			}
			if a.interactive() {
				return a.runInteractive(cmd.Context(), req)
			}
			return a.runPlain(cmd.Context(), req)
		},
	}
}

// needComponent asks for a name: a change to everything is never what an
// empty list stands for.
func needComponent(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &cliError{code: CodeNeedComponent, args: map[string]string{"Command": cmd.CommandPath()}}
	}
	return nil
}

// request reads components and pins from the command line.
func (a *app) request(verb plan.Verb, args []string) (plan.Request, error) {
	req := plan.Request{Action: verb, AllowUnknown: a.flags.allowUnknown}
	for _, arg := range args {
		target, err := targetOf(verb, arg)
		if err != nil {
			return req, err
		}
		req.Components = append(req.Components, target)
	}
	for _, pin := range a.flags.pins {
		name, version, ok := strings.Cut(pin, "@")
		if !ok || name == "" || version == "" {
			return req, &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "--pin", "Value": pin, "Choices": "C@V"}}
		}
		if req.Pins == nil {
			req.Pins = map[string]string{}
		}
		req.Pins[name] = version
	}
	return a.decided(req), nil
}

// work is one request on its way from the machine to the result.
type work struct {
	s         *session
	req       plan.Request
	manifest  manifest.Verified
	facts     osdetect.Facts
	installed map[string]plan.Installed
	plan      plan.Plan
	recovered recovered // what was ended before
}

// begin opens the workstation for a change and plans. end must be called in
// any case.
func (a *app) begin(ctx context.Context, req plan.Request, sink event.Sink) (w *work, end func(), err error) {
	w, end, err = a.hold(ctx, req, sink)
	if err == nil && !a.interactive() { // a person sees the plan first
		err = w.withoutBrought()
	}
	if err != nil {
		return w, end, err
	}
	return w, end, w.prepare(ctx, sink)
}

// hold opens the workstation for a change: it locks it, and ends what an earlier
// run left open. end must be called in any case.
func (a *app) hold(ctx context.Context, req plan.Request, sink event.Sink) (w *work, end func(), err error) {
	if a.flags.facts != "" && a.flags.target == "" {
		return nil, func() {}, &cliError{code: CodeFactsNeedTarget}
	}
	s, err := a.open()
	if err != nil {
		return nil, func() {}, err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		s.close()
		return nil, func() {}, err
	}
	w = &work{s: s, req: req}
	end = func() { unlock(); s.close() }
	w.recovered, err = s.recover(ctx, sink)
	return w, end, err
}

// planningGC lets the heap grow to five times what is alive while a catalogue
// is decoded and planned over: what is decoded stays, and looking at it again
// and again would cost a third of the processor time.
const planningGC = 400

// prepare reads the manifest, looks at the machine and makes the plan.
func (w *work) prepare(ctx context.Context, sink event.Sink) (err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(planningGC))
	if w.manifest, err = w.s.manifestFor(ctx, w.req, sink); err != nil {
		return err
	}
	if err := w.knownPins(); err != nil {
		return err
	}
	return w.replan(ctx)
}

// knownPins refuses a pin to a component that nobody knows: a slip of the pen
// there would let the component move.
func (w *work) knownPins() error {
	known := w.s.names(w.manifest)
	for _, name := range sortedKeys(w.req.Pins) {
		if !slices.Contains(known, name) {
			return &plan.UnknownError{Component: name, Nearest: plan.Nearest(name, known)}
		}
	}
	return nil
}

// replan looks at the machine and makes the plan.
func (w *work) replan(ctx context.Context) (err error) {
	if err := w.s.readableFor(ctx, w.req); err != nil {
		return err
	}
	w.facts, w.installed, err = w.s.machine(ctx, w.s.subjects(w.manifest))
	if err != nil {
		return err
	}
	w.plan, err = plan.Make(w.input())
	return err
}

func (w *work) input() plan.Input {
	in := plan.Input{
		Request: w.req, Manifest: w.manifest, Platform: platformOf(w.facts),
		Facts: w.facts.Lookup, Installed: w.installed, Backends: sortedKeys(w.s.backends),
		Tried: w.s.tried(), Floors: w.s.floors().Floors, FloorsLost: w.s.floors().Lost,
	}
	if w.s.replayed() { // what this machine can do and tried says nothing of that one
		in.Backends, in.Tried = nil, nil
	}
	return in
}

// platformOf is what releases are made for on the machine of the facts.
func platformOf(facts osdetect.Facts) manifest.Platform {
	family, _ := facts.Lookup("os.family")
	name, _ := family.(string)
	return manifest.PlatformOf(name)
}

// manifestFor returns the newest manifest for what brings something new. What
// only takes away or puts back goes on with what is known when the repository
// cannot be reached or its metadata is too old.
func (s *session) manifestFor(ctx context.Context, req plan.Request, sink event.Sink) (manifest.Verified, error) {
	if req.Action == plan.Install || req.Action == plan.Update {
		return s.fresh(ctx)
	}
	if len(s.a.flags.repos) > 0 {
		v, err := s.fresh(ctx)
		if err == nil {
			return v, nil
		}
		s.a.log.Warn("going on without the repository", "error", err.Error())
		sink(notice(event.Warn, CodeGoingOnOffline, map[string]string{"Why": s.a.sentence(err)}))
	}
	v, err := s.known(ctx)
	if err != nil {
		// Receipts alone tell enough of what they know. What others installed
		// is recognised by what is built in, which also names its settings and
		// who uses it.
		s.a.log.Warn("no manifest is known", "error", err.Error())
		known := s.names(manifest.Verified{})
		if req.Action == plan.Uninstall || slices.ContainsFunc(req.Components, func(t plan.Target) bool { return !slices.Contains(known, t.Component) }) {
			return reference.Open(ctx)
		}
		return manifest.Verified{}, nil
	}
	return v, nil
}

// runPlain carries out a request without asking anything.
func (a *app) runPlain(ctx context.Context, req plan.Request) error {
	return a.plainly(ctx, func(ctx context.Context, sink event.Sink) (*work, func(), error) {
		return a.begin(ctx, req, sink)
	})
}

// plainly carries out what begin plans, without asking anything.
func (a *app) plainly(ctx context.Context, begin func(context.Context, event.Sink) (*work, func(), error)) error {
	sink := a.sink()
	w, end, err := begin(ctx, sink)
	defer end()
	if err != nil {
		return w.conclude(installer.Result{}, err)
	}
	if err := a.showPlan(w.plan); err != nil {
		return err
	}
	return a.applyPlain(ctx, w, sink)
}

// applyPlain applies the plan of w, or says why it does not.
func (a *app) applyPlain(ctx context.Context, w *work, sink event.Sink) error {
	if verdict, stop := a.verdict(w.plan); stop {
		return w.conclude(installer.Result{Outcome: event.Nothing}, verdict)
	}
	defer context.AfterFunc(ctx, func() {
		if !a.flags.silent {
			_ = line.Printf(a.errOut, "%s\n", a.text.Message(CodeStopping, nil))
		}
	})()
	res, err := w.apply(ctx, sink)
	return w.conclude(res, err)
}

// verdict ends a command whose plan cannot or need not be applied.
func (a *app) verdict(p plan.Plan) (status error, stop bool) {
	switch {
	case p.NeedsAnswer():
		a.say(CodeNeedsAnswer, nil)
		return statusError(exitRefused), true
	case p.Empty() && p.Refused():
		return statusError(exitRefused), true
	case p.Empty():
		return nil, true
	}
	return nil, false
}

// apply runs the plan, and forgets packages that nothing refers to any more.
func (w *work) apply(ctx context.Context, sink event.Sink) (installer.Result, error) {
	res, err := installer.Apply(ctx, w.s.deps(sink), w.plan)
	if err == nil {
		w.s.prune()
	}
	return res, err
}

// conclude chooses the status of a command that wanted to change something,
// and keeps the result on the disk for deployment tools. A nil work means
// that the state belongs to somebody else or cannot be written.
func (w *work) conclude(res installer.Result, err error) error {
	if w != nil && res.Outcome == "" && w.recovered.result.Run != "" { // nothing was begun after it
		res = w.recovered.result
	}
	status := statusOfOutcome(res.Outcome, res.Reboot)
	switch {
	case err != nil && res.Outcome != event.Stuck:
		status = statusOf(err)
	case err == nil && status == exitOK && w.plan.Refused():
		status = exitPartly
	}
	if w != nil {
		w.s.record(res, w.plan, status, err)
	}
	switch {
	case res.Outcome == event.Reverted || res.Outcome == event.Stuck:
		return statusError(status) // the view of the run has said why
	case err != nil:
		return err
	case status == exitOK:
		return nil
	}
	return statusError(status)
}

// showPlan says what is about to be done and what is refused.
func (a *app) showPlan(p plan.Plan) error {
	if a.flags.json {
		return jsonl.Value(a.out, "plan", p)
	}
	return line.Plan(a.out, a.text, p)
}
