package plan

import (
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
)

// Make decides what to do. It fails only when the request itself is wrong, an
// *UnknownError or a *RequestError, or when no selection was found in a fixed
// number of steps, a *ComplexError. Whatever speaks against the request on
// this machine is a refusal in the plan.
func Make(in Input) (Plan, error) {
	p := newPlanner(in)
	targets, err := p.targets()
	if err != nil {
		return Plan{}, err
	}
	switch in.Request.Action {
	case Install, Update:
		err = p.bring(targets)
	case Uninstall, Rollback:
		p.undo(targets)
	case Repair:
		p.repair(targets)
	default:
		err = &RequestError{Reason: CodeUnknownVerb, Subject: string(in.Request.Action)}
	}
	if err != nil {
		return Plan{}, err
	}
	return p.finish(), nil
}

// planner holds what one call of Make or Explain knows and has decided.
type planner struct {
	in       Input
	machine  *machine
	ranges   *ranges
	budget   *budget
	entries  map[string]*entry
	steps    []Step
	refusals []Refusal
	warnings []Warning
}

func newPlanner(in Input) *planner {
	return &planner{
		in:      in,
		machine: newMachine(in.Facts),
		ranges:  newRanges(),
		budget:  &budget{limit: stepLimit},
		entries: map[string]*entry{},
	}
}

// target is a component of the request.
type target struct {
	entry   *entry
	version string // "" when none was named
	named   bool   // false: it is here because all was asked for
}

// targets checks and completes the components of the request.
func (p *planner) targets() ([]target, error) {
	var out []target
	for i, t := range p.in.Request.Components {
		if !p.known(t.Component) {
			return nil, &UnknownError{Component: t.Component, Nearest: Nearest(t.Component, p.names())}
		}
		for _, before := range p.in.Request.Components[:i] {
			if before.Component == t.Component {
				return nil, &RequestError{Reason: CodeTargetTwice, Subject: t.Component}
			}
		}
		out = append(out, target{p.entry(t.Component), t.Version, true})
	}
	if len(p.in.Request.Components) > 0 {
		return out, nil
	}
	for _, name := range p.names() {
		out = append(out, target{p.entry(name), "", false})
	}
	return out, nil
}

// names lists the components that can be spoken of: those of the channel and
// those that are installed.
func (p *planner) names() []string {
	out := slices.Concat(p.in.Manifest.Components(), slices.Collect(maps.Keys(p.in.Installed)))
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *planner) known(name string) bool {
	if _, found := p.in.Manifest.Component(name); found {
		return true
	}
	_, found := p.in.Installed[name]
	return found
}

func (p *planner) refuse(r Refusal) {
	if r.Code == "" && len(r.Reasons) > 0 {
		r.Code = r.Reasons[0].Code
	}
	p.refusals = append(p.refusals, r)
}

func (p *planner) warn(component, version string, reasons ...Reason) {
	for _, r := range reasons {
		if slices.ContainsFunc(p.warnings, func(w Warning) bool {
			return w.Component == component && w.Version == version && w.Reason.Code == r.Code && w.Reason.Required == r.Required
		}) {
			continue
		}
		p.warnings = append(p.warnings, Warning{component, version, r})
	}
}

// step completes a step with what every step says, and adds it.
func (p *planner) step(e *entry, s Step) {
	s.Component, s.From, s.Old = e.name, e.installed.Version, e.current
	if s.Release != nil {
		s.To, s.Backend = s.Release.Version, s.Release.Backend
	}
	if s.Backend == "" {
		s.Backend = e.installed.Backend
	}
	if s.Release != nil && s.Action != backend.Rollback && s.Backend == e.installed.Backend {
		s.Delta = s.Release.DeltaFrom(s.From)
	}
	e.describeTo(&s, p.in.Platform)
	p.steps = append(p.steps, s)
}

// finish puts together what was decided.
func (p *planner) finish() Plan {
	out := Plan{
		Schema:    Schema,
		Channel:   p.in.Manifest.Channel(),
		Manifest:  p.in.Manifest.Digest(),
		Request:   p.in.Request,
		Machine:   p.machine.asked,
		Installed: map[string]string{},
		Steps:     p.ordered(),
		Refusals:  p.refusals,
		Warnings:  p.warnings,
	}
	for name, i := range p.in.Installed {
		if i.Version != "" {
			out.Installed[name] = i.Version
		}
	}
	slices.SortStableFunc(out.Refusals, func(a, b Refusal) int { return compareNames(a.Component, b.Component) })
	slices.SortStableFunc(out.Warnings, func(a, b Warning) int { return compareNames(a.Component, b.Component) })
	out.Download, out.Disk = sizes(out.Steps)
	p.checkDisk(&out)
	out.Reverse = reverse(out.Steps)
	return out
}

// sizes returns the bytes to download and the bytes needed on the disk at the
// same time. A package that does not say how much it unpacks to is taken to
// unpack to its own size; one that is made from a delta lies there as the tar
// inside. What comes from the machine costs nothing.
func sizes(steps []Step) (download, disk int64) {
	for _, s := range steps {
		if s.Action == backend.Rollback || s.Release == nil || s.Release.Artifact == nil {
			continue
		}
		a := s.Release.Artifact
		fetched, held := a.Length, a.Length
		if s.Delta != nil {
			fetched, held = s.Delta.Length, add(s.Delta.Length, a.Plain.Length)
		}
		download = add(download, fetched)
		disk = add(disk, add(held, max(a.Unpacked, 0)))
		if a.Unpacked <= 0 {
			disk = add(disk, a.Length)
		}
	}
	return download, disk
}

// add is a sum that stays at the largest number instead of turning negative.
func add(a, b int64) int64 {
	const largest = 1<<63 - 1
	if b > largest-a {
		return largest
	}
	return a + b
}
