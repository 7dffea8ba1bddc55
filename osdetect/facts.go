// Package osdetect finds out what is known about a machine.
//
// What it promises:
//   - one reader per system copies what the system says, and one pure function
//     judges it, so that a captured machine is a test case
//   - a fact that could not be read is absent, and absent means unknown: no
//     value is ever guessed
//   - the names a system gives itself for old programs (Windows 6.2, macOS
//     10.16 and 16.0, "Windows 10" on Windows 11) never become facts
//   - facts written by Encode and read by ParseFacts are the same facts, and
//     ParseFacts accepts nothing else
//
// What it does not promise: that the components of the workstation, its
// readers and its cards are found. Their fact paths are reserved here, and
// whoever recognises them adds them with Facts.With.
package osdetect

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Facts is what is known about a machine: a flat document from fact path to a
// string, bool or int64. A path that is absent is unknown. The paths, their
// types and meaning stand in docs/facts.md.
type Facts map[string]any

// Lookup returns the value of a fact and whether it is known.
func (f Facts) Lookup(path string) (any, bool) {
	v, ok := f[path]
	return v, ok
}

// With returns a copy of the facts in which path has the given value: a
// string, bool, int or int64. An int is kept as int64; a value of any other
// type is no fact and makes the path unknown.
func (f Facts) With(path string, value any) Facts {
	next := make(Facts, len(f)+1)
	maps.Copy(next, f)
	switch v := value.(type) {
	case string, bool, int64:
		next[path] = v
	case int:
		next[path] = int64(v)
	default:
		delete(next, path)
	}
	return next
}

// Encode returns the facts as one JSON object, sorted by path, one fact on a
// line, with a final line end. Equal facts give equal bytes.
func (f Facts) Encode() []byte {
	known := make(map[string]any, len(f))
	for path, value := range f {
		switch value.(type) {
		case string, bool, int64:
			known[path] = value
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(known); err != nil {
		return nil // cannot happen: strings, booleans and integers always encode
	}
	return out.Bytes()
}
