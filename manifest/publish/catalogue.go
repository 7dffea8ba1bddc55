package publish

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// SetChannel says which versions of a component a channel offers, newest
// first or not, and makes the channel if need be. No versions take the
// component off the channel. Component and versions must be known. The
// roll-out of a version that stays goes on; a version that is new here is for
// everybody at once.
func (r *Repo) SetChannel(channel, component string, versions []string) error {
	s, doc, err := r.offering(channel, component, versions)
	if err != nil {
		return err
	}
	var rollouts []manifest.Rollout
	doc.Offers = slices.DeleteFunc(doc.Offers, func(o manifest.Offer) bool {
		if o.Component != component {
			return false
		}
		for _, v := range versions {
			if i := rolloutOf(o, v); i >= 0 {
				rollouts = append(rollouts, o.Rollouts[i])
			}
		}
		return true
	})
	if len(versions) > 0 {
		doc.Offers = append(doc.Offers, manifest.Offer{Component: component, Versions: versions, Rollouts: rollouts})
	}
	return r.putChannel(s, doc)
}

// offering reads a channel, or begins one, to offer versions that must be
// known.
func (r *Repo) offering(channel, component string, versions []string) (*state, *manifest.Channel, error) {
	if !isName(channel) {
		return nil, nil, &Error{Reason: CodeBadName, Name: channel, Expected: "[a-z0-9-]{1,32}"}
	}
	s, c, err := r.existing(component)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range versions {
		if err := released(c, v); err != nil {
			return nil, nil, err
		}
	}
	doc, err := r.channel(s, channel)
	return s, doc, err
}

// putChannel has the catalogue sign a channel.
func (r *Repo) putChannel(s *state, doc *manifest.Channel) error {
	slices.SortFunc(doc.Offers, func(a, b manifest.Offer) int { return strings.Compare(a.Component, b.Component) })
	return r.putCatalogue(s, manifest.ChannelPath(doc.Name), doc, func(data []byte) error {
		_, err := manifest.ParseChannel(data)
		return err
	})
}

// SetAdvisories replaces the advisories by the document data.
func (r *Repo) SetAdvisories(data []byte) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	doc, err := manifest.ParseAdvisories(data)
	if err != nil {
		return &Error{Reason: CodeBadDocument, Name: manifest.AdvisoriesPath, Cause: err}
	}
	return r.putCatalogue(s, manifest.AdvisoriesPath, doc, func(data []byte) error {
		_, err := manifest.ParseAdvisories(data)
		return err
	})
}

// putCatalogue writes a document of the catalogue role after check accepted
// what clients will read.
func (r *Repo) putCatalogue(s *state, path string, doc any, check func([]byte) error) error {
	data, err := manifest.Encode(doc)
	if err != nil {
		return &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	if err := check(data); err != nil {
		return &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	return r.putSigned(s, path, data)
}

// putSigned writes a document and has the role that covers its path sign it.
// Without the key of that role nothing is written.
func (r *Repo) putSigned(s *state, path string, data []byte) error {
	role := s.roleOf(path)
	if err := r.ready(s, role); err != nil {
		return err
	}
	if err := r.put(s, path, data); err != nil {
		return err
	}
	return r.sign(s, role)
}

// channel reads the document of a channel, or begins one.
func (r *Repo) channel(s *state, name string) (*manifest.Channel, error) {
	path := manifest.ChannelPath(name)
	data, err := r.document(s, path)
	if errors.Is(err, fs.ErrNotExist) {
		return &manifest.Channel{Schema: manifest.Schema, Name: name, Offers: []manifest.Offer{}}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := manifest.ParseChannel(data)
	if err != nil {
		return nil, &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	return c, nil
}

// released refuses a version that the component has on no platform.
func released(c *manifest.Component, version string) error {
	wanted, err := manifest.ParseVersion(version)
	if err != nil {
		return &Error{Reason: CodeBadName, Name: version, Cause: err}
	}
	for _, r := range c.Releases {
		v, err := manifest.ParseVersion(r.Version)
		if err == nil && v.Compare(wanted) == 0 {
			return nil
		}
	}
	return &Error{Reason: CodeNoVersion, Name: c.Name, Expected: strings.Join(versionsOf(c), ", "), Found: version}
}

// versionsOf lists the versions of a component, each once.
func versionsOf(c *manifest.Component) []string {
	var known []string
	for _, r := range c.Releases {
		if !slices.Contains(known, r.Version) {
			known = append(known, r.Version)
		}
	}
	return known
}

// paths lists what all roles together sign, sorted.
func (s *state) paths() []string {
	all := map[string]bool{}
	for _, t := range s.roles {
		for path := range t.Signed.Targets {
			all[path] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// components lists the components that have a document.
func (s *state) components() []string { return s.named("components/", "/component.json") }

// channels lists the channels.
func (s *state) channels() []string { return s.named("channels/", ".json") }

// named lists what stands between prefix and suffix in the signed paths.
func (s *state) named(prefix, suffix string) []string {
	var names []string
	for _, path := range s.paths() {
		name, starts := strings.CutPrefix(path, prefix)
		name, ends := strings.CutSuffix(name, suffix)
		if starts && ends && isName(name) {
			names = append(names, name)
		}
	}
	return names
}
