package osdetect

// Facts is what is known about a machine: a flat document from fact path to a
// string, bool or int64. A path that is absent is unknown. The paths, their
// types and meaning stand in docs/facts.md.
type Facts map[string]any

// Lookup returns the value of a fact and whether it is known.
func (f Facts) Lookup(path string) (any, bool) {
	v, ok := f[path]
	return v, ok
}
