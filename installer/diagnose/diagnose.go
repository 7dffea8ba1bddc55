// Package diagnose says which alerts concern a machine, and why.
//
// What it promises:
//   - equal alerts and equal facts give equal findings: there is no clock, no
//     file and no network in it
//   - every finding names the comparisons that led to it, each with what the
//     alert is about and what is there
//   - nothing but an alert that is established and certainly applies blocks:
//     an inference, or a fact nobody knows, makes it a warning at most
//
// What it does not promise: that a machine without findings works. It knows
// the alerts it was given and the facts that were read.
package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Finding is one alert that concerns the machine, or may.
type Finding struct {
	ID         string              `json:"id"` // of the alert, for example "PDT-INF-873"
	Severity   manifest.Severity   `json:"severity"`
	Holds      manifest.Truth      `json:"holds"` // true, or unknown when a fact is missing
	Title      manifest.Text       `json:"title"`
	Because    manifest.Text       `json:"because"`
	Reasons    []manifest.Leaf     `json:"reasons"` // the comparisons that led here, in the order of the alert
	Remedies   []manifest.Remedy   `json:"remedies,omitempty"`
	Source     string              `json:"source,omitempty"`
	Confidence manifest.Confidence `json:"confidence"` // confirmed or inferred
}

// Run returns the findings, worst first, then by ID.
//
// The severity of a finding can be below that of its alert. An inferred alert
// does not block. One that may apply, because a fact is unknown, ranks one
// step lower, and is left out when it is an inference, when it was only good
// to know, or when nothing but the family of the system points to it: on a
// machine nobody knows anything of, every alert would be unknown.
func Run(advisories []manifest.Advisory, facts manifest.Lookup) []Finding {
	found := []Finding{}
	for _, a := range advisories {
		if f, concerns := judge(a, facts); concerns {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), strings.Compare(a.ID, b.ID))
	})
	return found
}

// The statuses of a diagnosis, as a program ends with them.
const (
	AllWell  = 0
	Blocked  = 3  // at least one finding blocks
	Findings = 10 // there are findings, and none blocks
)

// Status returns the status for the findings: AllWell, Findings or Blocked.
func Status(findings []Finding) int {
	switch {
	case len(findings) == 0:
		return AllWell
	case slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == manifest.Blocking }):
		return Blocked
	}
	return Findings
}

// judge returns the finding that an alert makes, if it makes one.
func judge(a manifest.Advisory, facts manifest.Lookup) (f Finding, concerns bool) {
	holds, reasons := weigh(a.When, facts)
	f = Finding{
		ID: a.ID, Severity: a.Severity, Holds: holds, Title: a.Title, Because: a.Because, Reasons: reasons,
		Remedies: a.Remedies, Source: a.Source, Confidence: cmp.Or(a.Confidence, manifest.Confirmed),
	}
	switch {
	case holds == manifest.False:
		return Finding{}, false
	case holds == manifest.Unknown:
		if f.Confidence == manifest.Inferred || a.Severity == manifest.Info || !pointed(reasons) {
			return Finding{}, false
		}
		f.Severity = lower(a.Severity)
	case f.Confidence == manifest.Inferred && a.Severity == manifest.Blocking:
		f.Severity = lower(a.Severity)
	}
	return f, true
}

// weigh evaluates a condition and returns the comparisons that matter for its
// value: of alternatives only those that could make it true.
func weigh(c manifest.Condition, facts manifest.Lookup) (manifest.Truth, []manifest.Leaf) {
	whole := c.Eval(facts)
	if len(c.All) == 0 && len(c.Any) == 0 {
		return whole.Holds, without(whole.Leaves, manifest.False)
	}
	var leaves []manifest.Leaf
	for _, part := range slices.Concat(c.All, c.Any) {
		holds, inner := weigh(part, facts)
		if len(c.Any) > 0 && holds != whole.Holds {
			continue // another alternative decided
		}
		leaves = append(leaves, inner...)
	}
	return whole.Holds, leaves
}

// without returns the comparisons with another value than t.
func without(leaves []manifest.Leaf, t manifest.Truth) []manifest.Leaf {
	return slices.DeleteFunc(slices.Clone(leaves), func(l manifest.Leaf) bool { return l.Holds == t })
}

// pointed reports whether something that is known speaks for the alert.
func pointed(reasons []manifest.Leaf) bool {
	return slices.ContainsFunc(reasons, func(l manifest.Leaf) bool {
		return l.Holds == manifest.True && l.Fact != "os.family"
	})
}

// lower returns the severity one step below.
func lower(s manifest.Severity) manifest.Severity {
	if s == manifest.Blocking {
		return manifest.Warning
	}
	return manifest.Info
}

// rank orders severities, the worst first.
func rank(s manifest.Severity) int {
	switch s {
	case manifest.Blocking:
		return 0
	case manifest.Warning:
		return 1
	}
	return 2
}
