package plan

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// mostReasons is how many rules an explanation of a conflict names.
const mostReasons = 8

// settle searches a selection for all that is wanted. Where there is none it
// refuses the components whose own rules cannot be met, whoever came first,
// until the rest can be had; the rest is returned with the selection.
func (p *planner) settle(wants []want) (*search, []want, error) {
	for {
		s := newSearch(p.problem(wants), p.ranges, p.budget)
		ok, err := s.run()
		if err != nil || ok {
			return s, wants, err
		}
		out, err := p.unmeetable(wants, s.dead)
		if err != nil {
			return nil, nil, err
		}
		for _, w := range out {
			if err := p.refuseClash(w); err != nil {
				return nil, nil, err
			}
			wants = slices.DeleteFunc(slices.Clone(wants), func(o want) bool { return o.entry == w.want.entry })
		}
	}
}

// loser is a wanted component that cannot be had, and why.
type loser struct {
	want want
	dead []clash
}

// unmeetable returns a smallest part of wants that cannot be had: the
// components that are impossible by themselves, or else a set that is
// impossible together and of which nothing can be left out.
func (p *planner) unmeetable(wants []want, dead []clash) ([]loser, error) {
	core := involved(wants, dead)
	var alone []loser
	for _, w := range core {
		s := newSearch(p.problem([]want{w}), p.ranges, p.budget)
		ok, err := s.run()
		if err != nil {
			return nil, err
		}
		if !ok {
			alone = append(alone, loser{w, s.dead})
		}
	}
	if len(alone) > 0 {
		return alone, nil
	}
	for i := 0; len(core) > 2 && i < len(core); {
		fewer := slices.Delete(slices.Clone(core), i, i+1)
		s := newSearch(p.problem(fewer), p.ranges, p.budget)
		ok, err := s.run()
		if err != nil {
			return nil, err
		}
		if ok {
			i++
			continue
		}
		core, dead = fewer, s.dead
	}
	out := make([]loser, len(core))
	for i, w := range core {
		out[i] = loser{w, dead}
	}
	return out, nil
}

// involved returns the wanted components that the explanation names; all of
// them when it names none.
func involved(wants []want, dead []clash) []want {
	var out []want
	for _, w := range wants {
		if slices.ContainsFunc(dead, func(c clash) bool {
			return c.source == w.entry.name || c.need.Component == w.entry.name
		}) {
			out = append(out, w)
		}
	}
	if len(out) == 0 {
		return wants
	}
	return out
}

// refuseClash refuses a component for the rules that cannot meet. A version
// that was named is compared with what could be had without naming it.
func (p *planner) refuseClash(l loser) error {
	e := l.want.entry
	best, _ := p.preferences(e, l.want, true).at(0)
	r := Refusal{Component: e.name, Version: best.text, Reasons: p.explain(e.name, l.dead)}
	if l.want.exact != nil {
		s := newSearch(p.problem([]want{{entry: e}}), p.ranges, p.budget)
		ok, err := s.run()
		if err != nil {
			return err
		}
		if other := s.vars[s.index[e.name]].current.text; ok && other != r.Version {
			r.Accepted = other
		}
	}
	p.refuse(r)
	return nil
}

// explain turns rules that cannot meet into reasons for a component: its own
// rules first, then those of the others. After a need that no release meets
// comes what speaks against the release that would.
func (p *planner) explain(name string, dead []clash) []Reason {
	var own, others []Reason
	for _, c := range dead {
		switch {
		case c.source == name:
			own = append(own, p.reason(name, c), p.obstacle(c))
		default:
			others = append(others, p.reason(name, c), p.obstacle(c))
		}
	}
	out := slices.DeleteFunc(append(own, others...), func(r Reason) bool { return r.Code == "" })
	return out[:min(len(out), mostReasons)]
}

// reason is one need or conflict as a reason that stands with component name.
func (p *planner) reason(name string, c clash) Reason {
	r := Reason{Code: CodeNeedUnmet, Other: c.need.Component, Required: c.need.In, Actual: c.actual, Holds: manifest.False}
	if c.conflict {
		r.Code = CodeConflict
	}
	switch {
	case c.source == name:
	case c.kept && !c.conflict && c.need.Component == name:
		r.Code, r.Other = CodeNeededBy, c.source
	default:
		r.Component, r.Version = c.source, c.version
	}
	return r
}

// obstacle says why the newest release that a need asks for is not taken. Its
// code is "" when nothing speaks against it by itself.
func (p *planner) obstacle(c clash) Reason {
	if c.conflict {
		return Reason{}
	}
	e := p.entry(c.need.Component)
	for _, o := range e.offers {
		if !p.ranges.holds(c.need, p.take(o)) {
			continue
		}
		stops := p.judge(e, o).stops()
		if len(stops) == 0 {
			return Reason{}
		}
		r := stops[0]
		if r.Component == "" {
			r.Component, r.Version = e.name, o.release.Version
		}
		return r
	}
	return Reason{}
}
