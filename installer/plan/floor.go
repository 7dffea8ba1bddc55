package plan

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// floorOf returns the floor that holds for a component here, nil when none
// does: the highest of what its publisher says today and of what this machine
// was ever told. At equal height the document of today counts, with its list
// of safe versions.
func (p *planner) floorOf(doc *manifest.Component, name string) *manifest.Floor {
	var (
		highest *manifest.Floor
		at      *manifest.Version
	)
	said := p.in.Floors[name]
	if doc != nil {
		said = slices.Concat(doc.Floors, said)
	}
	for _, f := range said {
		v := number(f.Version)
		if (f.Platform == p.in.Platform || f.Platform == manifest.Any) && v != nil && (at == nil || v.Compare(*at) > 0) {
			highest, at = &f, v
		}
	}
	return highest
}

// tooLow says why a version must not be given to this machine. Its code is ""
// when nothing speaks against it.
func (p *planner) tooLow(e *entry, version string) Reason {
	if f := e.floor; f != nil && !f.Permits(version) {
		return Reason{Code: CodeBelowFloor, Required: strings.Join(append([]string{">= " + f.Version}, f.Safe...), " | "),
			Actual: version, Holds: manifest.False, Because: f.Because}
	}
	v := number(version)
	if p.in.FloorsLost && (v == nil || e.version == nil || v.Compare(*e.version) < 0) {
		return Reason{Code: CodeFloorLost, Actual: version, Holds: manifest.False}
	}
	return Reason{}
}

// wayBack lists what may take the place of an installed release that was
// taken back, best first: what the publisher names, what the channel offers,
// and last the version that was there before and is still kept.
func (p *planner) wayBack(e *entry) []*offer {
	gone := p.withdrawal(e)
	if gone == nil || !p.in.Request.GoBack || e.version == nil {
		return nil
	}
	var out []*offer
	for _, o := range e.offers {
		switch {
		case e.newer(o) || e.at(o):
		case sameVersion(gone.ReplaceWith, o):
			out = slices.Insert(out, 0, o)
		default:
			out = append(out, o)
		}
	}
	if previous := e.installed.Previous; previous != nil && previous.Backend == e.installed.Backend {
		out = append(out, &offer{release: previous, kept: true})
	}
	return out
}

// judgeKept gives the verdict on the version that was there before: what is
// on the machine needs no channel and no package.
func (p *planner) judgeKept(e *entry, o *offer) *verdict {
	v := p.conditions(o.release)
	if today, found := p.in.Manifest.Find(e.name, o.release.Version, p.in.Platform); found && today.Withdrawn != nil {
		v.obstacles = append(v.obstacles, withdrawnReason(CodeWithdrawn, &today))
	}
	if pin, pinned := p.in.Request.Pins[e.name]; pinned && !sameVersion(pin, o) {
		v.obstacles = append(v.obstacles, Reason{Code: CodePinned, Required: pin, Actual: o.release.Version, Holds: manifest.False})
	}
	if low := p.tooLow(e, o.release.Version); low.Code != "" {
		v.obstacles = append(v.obstacles, low)
	}
	return v
}

// withdrawnReason says that a release was taken back.
func withdrawnReason(code string, r *manifest.Release) Reason {
	return Reason{Code: code, Required: r.Withdrawn.ReplaceWith, Actual: r.Version, Holds: manifest.False, Because: r.Withdrawn.Because}
}

// goBack says of a change that it leaves a release that was taken back. The
// step of a version that is still kept is a rollback.
func (p *planner) goBack(e *entry, o *offer, s *Step) {
	gone := p.withdrawal(e)
	if gone == nil || !p.in.Request.GoBack || e.newer(o) {
		return
	}
	s.Why = WhyWithdrawn
	if o.kept {
		s.Action = backend.Rollback
	}
	p.warn(e.name, e.installed.Version, Reason{Code: CodeWithdrawnInstalled, Required: gone.ReplaceWith,
		Actual: e.installed.Version, Holds: manifest.False, Because: gone.Because})
}
