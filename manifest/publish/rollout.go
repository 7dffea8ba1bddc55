package publish

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Widening is what is added to a roll-out. Whoever is in it stays in it.
type Widening struct {
	Pilot       bool     // the pilot ring
	Share       int      // of all machines, in basis points; 0 leaves it as it is
	Groups      []string // of machines
	Departments []string // codes of départements
	FINESS      []string // numbers of sites
	All         bool     // ends the roll-out: the version is for everybody
	// Stop ends the roll-out, with the reason: who has the version keeps it,
	// nobody else gets it.
	Stop *manifest.Text
}

// Roll widens or ends the roll-out of a version on a channel. A version that
// the channel does not offer yet begins one. Refused are what would narrow a
// roll-out, and to begin one for a version that everybody has been offered;
// so is going on with one that was stopped, whose machines would be those of
// before, but not its reasons. Roll returns the roll-out, nil when the version
// is for everybody.
func (r *Repo) Roll(channel, component, version string, w Widening) (*manifest.Rollout, error) {
	s, doc, err := r.offering(channel, component, []string{version})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(doc.Offers, func(o manifest.Offer) bool { return o.Component == component })
	if i < 0 {
		doc.Offers = append(doc.Offers, manifest.Offer{Component: component})
		i = len(doc.Offers) - 1
	}
	o := &doc.Offers[i]
	o.Versions, o.Rollouts = slices.Clone(o.Versions), slices.Clone(o.Rollouts)
	if err := w.apply(o, channel, version); err != nil {
		return nil, err
	}
	if err := r.putChannel(s, doc); err != nil {
		return nil, err
	}
	if n := rolloutOf(*o, version); n >= 0 {
		return &o.Rollouts[n], nil
	}
	return nil, nil
}

// apply widens or ends the roll-out of a version in its offer.
func (w Widening) apply(o *manifest.Offer, channel, version string) error {
	name := o.Component + " " + version
	offered := slices.ContainsFunc(o.Versions, func(v string) bool { return equalVersions(v, version) })
	n := rolloutOf(*o, version)
	switch {
	case !offered && w.Stop != nil:
		return &Error{Reason: CodeNoRollout, Name: name, Found: channel}
	case offered && n < 0 && !w.All:
		return &Error{Reason: CodeForAll, Name: name, Found: channel}
	case n >= 0 && o.Rollouts[n].Stopped != nil && w.Stop == nil:
		return &Error{Reason: CodeStopped, Name: name, Found: channel}
	case n >= 0 && w.Share != 0 && w.Share < o.Rollouts[n].Share:
		return &Error{Reason: CodeNarrower, Name: name, Expected: ">= " + Percent(o.Rollouts[n].Share), Found: Percent(w.Share)}
	}
	if !offered {
		o.Versions = append(o.Versions, version)
	}
	if w.All {
		if n >= 0 {
			o.Rollouts = slices.Delete(o.Rollouts, n, n+1)
		}
		return nil
	}
	if n < 0 {
		var salt [16]byte
		_, _ = rand.Read(salt[:]) // never fails
		o.Rollouts = append(o.Rollouts, manifest.Rollout{Version: version, Salt: hex.EncodeToString(salt[:])})
		n = len(o.Rollouts) - 1
	}
	to := &o.Rollouts[n]
	if w.Stop != nil {
		to.Stopped = &manifest.Stop{Because: *w.Stop}
		return nil
	}
	to.Pilot = to.Pilot || w.Pilot
	to.Share = max(to.Share, w.Share)
	to.Groups = joined(to.Groups, w.Groups)
	to.Departments = joined(to.Departments, w.Departments)
	to.FINESS = joined(to.FINESS, w.FINESS)
	return nil
}

// joined returns what either list holds, sorted; nil for nothing.
func joined(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// rolloutOf finds the roll-out of a version, -1 when there is none.
func rolloutOf(o manifest.Offer, version string) int {
	return slices.IndexFunc(o.Rollouts, func(r manifest.Rollout) bool { return equalVersions(r.Version, version) })
}

// equalVersions compares two versions as clients do.
func equalVersions(a, b string) bool {
	x, err := manifest.ParseVersion(a)
	y, err2 := manifest.ParseVersion(b)
	return err == nil && err2 == nil && x.Compare(y) == 0
}

// Percent writes basis points for a person: 500 is "5 %".
func Percent(points int) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(float64(points)/100, 'f', 2, 64), "0"), ".") + " %"
}

// Audience says in a line to whom a roll-out offers its version.
func Audience(r manifest.Rollout) string {
	var parts []string
	add := func(name string, list []string) {
		if len(list) > 0 {
			parts = append(parts, name+" "+strings.Join(list, ", "))
		}
	}
	if r.Pilot {
		parts = append(parts, "pilot")
	}
	if r.Share > 0 {
		parts = append(parts, Percent(r.Share))
	}
	add("group", r.Groups)
	add("department", r.Departments)
	if n := len(r.FINESS); n > 0 {
		parts = append(parts, "FINESS "+strconv.Itoa(n))
	}
	text := strings.Join(parts, " | ")
	if r.Stopped != nil {
		text = strings.TrimPrefix(text+" | stopped", " | ")
	}
	return text
}
