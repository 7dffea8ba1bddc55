package plan

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// verdict is what the planner thinks of one release, other components apart.
type verdict struct {
	holds     manifest.Truth // its confirmed conditions
	accepted  manifest.Truth // false: refused; unknown: somebody has to be asked
	rules     []Reason       // every rule, in the order of the document
	obstacles []Reason       // what stands against it besides
	ring      *Reason        // why the channel offers it to this machine; nil when to all
	against   []Reason       // why it is refused: conditions, then obstacles
	questions []Reason       // confirmed conditions nobody knows
	warnings  []Reason       // inferred conditions that are false or unknown
}

// stops is what the person is told when the release is not taken.
func (v *verdict) stops() []Reason {
	if v.accepted == manifest.False {
		return v.against
	}
	return v.questions
}

// conditions judges the rules of a release and nothing else.
func (p *planner) conditions(r *manifest.Release) *verdict {
	v := &verdict{holds: manifest.True, accepted: manifest.True}
	for _, rule := range r.Requires {
		reason := reasonOf(rule, rule.Check(p.machine.lookup))
		v.rules = append(v.rules, reason)
		if reason.Holds == manifest.True {
			continue
		}
		switch {
		case reason.Confidence == manifest.Inferred:
			v.warnings = append(v.warnings, reason)
		case reason.Holds == manifest.False:
			v.holds = manifest.False
			v.against = append(v.against, reason)
		default:
			v.questions = append(v.questions, reason)
			if v.holds == manifest.True {
				v.holds = manifest.Unknown
			}
		}
	}
	v.accepted = v.holds
	return v
}

// judge gives the verdict on an offer, once.
func (p *planner) judge(e *entry, o *offer) *verdict {
	if o.verdict == nil {
		var v *verdict
		if o.kept {
			v = p.judgeKept(e, o)
		} else {
			v = p.conditions(o.release)
			p.obstacles(e, o, v)
		}
		v.against = append(v.against, v.obstacles...)
		if len(v.against) > 0 {
			v.accepted = manifest.False
		}
		o.verdict = v
	}
	return o.verdict
}

// obstacles adds the reasons against an offer that are not conditions on the
// machine.
func (p *planner) obstacles(e *entry, o *offer, v *verdict) {
	r := o.release
	add := func(reason Reason) { v.obstacles = append(v.obstacles, reason) }
	if r.Withdrawn != nil {
		add(withdrawnReason(CodeWithdrawn, r))
	}
	if !o.offered {
		add(Reason{Code: CodeNotOffered, Required: p.in.Manifest.Channel(), Actual: r.Version, Holds: manifest.False})
	}
	if ring, limited := p.ring(e, o); limited && ring.Holds == manifest.True {
		v.ring = &ring
	} else if limited {
		add(ring)
	}
	if low := p.tooLow(e, r.Version); low.Code != "" {
		add(low)
	}
	if pin, pinned := p.in.Request.Pins[e.name]; pinned && !sameVersion(pin, o) {
		add(Reason{Code: CodePinned, Required: pin, Actual: r.Version, Holds: manifest.False})
	}
	if vain, often := p.tried(e, o); often {
		add(vain)
	}
	switch {
	case r.Artifact == nil || !p.available(r.Backend):
		add(Reason{Code: CodeNoPackage, Actual: r.Backend, Holds: manifest.False})
	case e.managed() && e.installed.Backend != r.Backend && !slices.Contains(e.installed.Others, r.Backend):
		add(Reason{Code: CodeOtherBackend, Required: r.Backend, Actual: e.installed.Backend, Holds: manifest.False})
	}
}

func sameVersion(text string, o *offer) bool {
	if text == o.release.Version {
		return true
	}
	v := number(text)
	return v != nil && o.number() != nil && v.Compare(*o.number()) == 0
}

func (p *planner) available(name string) bool {
	return name != "" && (len(p.in.Backends) == 0 || slices.Contains(p.in.Backends, name))
}

// reasonOf says in one line why a rule has its value: by the comparisons that
// have that value themselves, else by those that do not hold (a rule is
// unknown where the limits of what was verified do not hold).
func reasonOf(rule manifest.Rule, result manifest.Result) Reason {
	r := Reason{
		Code: rule.Code, Holds: result.Holds, Because: rule.Because, Remedy: rule.Remedy,
		Source: rule.Source, Confidence: rule.Confidence,
	}
	if r.Confidence == "" {
		r.Confidence = manifest.Confirmed
	}
	var decisive, failing []manifest.Leaf
	for _, leaf := range result.Leaves {
		if leaf.Holds == result.Holds {
			decisive = append(decisive, leaf)
		}
		if leaf.Holds != manifest.True {
			failing = append(failing, leaf)
		}
	}
	if len(decisive) == 0 {
		decisive = failing
	}
	r.Fact, r.Required, r.Actual = summary(decisive)
	return r
}

// summary joins comparisons. Of one fact it gives "= 10, = 11" and "12"; of
// several it writes each fact before what is required and found.
func summary(leaves []manifest.Leaf) (fact, required, actual string) {
	var facts, wants, finds []string
	for _, l := range leaves {
		if !slices.Contains(facts, l.Fact) {
			facts = append(facts, l.Fact)
		}
	}
	for _, l := range leaves {
		want, found := l.Required, l.Actual
		if len(facts) > 1 {
			want = l.Fact + " " + want
			if found != "" {
				found = l.Fact + " " + found
			}
		}
		if !slices.Contains(wants, want) {
			wants = append(wants, want)
		}
		if found != "" && !slices.Contains(finds, found) {
			finds = append(finds, found)
		}
	}
	return strings.Join(facts, ", "), strings.Join(wants, ", "), strings.Join(finds, ", ")
}
