package publish

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Withdraw takes a version of a component back, on one platform or, with "",
// on all that have it, and returns those. Clients refuse it from the next
// publication on and tell whoever has it. The version that the withdrawal
// names in its place has to exist there and to be in order. Withdrawing again
// replaces the reason. The role that covers the component signs.
func (r *Repo) Withdraw(component, version string, platform manifest.Platform, w manifest.Withdrawal) ([]manifest.Platform, error) {
	s, c, err := r.existing(component)
	if err != nil {
		return nil, err
	}
	var done []manifest.Platform
	for i := range c.Releases {
		release := &c.Releases[i]
		if !equalVersions(release.Version, version) || platform != "" && release.Platform != platform {
			continue
		}
		if w.ReplaceWith != "" && !replaces(c, release, w.ReplaceWith) {
			return nil, &Error{Reason: CodeNoReplacement, Name: component + " " + release.Version + " " + string(release.Platform),
				Expected: strings.Join(replacements(c, release), ", "), Found: w.ReplaceWith}
		}
		release.Withdrawn = &w
		done = append(done, release.Platform)
	}
	if len(done) == 0 {
		return nil, &Error{Reason: CodeNoVersion, Name: component, Expected: strings.Join(versionsOf(c), ", "),
			Found: strings.TrimSpace(version + " " + string(platform))}
	}
	return done, r.putComponent(s, c)
}

// SetFloor says how far back machines of a platform may go, and which older
// versions are safe all the same. A floor is raised and never lowered, since a
// machine that has seen it keeps it; what it holds back by mistake is listed
// as safe. A version that has no release can be a floor only beside such a
// list: that is how a floor that was set by mistake, or with a stolen key, is
// lived with. The role that covers the component signs.
func (r *Repo) SetFloor(component string, f manifest.Floor) error {
	s, c, err := r.existing(component)
	if err != nil {
		return err
	}
	known := f.Safe
	if len(known) == 0 {
		known = []string{f.Version}
	}
	for _, v := range known {
		if err := released(c, v); err != nil {
			return err
		}
	}
	i := slices.IndexFunc(c.Floors, func(old manifest.Floor) bool { return old.Platform == f.Platform })
	if i < 0 {
		c.Floors = append(c.Floors, f)
		return r.putComponent(s, c)
	}
	if old := c.Floors[i]; !(manifest.Floor{Version: old.Version}).Permits(f.Version) {
		return &Error{Reason: CodeLowerFloor, Name: component + " " + string(f.Platform), Expected: ">= " + old.Version, Found: f.Version}
	}
	c.Floors[i] = f
	return r.putComponent(s, c)
}

// existing reads the document of a component that has one.
func (r *Repo) existing(name string) (*state, *manifest.Component, error) {
	s, err := r.load()
	if err != nil {
		return nil, nil, err
	}
	c, err := r.component(s, name)
	if err != nil {
		return nil, nil, err
	}
	if s.target(manifest.ComponentPath(name)) == nil {
		return nil, nil, &Error{Reason: CodeNoComponent, Name: name, Expected: strings.Join(s.components(), ", ")}
	}
	return s, c, nil
}

// putComponent has the role of a component sign its document.
func (r *Repo) putComponent(s *state, c *manifest.Component) error {
	path := manifest.ComponentPath(c.Name)
	data, err := encodeComponent(path, c)
	if err != nil {
		return err
	}
	return r.putSigned(s, path, data)
}

// replaces says whether a version can stand in for a release: it is another
// one, for the same machines, and nobody took it back.
func replaces(c *manifest.Component, gone *manifest.Release, version string) bool {
	return slices.ContainsFunc(replacements(c, gone), func(v string) bool { return equalVersions(v, version) })
}

// replacements lists the versions that could stand in for a release.
func replacements(c *manifest.Component, gone *manifest.Release) []string {
	var out []string
	for _, r := range c.Releases {
		fits := r.Platform == gone.Platform || r.Platform == manifest.Any
		if fits && r.Withdrawn == nil && !equalVersions(r.Version, gone.Version) {
			out = append(out, r.Version)
		}
	}
	return out
}
