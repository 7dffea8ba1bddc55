package plan

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

func compareNames(a, b string) int { return cmp.Compare(a, b) }

// ordered returns the steps so that, wherever an order allows it, no
// component is ever beside one that it cannot work with: what is needed
// arrives first and leaves last. Equal ranks go by name, and where needs run
// in a circle the first name goes first.
func (p *planner) ordered() []Step {
	steps := map[string]Step{}
	names := make([]string, 0, len(p.steps))
	for _, s := range p.steps {
		steps[s.Component] = s
		names = append(names, s.Component)
	}
	slices.Sort(names)
	before := map[string][]string{}
	for _, name := range names {
		p.precede(steps, steps[name], before)
	}
	out := make([]Step, 0, len(names))
	placed := map[string]bool{}
	var place func(name string)
	place = func(name string) {
		if placed[name] {
			return
		}
		placed[name] = true
		slices.Sort(before[name])
		for _, first := range before[name] {
			place(first)
		}
		out = append(out, steps[name])
	}
	for _, name := range names {
		place(name)
	}
	return out
}

// precede adds to before what the rules of step s, as it finds the component
// and as it leaves it, say about its place among the others.
func (p *planner) precede(steps map[string]Step, s Step, before map[string][]string) {
	var now, then manifest.Release
	if s.Old != nil {
		now = *s.Old
	}
	if s.Release != nil {
		then = *s.Release
	}
	first := func(earlier, later string) { before[later] = append(before[later], earlier) }
	leaves := map[string]bool{}
	for _, n := range now.Needs {
		if o, moves := steps[n.Component]; moves && !p.ranges.holds(n, p.version(o.To)) {
			leaves[n.Component] = true
		}
	}
	for _, n := range then.Needs {
		o, moves := steps[n.Component]
		if !moves {
			continue
		}
		if !leaves[n.Component] || !p.ranges.holds(n, p.version(o.From)) {
			first(n.Component, s.Component)
			leaves[n.Component] = false
		}
	}
	for _, n := range now.Needs {
		if leaves[n.Component] {
			first(s.Component, n.Component)
		}
	}
	for _, n := range then.Conflicts {
		if o, moves := steps[n.Component]; moves && p.ranges.holds(n, p.version(o.From)) {
			first(n.Component, s.Component)
		}
	}
	for _, n := range now.Conflicts {
		if o, moves := steps[n.Component]; moves && p.ranges.holds(n, p.version(o.To)) {
			first(s.Component, n.Component)
		}
	}
}

// version is the state of a component at a version, "" being absent.
func (p *planner) version(text string) choice {
	if text == "" {
		return choice{}
	}
	return choice{kind: keep, text: text, version: number(text)}
}

// reverse returns what would undo steps, in order. A repair has no reverse:
// nobody wants the damage back.
func reverse(steps []Step) []Step {
	out := make([]Step, 0, len(steps))
	for _, s := range slices.Backward(steps) {
		r := Step{
			Component: s.Component, From: s.To, To: s.From, Backend: s.Backend,
			Release: s.Old, Old: s.Release, Why: WhyRollback,
			Evidence: s.Evidence, Settings: s.Settings, Programs: s.Programs, Params: s.Params,
		}
		switch {
		case s.Action == backend.Repair:
			continue
		case s.From == "":
			r.Action = backend.Uninstall
		case s.To == "":
			r.Action = backend.Install
		default:
			r.Action = backend.Rollback
		}
		out = append(out, r)
	}
	return out
}

// Change is the plan of one step that no release of a channel stands for: a
// setting of the machine, a feature of its system. What led to it was decided
// before, from the facts that machine names.
func Change(verb Verb, s Step, machine map[string]any) Plan {
	p := Plan{
		Schema:    Schema,
		Request:   Request{Action: verb, Components: []Target{{Component: s.Component}}},
		Machine:   machine,
		Installed: map[string]string{},
		Steps:     []Step{s},
		Reverse:   reverse([]Step{s}),
	}
	if s.From != "" {
		p.Installed[s.Component] = s.From
	}
	return p
}

// checkDisk refuses the whole plan when it does not fit on the disk. Half of
// it would leave components that need one another apart.
func (p *planner) checkDisk(out *Plan) {
	free, known := p.machine.peek(freeBytes).(int64)
	if !known || out.Disk <= free {
		return
	}
	out.Machine[freeBytes] = free
	for i := range out.Refusals {
		taken := slices.ContainsFunc(out.Steps, func(s Step) bool { return s.Component == out.Refusals[i].Component })
		out.Refusals[i].Chosen = out.Refusals[i].Chosen && !taken
	}
	out.Refusals = append(out.Refusals, Refusal{Code: CodeDiskTooSmall, Reasons: []Reason{{
		Code: CodeDiskTooSmall, Fact: freeBytes, Holds: manifest.False,
		Required: strconv.FormatInt(out.Disk, 10), Actual: strconv.FormatInt(free, 10),
	}}})
	out.Steps, out.Download, out.Disk = []Step{}, 0, 0
}
