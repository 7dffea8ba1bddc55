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
// component off the channel. Component and versions must be known.
func (r *Repo) SetChannel(channel, component string, versions []string) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	if !isName(channel) {
		return &Error{Reason: CodeBadName, Name: channel, Expected: "[a-z0-9-]{1,32}"}
	}
	c, err := r.component(s, component)
	if err != nil {
		return err
	}
	if s.target(manifest.ComponentPath(component)) == nil {
		return &Error{Reason: CodeNoComponent, Name: component, Expected: strings.Join(s.components(), ", ")}
	}
	for _, v := range versions {
		if err := released(c, v); err != nil {
			return err
		}
	}
	doc, err := r.channel(s, channel)
	if err != nil {
		return err
	}
	doc.Offers = slices.DeleteFunc(doc.Offers, func(o manifest.Offer) bool { return o.Component == component })
	if len(versions) > 0 {
		doc.Offers = append(doc.Offers, manifest.Offer{Component: component, Versions: versions})
	}
	slices.SortFunc(doc.Offers, func(a, b manifest.Offer) int { return strings.Compare(a.Component, b.Component) })
	return r.putCatalogue(s, manifest.ChannelPath(channel), doc, func(data []byte) error {
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
	var known []string
	for _, r := range c.Releases {
		v, err := manifest.ParseVersion(r.Version)
		if err == nil && v.Compare(wanted) == 0 {
			return nil
		}
		if !slices.Contains(known, r.Version) {
			known = append(known, r.Version)
		}
	}
	return &Error{Reason: CodeNoVersion, Name: c.Name, Expected: strings.Join(known, ", "), Found: version}
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
