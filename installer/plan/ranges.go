package plan

import "github.com/releve-sante/releve/manifest"

// ranges parses each constraint once, and only when a decision reaches it.
type ranges struct{ parsed map[string]*manifest.Range }

func newRanges() *ranges { return &ranges{parsed: map[string]*manifest.Range{}} }

// holds says whether choice c of component n.Component lies in the range of
// n. What is absent lies in none, and a version that cannot be compared lies
// only in the range of all.
func (r *ranges) holds(n manifest.Need, c choice) bool {
	if c.kind == absent {
		return false
	}
	if n.In == "" {
		return true
	}
	return c.version != nil && r.contains(n.In, *c.version)
}

func (r *ranges) contains(constraint string, v manifest.Version) bool {
	p, known := r.parsed[constraint]
	if !known {
		// A manifest with a constraint that cannot be read never became
		// Verified; from a receipt such a constraint contains nothing.
		if parsed, err := manifest.ParseRange(constraint); err == nil {
			p = &parsed
		}
		r.parsed[constraint] = p
	}
	return p != nil && p.Contains(v)
}
