// Package manifesttest makes signed-looking manifests for tests of packages
// that take a manifest.Verified. It promises that what it returns came through
// manifest.Open like any other, so a test cannot hold what a workstation could
// not.
package manifesttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// Memory is an Authenticator over documents by name. It trusts what it holds.
type Memory map[string][]byte

// Authenticated implements manifest.Authenticator.
func (m Memory) Authenticated(ctx context.Context, name string) (manifest.Blob, error) {
	if err := ctx.Err(); err != nil {
		return manifest.Blob{}, err
	}
	data, ok := m[name]
	if !ok {
		return manifest.Blob{}, fmt.Errorf("document %q: %w", name, manifest.ErrNoDocument)
	}
	return manifest.Blob{Name: name, Data: slices.Clone(data)}, nil
}

// Put encodes v and stores it under name.
func (m Memory) Put(t testing.TB, name string, v any) {
	t.Helper()
	data, err := manifest.Encode(v)
	if err != nil {
		t.Fatalf("encoding document %q: %v", name, err)
	}
	m[name] = data
}

// Verified returns a manifest whose channel offers every version of every
// component, withdrawn ones included. A schema number of 0 is filled in, and so
// is every text that has no language at all, for tests that are about
// something else; everything else has to be right.
func Verified(t testing.TB, channel string, comps []manifest.Component, advisories ...manifest.Advisory) manifest.Verified {
	t.Helper()
	return RolledOut(t, channel, comps, nil, advisories...)
}

// RolledOut is Verified with the roll-outs of components by their names. A
// salt that is missing is filled in.
func RolledOut(t testing.TB, channel string, comps []manifest.Component, rollouts map[string][]manifest.Rollout, advisories ...manifest.Advisory) manifest.Verified {
	t.Helper()
	m := Memory{}
	ch := manifest.Channel{Schema: manifest.Schema, Name: channel}
	for _, c := range comps {
		c = filled(c)
		m.Put(t, manifest.ComponentPath(c.Name), c)
		if o := everything(t, c); len(o.Versions) > 0 {
			o.Rollouts = slices.Clone(rollouts[c.Name])
			for i := range o.Rollouts {
				if o.Rollouts[i].Salt == "" {
					o.Rollouts[i].Salt = strings.Repeat("0", 32)
				}
			}
			ch.Offers = append(ch.Offers, o)
		}
	}
	m.Put(t, manifest.ChannelPath(channel), ch)
	if len(advisories) > 0 {
		m.Put(t, manifest.AdvisoriesPath, manifest.Advisories{
			Schema: manifest.Schema, Advisories: filledAdvisories(advisories),
		})
	}
	v, err := manifest.Open(t.Context(), m, channel)
	if err != nil {
		t.Fatalf("opening the manifest of a test: %v", err)
	}
	return v
}

// everything offers each version of c once.
func everything(t testing.TB, c manifest.Component) manifest.Offer {
	t.Helper()
	o := manifest.Offer{Component: c.Name}
	var seen []manifest.Version
	for _, r := range c.Releases {
		v, err := manifest.ParseVersion(r.Version)
		if err != nil {
			t.Fatalf("component %q: %v", c.Name, err)
		}
		if !slices.ContainsFunc(seen, func(s manifest.Version) bool { return s.Compare(v) == 0 }) {
			seen = append(seen, v)
			o.Versions = append(o.Versions, r.Version)
		}
	}
	return o
}

// filled is a copy of c with what a test may leave out.
func filled(c manifest.Component) manifest.Component {
	if c.Schema == 0 {
		c.Schema = manifest.Schema
	}
	c.Title = text(c.Title, c.Name)
	c.Releases = slices.Clone(c.Releases)
	for i := range c.Releases {
		r := &c.Releases[i]
		r.Requires = slices.Clone(r.Requires)
		for n := range r.Requires {
			r.Requires[n].Because = text(r.Requires[n].Because, r.Requires[n].Code)
		}
		r.Probes = slices.Clone(r.Probes)
		for n := range r.Probes {
			r.Probes[n].Because = text(r.Probes[n].Because, r.Probes[n].Path)
		}
		if r.Withdrawn != nil {
			w := *r.Withdrawn
			w.Because = text(w.Because, "withdrawn")
			r.Withdrawn = &w
		}
	}
	return c
}

func filledAdvisories(list []manifest.Advisory) []manifest.Advisory {
	list = slices.Clone(list)
	for i := range list {
		a := &list[i]
		a.Title, a.Because = text(a.Title, a.ID), text(a.Because, a.ID)
		a.Remedies = slices.Clone(a.Remedies)
		for n := range a.Remedies {
			a.Remedies[n].Text = text(a.Remedies[n].Text, a.Remedies[n].Code)
		}
	}
	return list
}

// text is t, or word in both languages when t says nothing.
func text(t manifest.Text, word string) manifest.Text {
	if t == (manifest.Text{}) {
		return manifest.Text{FR: word, EN: word}
	}
	return t
}
