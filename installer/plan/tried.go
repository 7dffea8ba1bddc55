package plan

import (
	"slices"
	"strconv"

	"github.com/releve-sante/releve/manifest"
)

// mostTries is how often the same change is begun on one machine before
// somebody has to ask for it by its version.
const mostTries = 2

// Tried is a change that was begun on this machine and did not last: it
// failed, or was interrupted, and was undone.
type Tried struct {
	From    string `json:"from,omitempty"`
	To      string `json:"to"`
	Package string `json:"package"` // hexadecimal SHA-256
	Times   int    `json:"times"`
	Last    string `json:"last"` // the run that tried it last
}

// tried says why an offer is not tried once more. Another package, even of the
// same version, and another version to begin with are another change. Who
// names the version has a reason to try it again.
func (p *planner) tried(e *entry, o *offer) (Reason, bool) {
	if o.release.Artifact == nil || slices.ContainsFunc(p.in.Request.Components, func(t Target) bool {
		return t.Component == e.name && t.Version != "" && sameVersion(t.Version, o)
	}) {
		return Reason{}, false
	}
	for _, t := range p.in.Tried[e.name] {
		if t.Times >= mostTries && t.From == e.installed.Version && t.To == o.release.Version && t.Package == o.release.Artifact.SHA256 {
			return Reason{Code: CodeTriedBefore, Actual: strconv.Itoa(t.Times), Source: t.Last, Holds: manifest.False}, true
		}
	}
	return Reason{}, false
}
