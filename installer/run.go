package installer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/manifest"
)

// run is one run while it is carried out or recovered.
type run struct {
	deps     Deps
	id       string
	digest   string // of the plan
	steps    []*step
	journal  *journal.Journal
	begun    bool                        // the journal names this run
	receipts map[string]*receipt.Receipt // of its components, before it; nil for none
	deltas   []DeltaUse
	reboot   bool

	// recovering says that another process began the run. What it did may be
	// there without being on the disk, so nothing counts as done by its looks.
	recovering bool
}

// step is one step with what was found out and prepared for it.
type step struct {
	plan.Step
	index    int
	backend  backend.Backend
	state    backend.State // before
	job      backend.Job
	undo     backend.Undo
	settings []savedFile
	ran      json.RawMessage // programs that are stopped for it
	prepared bool            // undo is valid and Settle is owed
	intended bool            // the machine may have been changed
	undone   bool
	did      *didData
}

// before is what undoing has to bring back.
func (s *step) before() found { return foundIn(s.state) }

// newRun looks up the backends and puts the steps in their places.
func newRun(d Deps, id, digest string, steps []plan.Step) (*run, error) {
	r := &run{deps: d, id: id, digest: digest, receipts: map[string]*receipt.Receipt{}}
	seen := map[string]bool{}
	for i, ps := range steps {
		if seen[ps.Component] {
			return nil, failed(CodeBadPlan, nil, "Component", ps.Component)
		}
		seen[ps.Component] = true
		b, ok := d.Backends[ps.Backend]
		if !ok {
			return nil, failed(CodeNoBackend, nil, "Component", ps.Component, "Backend", ps.Backend)
		}
		s := &step{Step: ps, index: i, backend: b}
		s.job = r.job(s)
		r.steps = append(r.steps, s)
	}
	return r, nil
}

// job makes the job of a step from the plan and from the packages that the
// machine holds now.
func (r *run) job(s *step) backend.Job {
	j := backend.Job{
		ID:        fmt.Sprintf("%s-%d", r.id, s.index),
		Action:    s.Action,
		Component: s.Component,
		Evidence:  s.Evidence,
		From:      s.From,
		To:        s.To,
		Former:    s.Old,
		Old:       r.held(s.Old),
		Params:    s.Params,
		Progress:  func(int64, int64) {},
		Tell:      r.tell(s),
	}
	if s.Release != nil && s.To != "" {
		j.Release = *s.Release
		j.New = r.held(s.Release)
	}
	return j
}

// held returns the package of a release if the machine holds it, else nil.
func (r *run) held(rel *manifest.Release) backend.Package {
	if rel == nil || rel.Artifact == nil || !r.deps.Packages.Has(*rel.Artifact) {
		return nil
	}
	p, err := r.deps.Packages.Package(*rel.Artifact)
	if err != nil {
		r.deps.Log.Warn("package is held but cannot be opened", "version", rel.Version, "error", err)
		return nil
	}
	return p
}

// infos describes the steps to a person.
func (r *run) infos() []event.StepInfo {
	infos := make([]event.StepInfo, 0, len(r.steps))
	for _, s := range r.steps {
		info := event.StepInfo{Action: string(s.Action), Component: s.Component, From: s.From, To: s.To}
		if s.Release != nil && s.Release.Artifact != nil && s.To != "" && !r.deps.Packages.Has(*s.Release.Artifact) {
			info.Bytes = s.Release.Artifact.Length
			if s.Delta != nil {
				info.Bytes = s.Delta.Length
			}
		}
		infos = append(infos, info)
	}
	return infos
}

func (r *run) phase(s *step, p event.Phase) {
	r.deps.Emit(event.PhaseStarted{Step: s.index, Phase: p})
}

// progress returns what backends and the store report bytes to.
func (r *run) progress(s *step, p event.Phase) func(done, total int64) {
	return func(done, total int64) {
		r.deps.Emit(event.Progress{Step: s.index, Phase: p, Done: done, Total: total})
	}
}

// tell returns what a step says while it is carried out.
func (r *run) tell(s *step) backend.Tell {
	return func(code string, args map[string]string) {
		r.deps.Log.Info("told", "run", r.id, "component", s.Component, "code", code, "args", args)
		r.deps.Emit(event.Told{Step: s.index, Message: event.Message{Code: code, Args: clean(args)}})
	}
}

// watch returns what the store reports a download to.
func (r *run) watch(s *step) backend.Watch {
	return backend.Watch{
		Progress: r.progress(s, event.Fetch),
		Again: func(mirror string, why error) {
			r.deps.Log.Warn("a download goes on after a failure", "run", r.id,
				"component", s.Component, "mirror", mirror, "error", why)
			r.deps.Emit(event.Retrying{Step: s.index, Mirror: plainText(mirror), Failure: *failure(why)})
		},
	}
}

// stopped reports why the run should go no further, nil if it may go on.
func (r *run) stopped(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return failed(CodeStopped, err)
	}
	select {
	case <-r.deps.Stop:
		return failed(CodeStopped, errors.New("somebody asked to stop"))
	default:
		return nil
	}
}

// detect asks the machine which version of the step's component it holds.
func (s *step) detect(ctx context.Context) (backend.State, error) {
	state, err := s.backend.Inspect(ctx, s.job.Subject())
	if err != nil {
		return backend.State{}, because(CodeInspect, err, "Component", s.Component)
	}
	return state, nil
}

// installed is what is detected of the components of the run. One that cannot
// be detected is left out: a result never names a version nobody saw.
func (r *run) installed(ctx context.Context) map[string]string {
	out := make(map[string]string, len(r.steps))
	for _, s := range r.steps {
		state, err := s.detect(ctx)
		if err != nil {
			r.deps.Log.Warn("cannot detect a component", "component", s.Component, "error", err)
			continue
		}
		out[s.Component] = state.Version
	}
	return out
}

// finished tells everybody how the run ended.
func (r *run) finished(ctx context.Context, outcome event.Outcome, cause error) (Result, error) {
	res := Result{Run: r.id, Outcome: outcome, Installed: r.installed(ctx), Reboot: r.reboot, Deltas: r.deltas}
	if cause != nil {
		res.Failure = failure(cause)
	}
	r.deps.Log.Info("run ended", "run", r.id, "outcome", string(outcome), "error", cause)
	r.deps.Emit(event.Finished{
		Run: r.id, Outcome: outcome, Failure: res.Failure, Installed: res.Installed, Reboot: res.Reboot,
	})
	return res, cause
}

// since measures how long something took, by the caller's clock.
func (r *run) since(start time.Time) time.Duration { return r.deps.Now().Sub(start) }
