package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// The facts that a roll-out tells machines apart by. Lists are texts with
// ", " between their entries.
const (
	factID         = "machine.id"
	factRing       = "policy.ring"
	factGroups     = "policy.groups"
	factDepartment = "policy.department"
	factFINESS     = "policy.finess"
)

const pilot = "pilot"

// mostSites is how many FINESS numbers of a roll-out a reason repeats.
const mostSites = 3

// ring says whether the channel offers a release to this machine yet. False
// says that it is offered to all, or not at all.
func (p *planner) ring(e *entry, o *offer) (Reason, bool) {
	if !o.offered {
		return Reason{}, false
	}
	r, found := p.in.Manifest.Rollout(e.name, o.release.Version)
	if !found {
		return Reason{}, false
	}
	if r.Stopped != nil {
		return Reason{Code: CodeRolloutStopped, Actual: o.release.Version, Holds: manifest.False, Because: r.Stopped.Because}, true
	}
	m := p.member(e.name, r)
	out := Reason{Code: CodeOutsideRing, Required: m.required(), Actual: m.actual(), Holds: manifest.False}
	switch {
	case m.belongs:
		out.Code, out.Holds = CodeInRing, manifest.True
	case r.Share > 0 && !m.known:
		out.Code = CodeNoIdentity
	}
	return out, true
}

// membership is what a roll-out asks and what the machine is, part by part.
type membership struct {
	belongs    bool
	known      bool // the machine has an identity
	wants, has []string
}

func (m *membership) required() string { return strings.Join(m.wants, " | ") }
func (m *membership) actual() string   { return strings.Join(m.has, " | ") }

// part compares one part of a roll-out with what the machine is.
func (m *membership) part(name string, wanted, mine []string) {
	if len(wanted) == 0 {
		return
	}
	shown := strings.Join(wanted[:min(len(wanted), mostSites)], ", ")
	if more := len(wanted) - mostSites; more > 0 {
		shown += ", … (" + strconv.Itoa(len(wanted)) + ")"
	}
	m.wants = append(m.wants, name+" = "+shown)
	if len(mine) == 0 {
		mine = []string{"-"}
	}
	m.has = append(m.has, name+" = "+strings.Join(mine, ", "))
	if slices.ContainsFunc(mine, func(s string) bool { return slices.Contains(wanted, s) }) {
		m.belongs = true
	}
}

// member asks the facts that a roll-out is about, and no other.
func (p *planner) member(component string, r manifest.Rollout) *membership {
	m := &membership{}
	if r.Pilot {
		m.part("ring", []string{pilot}, p.texts(factRing))
	}
	if len(r.FINESS) > 0 {
		m.part("finess", r.FINESS, p.texts(factFINESS))
	}
	if len(r.Departments) > 0 {
		m.part("department", r.Departments, p.texts(factDepartment))
	}
	if len(r.Groups) > 0 {
		m.part("group", r.Groups, p.texts(factGroups))
	}
	if r.Share > 0 {
		m.wants = append(m.wants, "share < "+percent(r.Share))
		if id := p.texts(factID); len(id) > 0 {
			at := position(r.Salt, component, r.Version, id[0])
			m.known = true
			m.has = append(m.has, "share "+percent(at))
			m.belongs = m.belongs || at < r.Share
		}
	}
	return m
}

// texts returns the entries of a fact that is a list, none when it is unknown.
func (p *planner) texts(path string) []string {
	v, _ := p.machine.lookup(path)
	s, _ := v.(string)
	if s == "" {
		return nil
	}
	return strings.Split(s, ", ")
}

// position is where a machine stands among all for one version of a
// component, in basis points from 0 to 9999: the first 8 bytes of a SHA-256
// over what tells the case, as a fraction of what 8 bytes can hold. It is the
// same whenever it is asked, so raising a share takes the version from
// nobody; and the salt, the component and the version make it independent
// from one roll-out to the next, so that nobody is always first.
func position(salt, component, version, id string) int {
	sum := sha256.Sum256([]byte(salt + "|" + component + "|" + version + "|" + id))
	at, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:8]), manifest.FullShare)
	return int(at)
}

// percent writes basis points: 500 is "5 %", 1234 "12.34 %".
func percent(points int) string {
	s := strconv.Itoa(points / 100)
	if rest := points % 100; rest != 0 {
		s += "." + strings.TrimSuffix(string([]byte{'0' + byte(rest/10), '0' + byte(rest%10)}), "0")
	}
	return s + " %"
}
