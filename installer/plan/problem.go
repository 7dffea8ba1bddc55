package plan

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// want is a component that must end in one of several states.
type want struct {
	entry *entry
	exact *offer // the only release that will do; nil: the newest that can be had
}

// problem turns the wanted components, what is installed and all that either
// may need into variables, in the order in which the search decides.
func (p *planner) problem(wants []want) []*variable {
	wanted := make(map[string]want, len(wants))
	roots := make([]string, 0, len(wants)+len(p.in.Installed))
	for _, w := range wants {
		wanted[w.entry.name] = w
		roots = append(roots, w.entry.name)
	}
	for name := range p.in.Installed {
		roots = append(roots, name)
	}
	order := p.dependentsFirst(roots)
	slices.SortStableFunc(order, func(a, b *entry) int {
		_, first := wanted[a.name]
		_, second := wanted[b.name]
		switch {
		case first == second:
			return 0
		case first:
			return -1
		}
		return 1
	})
	vars := make([]*variable, len(order))
	for i, e := range order {
		w, asked := wanted[e.name]
		d := p.preferences(e, w, asked)
		vars[i] = &variable{name: e.name, domain: d.at}
	}
	return vars
}

// dependentsFirst returns roots and everything their releases may need, each
// before what it needs, equal ranks by name. In a circle of needs the first by
// name comes first.
func (p *planner) dependentsFirst(roots []string) []*entry {
	slices.Sort(roots)
	roots = slices.Compact(roots)
	seen := map[string]bool{}
	var out []*entry
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		e := p.entry(name)
		for _, link := range slices.Backward(e.links) {
			visit(link)
		}
		out = append(out, e)
	}
	for _, name := range slices.Backward(roots) {
		visit(name)
	}
	slices.Reverse(out)
	return out
}

// domain is the list of what a component can become, best first. It judges a
// release only when the search gets there.
type domain struct {
	planner *planner
	entry   *entry
	made    []choice
	offers  []*offer // not yet judged, newest first
	ask     bool     // releases with unknown conditions come after the others
	unknown []choice
	last    []choice // after all
}

// preferences orders what e can become. A component nobody asked for stays as
// it is when it can. Nothing becomes older than it is, unless exactly that
// release is wanted. What is unknown comes after everything definite; for a
// wanted component "as it is" counts as definite unless its own conditions say
// otherwise.
func (p *planner) preferences(e *entry, w want, asked bool) *domain {
	d := &domain{planner: p, entry: e, ask: true}
	switch {
	case asked && w.exact != nil && e.at(w.exact):
		d.made = []choice{p.stay(e, true)}
	case asked && w.exact != nil:
		d.made = []choice{p.take(w.exact)}
	case !e.present && asked:
		d.offers = e.offers
	case !e.present:
		d.made, d.offers = []choice{{}}, e.offers
	case e.installed.Backend == "":
		d.made = []choice{p.stay(e, asked)}
	default:
		d.offers = e.offers
		if n := slices.IndexFunc(e.offers, func(o *offer) bool { return !e.newer(o) }); n >= 0 {
			d.offers = e.offers[:n]
		}
		if asked {
			d.offers = slices.Concat(d.offers, p.wayBack(e))
		}
		if !asked {
			d.made = []choice{p.stay(e, false)}
			return d
		}
		d.last = []choice{p.stay(e, true)}
		d.ask = p.withdrawal(e) != nil || e.current != nil && p.conditions(e.current).holds != manifest.True
	}
	return d
}

// at returns the i-th preference.
func (d *domain) at(i int) (choice, bool) {
	for len(d.made) <= i {
		switch {
		case len(d.offers) > 0:
			o := d.offers[0]
			d.offers = d.offers[1:]
			switch d.planner.judge(d.entry, o).accepted {
			case manifest.True:
				d.made = append(d.made, d.planner.take(o))
			case manifest.Unknown:
				if d.ask {
					d.unknown = append(d.unknown, d.planner.take(o))
				}
			}
		case len(d.unknown) > 0:
			d.made, d.unknown = append(d.made, d.unknown...), nil
		case len(d.last) > 0:
			d.made, d.last = append(d.made, d.last...), nil
		default:
			return choice{}, false
		}
	}
	return d.made[i], true
}

// take is the choice of a release.
func (p *planner) take(o *offer) choice {
	return choice{kind: take, text: o.release.Version, version: o.number(), offer: o,
		needs: o.release.Needs, conflicts: o.release.Conflicts}
}

// stay is the choice of leaving an installed component as it is. What it
// needs of the others is asked only where it is met today, unless the
// component was asked for: nobody repairs what nobody named.
func (p *planner) stay(e *entry, asked bool) choice {
	c := choice{kind: keep, text: e.installed.Version, version: e.version}
	if e.current == nil {
		return c
	}
	if asked {
		c.needs, c.conflicts = e.current.Needs, e.current.Conflicts
		return c
	}
	for _, n := range e.current.Needs {
		if p.ranges.holds(n, p.present(n.Component)) {
			c.needs = append(c.needs, n)
		}
	}
	for _, n := range e.current.Conflicts {
		if !p.ranges.holds(n, p.present(n.Component)) {
			c.conflicts = append(c.conflicts, n)
		}
	}
	return c
}

// present is the state of a component as a choice: as it is, asking nothing.
func (p *planner) present(name string) choice {
	e := p.entry(name)
	if !e.present {
		return choice{}
	}
	return choice{kind: keep, text: e.installed.Version, version: e.version}
}
