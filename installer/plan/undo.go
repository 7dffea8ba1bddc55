package plan

import (
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// change is what an Uninstall or a Rollback makes of a component.
type change struct {
	entry *entry
	to    *manifest.Release // nil: removed
}

// undo plans Uninstall and Rollback. They do not choose: each component has
// one state to go to, and goes there unless that takes from another one what
// it needs.
func (p *planner) undo(targets []target) {
	changes := map[string]change{}
	for _, t := range targets {
		if c, ok := p.undoable(t); ok {
			changes[t.entry.name] = c
		}
	}
	for before := -1; before != len(changes); {
		before = len(changes)
		for _, r := range p.broken(changes) {
			if _, still := changes[r.Component]; still {
				delete(changes, r.Component)
				p.refuse(r)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		c := changes[name]
		s := Step{Action: backend.Uninstall, Release: c.to, Why: WhyRequested}
		if p.in.Request.Action == Rollback {
			s.Why = WhyRollback
		}
		if c.to != nil {
			s.Action = backend.Rollback
			p.warnOf(c.entry, c.to)
		} else {
			s.Questions = p.usersOf(c.entry, changes)
		}
		p.step(c.entry, s)
	}
}

// usersOf asks about every component on the machine that uses e, which is to
// be removed, and stays itself. Unlike a need of a release this is not known
// for each version, and it is no fault to remove what somebody has replaced.
func (p *planner) usersOf(e *entry, changes map[string]change) []Reason {
	if e.doc == nil {
		return nil
	}
	var out []Reason
	for _, name := range slices.Sorted(slices.Values(e.doc.Users)) {
		user := p.entry(name)
		if c, changed := changes[name]; !user.present || changed && c.to == nil {
			continue
		}
		out = append(out, Reason{Code: CodeUsedBy, Other: name, Actual: user.installed.Version, Holds: manifest.Unknown})
	}
	return out
}

// undoable returns what a target is to become. False says that it stays, and
// the plan says why.
func (p *planner) undoable(t target) (change, bool) {
	e := t.entry
	none := Refusal{Component: e.name, Version: e.installed.Version}
	rollback := p.in.Request.Action == Rollback
	known := e.installed.Previous != nil || e.installed.Absent
	switch {
	case !e.present && !(rollback && e.installed.Previous != nil),
		t.version != "" && e.present && !sameVersion(t.version, e.asOffer()):
		if t.named {
			p.warn(e.name, t.version, Reason{Code: CodeNotInstalled, Holds: manifest.False})
		}
		return change{}, false
	case e.foreign():
		if t.named {
			p.refuse(p.foreign(e, e.installed.Version))
		}
		return change{}, false
	case rollback && !known:
		if t.named {
			none.Reasons = []Reason{{Code: CodeNoPrevious, Actual: e.installed.Version, Holds: manifest.False}}
			p.refuse(none)
		}
		return change{}, false
	}
	c := change{entry: e}
	if !rollback {
		return c, true
	}
	c.to = e.installed.Previous
	if c.to == nil {
		return c, true
	}
	if low := p.tooLow(e, c.to.Version); low.Code != "" {
		p.refuse(Refusal{Component: e.name, Version: c.to.Version, Reasons: []Reason{low}})
		return change{}, false
	}
	return c, true
}

// broken returns a refusal for each change that would leave a component
// without what it needs or beside what it excludes: the change of the
// component itself when it is its own rule, else the change it suffers from.
// What is broken today is nobody's fault here.
func (p *planner) broken(changes map[string]change) []Refusal {
	var out []Refusal
	then := func(name string) choice {
		if c, changed := changes[name]; changed {
			return c.state()
		}
		return p.present(name)
	}
	names := append(slices.Collect(maps.Keys(p.in.Installed)), slices.Collect(maps.Keys(changes))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		e := p.entry(name)
		c, changed := changes[name]
		r := e.current
		if changed {
			r = c.to
		}
		if r == nil || !e.present && !changed {
			continue
		}
		for _, conflict := range []bool{false, true} {
			rules := r.Needs
			if conflict {
				rules = r.Conflicts
			}
			for _, n := range rules {
				met := p.ranges.holds(n, then(n.Component)) != conflict
				today := p.ranges.holds(n, p.present(n.Component)) != conflict
				lost := clash{source: name, version: r.Version, kept: !changed,
					need: n, conflict: conflict, actual: then(n.Component).text}
				switch {
				case met:
				case changed:
					out = append(out, p.refusalOf(e, lost))
				case today:
					out = append(out, p.refusalOf(p.entry(n.Component), lost))
				}
			}
		}
	}
	return out
}

func (p *planner) refusalOf(e *entry, c clash) Refusal {
	return Refusal{Component: e.name, Version: e.installed.Version, Reasons: []Reason{p.reason(e.name, c)}}
}

// state is what the component is after the change.
func (c change) state() choice {
	if c.to == nil {
		return choice{}
	}
	return choice{kind: keep, text: c.to.Version, version: number(c.to.Version)}
}

// warnOf warns of what speaks against a release that the machine had already
// and gets again.
func (p *planner) warnOf(e *entry, r *manifest.Release) {
	v := p.conditions(r)
	p.warn(e.name, r.Version, slices.Concat(v.against, v.questions, v.warnings)...)
	if known, found := p.in.Manifest.Find(e.name, r.Version, p.in.Platform); found && known.Withdrawn != nil {
		p.warn(e.name, r.Version, withdrawnReason(CodeWithdrawn, &known))
	}
}

// repair plans the same versions again.
func (p *planner) repair(targets []target) {
	for _, t := range targets {
		e := t.entry
		switch {
		case !e.present, t.version != "" && !sameVersion(t.version, e.asOffer()):
			if t.named {
				p.warn(e.name, t.version, Reason{Code: CodeNotInstalled, Holds: manifest.False})
			}
		case e.foreign():
			if t.named {
				p.refuse(p.foreign(e, e.installed.Version))
			}
		case e.current == nil || e.current.Artifact == nil || e.current.Backend != e.installed.Backend:
			p.refuse(Refusal{Component: e.name, Version: e.installed.Version, Reasons: []Reason{{
				Code: CodeNoPackage, Actual: e.installed.Backend, Holds: manifest.False,
			}}})
		default:
			p.warnOf(e, e.current)
			p.step(e, Step{Action: backend.Repair, Release: e.current, Why: WhyRepair})
		}
	}
}
