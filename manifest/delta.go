package manifest

import "strconv"

// DeltaFrom returns the delta of r that begins at a version and is smaller
// than the package itself; nil when there is none.
func (r *Release) DeltaFrom(version string) *Delta {
	if r.Artifact == nil || r.Artifact.Plain == nil {
		return nil
	}
	have, err := ParseVersion(version)
	if err != nil {
		return nil
	}
	for i := range r.Deltas {
		d := &r.Deltas[i]
		if from, err := ParseVersion(d.From); err == nil && from.Compare(have) == 0 && d.Length < r.Artifact.Length {
			return d
		}
	}
	return nil
}

// checkDeltas checks the deltas of a release whose version can be read.
func (r *Release) checkDeltas(component string) *SyntaxError {
	if len(r.Deltas) == 0 {
		return nil
	}
	if r.Artifact == nil || r.Artifact.Plain == nil {
		return missing("plain").under("artifact") // what they are to rebuild
	}
	if n := len(r.Deltas); n > MaxDeltas {
		return outside("deltas", "<= "+strconv.Itoa(MaxDeltas), strconv.Itoa(n))
	}
	own, err := ParseVersion(r.Version)
	if err != nil {
		return badVersion(r.Version).under("version")
	}
	seen := map[releaseKey]bool{keyOf(own): true} // one from itself is a duplicate too
	for i := range r.Deltas {
		d := &r.Deltas[i]
		from, err := ParseVersion(d.From)
		if err != nil {
			return badVersion(d.From).under("from").entry("deltas", i)
		}
		if err := checkTarget(component, d.Path, d.Length, d.SHA256); err != nil {
			return err.entry("deltas", i)
		}
		k := keyOf(from)
		if seen[k] {
			return duplicate("from", d.From).entry("deltas", i)
		}
		seen[k] = true
	}
	return nil
}
