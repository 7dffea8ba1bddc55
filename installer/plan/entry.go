package plan

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// entry is one component as the planner sees it.
type entry struct {
	name      string
	doc       *manifest.Component // nil when the manifest does not know it
	installed Installed
	present   bool
	current   *manifest.Release // of the installed version; nil when nothing describes it
	version   *manifest.Version // installed; nil when absent or not to be compared
	floor     *manifest.Floor   // how far back it may go; nil when nobody limits it
	offers    []*offer          // newest first
	links     []string          // components its releases need, sorted
}

// offer is a release that might be taken.
type offer struct {
	release *manifest.Release
	offered bool              // by the channel
	kept    bool              // the version before, still on this machine
	read    bool              // version is set
	version *manifest.Version // of release; nil when not to be compared
	verdict *verdict
}

// number returns the version of the release, read when first asked for; nil
// when it cannot be compared.
func (o *offer) number() *manifest.Version {
	if !o.read {
		o.read, o.version = true, number(o.release.Version)
	}
	return o.version
}

// number reads a version, nil when it cannot be compared.
func number(text string) *manifest.Version {
	v, err := manifest.ParseVersion(text)
	if err != nil {
		return nil
	}
	return &v
}

// managed says that the component is there and that something can change it.
func (e *entry) managed() bool { return e.present && e.installed.Backend != "" }

// newer says whether o is newer than what is installed. What cannot be
// compared is not.
func (e *entry) newer(o *offer) bool {
	return e.version != nil && o.number() != nil && o.number().Compare(*e.version) > 0
}

// at says whether o is the version that is installed.
func (e *entry) at(o *offer) bool {
	return e.present && sameVersion(e.installed.Version, o)
}

// foreign says that the component is there and that nothing here put it there.
func (e *entry) foreign() bool { return e.present && e.installed.Backend == "" }

// entry returns the component of that name, known or not.
func (p *planner) entry(name string) *entry {
	if e, again := p.entries[name]; again {
		return e
	}
	e := &entry{name: name, installed: p.in.Installed[name]}
	p.entries[name] = e
	e.doc, _ = p.in.Manifest.Component(name)
	e.floor = p.floorOf(e.doc, name)
	e.present = e.installed.Version != ""
	if e.present {
		e.version = number(e.installed.Version)
		e.current = p.describe(e)
	}
	releases := p.in.Manifest.Offered(name, p.in.Platform)
	offers := make([]offer, len(releases))
	e.offers = make([]*offer, len(releases))
	for i := range releases {
		offers[i] = offer{release: &releases[i], offered: true}
		e.offers[i] = &offers[i]
	}
	e.links = linksOf(e, p.in.Request.GoBack)
	return e
}

// describe finds the release of what is installed: what was said of it when
// it was installed, else what the manifest says.
func (p *planner) describe(e *entry) *manifest.Release {
	if e.installed.Release != nil {
		return e.installed.Release
	}
	if r, found := p.in.Manifest.Find(e.name, e.installed.Version, p.in.Platform); found {
		return &r
	}
	return nil
}

// withdrawal returns how the manifest takes back the installed release today,
// whatever was said when it was installed.
func (p *planner) withdrawal(e *entry) *manifest.Withdrawal {
	if r, found := p.in.Manifest.Find(e.name, e.installed.Version, p.in.Platform); found {
		return r.Withdrawn
	}
	return nil
}

// describeTo adds to a step how its component is recognised on platform, which
// files it must not lose and what uses it: from the manifest, else as it was
// when the component was installed.
func (e *entry) describeTo(s *Step, platform manifest.Platform) {
	if e.doc == nil {
		s.Evidence, s.Settings, s.Programs = e.installed.Evidence, e.installed.Settings, e.installed.Programs
		return
	}
	s.Evidence = e.doc.EvidenceOn(platform)
	for _, setting := range e.doc.Settings {
		if setting.Platform == platform || setting.Platform == manifest.Any {
			s.Settings = append(s.Settings, setting)
		}
	}
	for _, program := range e.doc.Programs {
		if program.Platform == platform {
			s.Programs = append(s.Programs, program)
		}
	}
}

func linksOf(e *entry, back bool) []string {
	var out []string
	add := func(needs []manifest.Need) {
		for _, n := range needs {
			if n.Component != e.name && (len(out) == 0 || out[len(out)-1] != n.Component) {
				out = append(out, n.Component)
			}
		}
	}
	for _, o := range e.offers {
		add(o.release.Needs)
	}
	if e.current != nil {
		add(e.current.Needs)
	}
	if back && e.installed.Previous != nil {
		add(e.installed.Previous.Needs)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// find returns the offer of an exact version, offered by the channel or not,
// nil when there is no such release for this platform.
func (p *planner) find(e *entry, version string) *offer {
	for _, o := range e.offers {
		if sameVersion(version, o) {
			return o
		}
	}
	if r, found := p.in.Manifest.Find(e.name, version, p.in.Platform); found {
		return &offer{release: &r}
	}
	return nil
}

// versions lists the versions of e for this platform, for the nearest name.
func (p *planner) versions(e *entry) []string {
	var out []string
	if e.doc == nil {
		return nil
	}
	for _, r := range e.doc.Releases {
		if r.Platform == p.in.Platform || r.Platform == manifest.Any {
			out = append(out, r.Version)
		}
	}
	return out
}
