package manifest

import (
	"maps"
	"slices"
)

// Verified is what came through an Authenticator: one channel with the
// components it offers and the advisories. Its zero value holds nothing, and
// only Open returns a usable one. What its methods return is shared and must
// not be changed. It is safe for concurrent use.
type Verified struct{ c *contents }

type contents struct {
	channel    Channel
	components map[string]*Component
	offered    map[string][]int     // component to indexes of its releases, newest first
	rollouts   map[string][]Rollout // component to those of its versions that are not for all
	advisories []Advisory
	digest     string
}

// Channel returns the name of the channel, "" of the zero value.
func (v Verified) Channel() string {
	if v.c == nil {
		return ""
	}
	return v.c.channel.Name
}

// Components returns the names of the components of the channel, sorted.
func (v Verified) Components() []string {
	if v.c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(v.c.components))
}

// Component returns the document of a component of the channel.
func (v Verified) Component(name string) (*Component, bool) {
	if v.c == nil {
		return nil, false
	}
	c, ok := v.c.components[name]
	return c, ok
}

// Offered returns the releases of a component that the channel offers and
// that are made for p or for any platform, newest first; withdrawn ones are
// among them, for a machine may hold one.
func (v Verified) Offered(name string, p Platform) []Release {
	c, ok := v.Component(name)
	if !ok {
		return nil
	}
	out := make([]Release, 0, len(v.c.offered[name]))
	for _, i := range v.c.offered[name] {
		if r := &c.Releases[i]; r.Platform == p || r.Platform == Any {
			out = append(out, *r)
		}
	}
	return out
}

// Find returns the release of a component that is equal to version and made
// for p or for any platform, whether the channel offers it or not.
func (v Verified) Find(name, version string, p Platform) (Release, bool) {
	c, ok := v.Component(name)
	if !ok {
		return Release{}, false
	}
	want, err := ParseVersion(version)
	if err != nil {
		return Release{}, false
	}
	for i := range c.Releases {
		r := &c.Releases[i]
		if r.Platform != p && r.Platform != Any {
			continue
		}
		if got, err := ParseVersion(r.Version); err == nil && got.Compare(want) == 0 {
			return *r, true
		}
	}
	return Release{}, false
}

// Advisories returns the alerts, in the order of their document.
func (v Verified) Advisories() []Advisory {
	if v.c == nil {
		return nil
	}
	return slices.Clone(v.c.advisories)
}

// Digest names the signed documents behind v: hexadecimal SHA-256 over the
// names and digests of all that was read, in an order of its own; "" of the
// zero value.
func (v Verified) Digest() string {
	if v.c == nil {
		return ""
	}
	return v.c.digest
}
