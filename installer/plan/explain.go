package plan

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// Explanation is what can be said of a component, or of one version of it, on
// this machine.
type Explanation struct {
	Component string    `json:"component"`
	Installed string    `json:"installed,omitempty"` // version, "" when absent
	Releases  []Verdict `json:"releases"`            // newest first
	Newest    string    `json:"newest,omitempty"`    // newest release that would be accepted, "" when there is none
}

// Verdict is what is thought of one release.
type Verdict struct {
	Version   string         `json:"version"`
	Date      string         `json:"date,omitempty"` // YYYY-MM-DD, as the publisher printed it
	Accepted  bool           `json:"accepted"`       // it would be taken, and nobody asked
	Holds     manifest.Truth `json:"holds"`          // its confirmed conditions
	Reasons   []Reason       `json:"reasons"`        // every rule, those that hold too; then what stands against it besides
	Withdrawn bool           `json:"withdrawn,omitempty"`
	Offered   bool           `json:"offered"` // by the channel

	// Provenance is what its publisher signed about who built it. Nobody has
	// looked into the attestation on this machine.
	Provenance *manifest.Provenance `json:"provenance,omitempty"`
}

// Explain judges the releases of a component for this machine: all that the
// channel offers, or the one that t names, offered or not. A release is
// accepted when it could be taken together with what is installed. The
// errors are those of Make.
func Explain(in Input, t Target) (Explanation, error) {
	p := newPlanner(in)
	if !p.known(t.Component) {
		return Explanation{}, &UnknownError{Component: t.Component, Nearest: Nearest(t.Component, p.names())}
	}
	e := p.entry(t.Component)
	shown := e.offers
	if t.Version != "" {
		o := p.find(e, t.Version)
		if o == nil {
			return Explanation{}, &UnknownError{Component: e.name, Version: t.Version,
				Nearest: Nearest(t.Version, p.versions(e))}
		}
		shown = []*offer{o}
	}
	out := Explanation{Component: e.name, Installed: e.installed.Version, Releases: []Verdict{}}
	for _, o := range shown {
		v, err := p.verdictOn(e, o)
		if err != nil {
			return Explanation{}, err
		}
		if _, limited := p.ring(e, o); t.Version != "" && o.offered && !limited {
			v.Reasons = append(v.Reasons, Reason{Code: CodeForAll, Holds: manifest.True})
		}
		out.Releases = append(out.Releases, v)
	}
	for _, o := range e.offers {
		v, err := p.verdictOn(e, o)
		if err != nil {
			return Explanation{}, err
		}
		if v.Accepted {
			out.Newest = v.Version
			break
		}
	}
	return out, nil
}

// verdictOn judges a release by itself and then together with the others.
func (p *planner) verdictOn(e *entry, o *offer) (Verdict, error) {
	given := p.judge(e, o)
	out := Verdict{
		Version:   o.release.Version,
		Date:      o.release.Date,
		Accepted:  given.accepted == manifest.True,
		Holds:     given.holds,
		Reasons:   slices.Concat([]Reason{}, given.rules, given.obstacles),
		Withdrawn: o.release.Withdrawn != nil,
		Offered:   o.offered,

		Provenance: o.release.Provenance,
	}
	if given.ring != nil {
		out.Reasons = append(out.Reasons, *given.ring)
	}
	if given.accepted == manifest.False {
		return out, nil
	}
	s := newSearch(p.problem([]want{{entry: e, exact: o}}), p.ranges, p.budget)
	ok, err := s.run()
	if err != nil {
		return Verdict{}, err
	}
	if !ok {
		out.Accepted = false
		out.Reasons = append(out.Reasons, p.explain(e.name, s.dead)...)
	}
	return out, nil
}
