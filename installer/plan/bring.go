package plan

import (
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// bring plans Install and Update.
func (p *planner) bring(targets []target) error {
	var wants []want
	for _, t := range targets {
		w, ok, err := p.wanted(t)
		if err != nil {
			return err
		}
		if ok {
			wants = append(wants, w)
		}
	}
	found, wants, err := p.settle(wants)
	if err != nil {
		return err
	}
	asked := map[string]want{}
	for _, w := range wants {
		asked[w.entry.name] = w
		p.report(found, w)
	}
	for _, v := range found.vars {
		e := p.entry(v.name)
		w, isAsked := asked[v.name]
		switch v.current.kind {
		case take:
			p.change(found, v, w, isAsked)
		case keep:
			if gone := p.withdrawal(e); gone != nil && !p.told(e.name, CodeWithdrawnInstalled) {
				p.warn(e.name, e.installed.Version, Reason{Code: CodeWithdrawnInstalled, Holds: manifest.False,
					Required: gone.ReplaceWith, Actual: e.installed.Version, Because: gone.Because})
			}
		case absent:
		}
	}
	return nil
}

// told says whether a refusal of a component already gives a reason.
func (p *planner) told(component, code string) bool {
	return slices.ContainsFunc(p.refusals, func(r Refusal) bool {
		return r.Component == component && slices.ContainsFunc(r.Reasons, func(r Reason) bool { return r.Code == code })
	})
}

// wanted turns a target into something to look for. False says that there is
// nothing to look for: the component stays as it is, and the plan says why.
func (p *planner) wanted(t target) (w want, ok bool, err error) {
	e := t.entry
	if p.in.Request.Action == Update && !e.present {
		if t.named {
			p.warn(e.name, "", Reason{Code: CodeNotInstalled, Holds: manifest.False})
		}
		return want{}, false, nil
	}
	if t.version != "" {
		return p.wantedAt(t)
	}
	if len(e.offers) == 0 {
		if t.named && !e.present {
			p.refuse(Refusal{Component: e.name, Reasons: []Reason{{Code: CodeNotForPlatform,
				Fact: "os.family", Required: string(p.in.Platform), Actual: p.in.Manifest.Channel(), Holds: manifest.False}}})
		}
		return want{}, false, nil
	}
	if e.foreign() {
		if best := p.best(e); best != nil && e.newer(best) {
			p.refuse(p.foreign(e, best.release.Version))
		}
		return want{}, false, nil
	}
	w = want{entry: e}
	if _, possible := p.preferences(e, w, true).at(0); !possible {
		p.refuseAll(e, e.offers, "", false)
		return want{}, false, nil
	}
	return w, true, nil
}

// wantedAt is wanted for a component at an exact version.
func (p *planner) wantedAt(t target) (want, bool, error) {
	e := t.entry
	o := p.find(e, t.version)
	if o == nil {
		return want{}, false, &UnknownError{Component: e.name, Version: t.version,
			Nearest: Nearest(t.version, p.versions(e))}
	}
	stops := p.judge(e, o).against
	if e.at(o) {
		// It is there already: only its conditions can speak against it.
		stops = p.conditions(o.release).against
	} else if e.foreign() {
		p.refuse(p.foreign(e, o.release.Version))
		return want{}, false, nil
	}
	if len(stops) > 0 {
		r := Refusal{Component: e.name, Version: o.release.Version, Reasons: stops}
		if best := p.best(e); best != nil {
			r.Accepted = best.release.Version
		}
		p.refuse(r)
		return want{}, false, nil
	}
	return want{entry: e, exact: o}, true, nil
}

// best returns the newest offer that is accepted without a question, nil when
// there is none.
func (p *planner) best(e *entry) *offer {
	for _, o := range e.offers {
		if p.judge(e, o).accepted == manifest.True {
			return o
		}
	}
	return nil
}

// foreign refuses to change what was installed by something else.
func (p *planner) foreign(e *entry, version string) Refusal {
	return Refusal{Component: e.name, Version: version, Reasons: []Reason{{
		Code: CodeForeign, Required: version, Actual: e.installed.Version, Holds: manifest.False,
	}}}
}

// refuseAll says of each offer that is not taken why it is not.
func (p *planner) refuseAll(e *entry, offers []*offer, accepted string, chosen bool) {
	for _, o := range offers {
		if stops := p.judge(e, o).stops(); len(stops) > 0 {
			p.refuse(Refusal{Component: e.name, Version: o.release.Version, Reasons: stops,
				Accepted: accepted, Chosen: chosen})
		}
	}
}

// change adds the step that a choice stands for.
func (p *planner) change(found *search, v *variable, w want, asked bool) {
	e, o := p.entry(v.name), v.current.offer
	s := Step{Action: backend.Install, Release: o.release, Why: WhyRequested}
	if e.present {
		s.Action = backend.Update
		if e.version != nil && o.number() != nil && o.number().Compare(*e.version) < 0 {
			s.Action = backend.Downgrade
		}
	}
	switch {
	case !asked:
		s.Why, s.For = WhyNeededBy, p.needer(found, v)
	case e.present && w.exact == nil:
		s.Why = WhyNewer
	}
	p.goBack(e, o, &s)
	given := p.judge(e, o)
	s.Questions = given.questions
	p.warn(e.name, o.release.Version, given.warnings...)
	p.step(e, s)
}

// needer returns the first component whose choice cannot be beside v as it is
// today, whichever of the two has the rule.
func (p *planner) needer(found *search, v *variable) string {
	today := p.present(v.name)
	var now manifest.Release
	if r := p.entry(v.name).current; r != nil {
		now = *r
	}
	for _, i := range found.rivals(v, now) {
		other := found.vars[i]
		if p.apart(other.current.needs, other.current.conflicts, v.name, today) ||
			p.apart(now.Needs, now.Conflicts, other.name, other.current) {
			return other.name
		}
	}
	return ""
}

// apart says whether a need or a conflict with component name is broken by
// choice c of it.
func (p *planner) apart(needs, conflicts []manifest.Need, name string, c choice) bool {
	broken := func(rules []manifest.Need, conflict bool) bool {
		return slices.ContainsFunc(rules, func(n manifest.Need) bool {
			return n.Component == name && p.ranges.holds(n, c) == conflict
		})
	}
	return broken(needs, false) || broken(conflicts, true)
}

// report says of the releases newer than the one chosen why they were passed
// over, and of a component that stays what keeps it from becoming sound.
func (p *planner) report(found *search, w want) {
	e := w.entry
	v := found.vars[found.index[e.name]]
	if w.exact != nil {
		return
	}
	lost := map[*offer][]clash{}
	for i, why := range v.why[:v.pos] {
		if c, _ := v.domain(i); c.kind == take {
			lost[c.offer] = why
		}
	}
	accepted, chosen := v.current.text, true
	if v.current.kind == keep {
		accepted, chosen = p.reportKept(e, lost)
	}
	for _, o := range e.offers {
		if o == v.current.offer || v.current.kind == keep && !e.newer(o) {
			break
		}
		if e.at(o) {
			continue // left behind: its step says why
		}
		reasons := slices.Concat(p.explain(e.name, lost[o]), p.judge(e, o).stops())
		if len(reasons) > 0 {
			p.refuse(Refusal{Component: e.name, Version: o.release.Version, Reasons: reasons,
				Accepted: accepted, Chosen: chosen})
		}
	}
}

// reportKept judges what is installed and stays. It returns the version that
// is accepted, and whether that is what is there. lost says what kept the
// plan from going back.
func (p *planner) reportKept(e *entry, lost map[*offer][]clash) (accepted string, chosen bool) {
	var older *offer
	offered := false
	for _, o := range e.offers {
		offered = offered || e.at(o)
		if older == nil && !e.newer(o) && !e.at(o) && e.version != nil && p.judge(e, o).accepted == manifest.True {
			older = o
		}
	}
	against := p.unsound(e)
	if older == nil {
		p.warn(e.name, e.installed.Version, against...)
		if len(against) > 0 {
			return "", false
		}
		return e.installed.Version, true
	}
	instead := Reason{Code: CodeWouldDowngrade, Required: older.release.Version,
		Actual: e.installed.Version, Holds: manifest.False}
	because := p.explain(e.name, lost[older])
	if len(because) == 0 {
		because = []Reason{instead}
	}
	switch {
	case len(against) > 0:
		p.refuse(Refusal{Component: e.name, Version: e.installed.Version,
			Reasons: append(because, against...), Accepted: older.release.Version})
		return older.release.Version, false
	case !offered:
		p.warn(e.name, e.installed.Version, instead)
	}
	return e.installed.Version, true
}

// unsound says why an installed component should not stay as it is.
func (p *planner) unsound(e *entry) []Reason {
	var out []Reason
	if e.current != nil {
		out = append(out, p.conditions(e.current).against...)
	}
	if gone := p.withdrawal(e); gone != nil {
		out = append(out, Reason{Code: CodeWithdrawnInstalled, Required: gone.ReplaceWith,
			Actual: e.installed.Version, Holds: manifest.False, Because: gone.Because})
	}
	if pin, pinned := p.in.Request.Pins[e.name]; pinned && !sameVersion(pin, e.asOffer()) {
		out = append(out, Reason{Code: CodePinned, Required: pin, Actual: e.installed.Version, Holds: manifest.False})
	}
	if low := p.tooLow(e, e.installed.Version); low.Code == CodeBelowFloor {
		low.Code = CodeBelowFloorHere
		out = append(out, low)
	}
	return out
}

// asOffer is what is installed, to be compared with versions.
func (e *entry) asOffer() *offer {
	return &offer{release: &manifest.Release{Version: e.installed.Version}}
}
