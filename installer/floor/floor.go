// Package floor remembers how far back each component may go on this machine:
// the highest floor that verified documents ever gave it.
//
// What it promises:
//   - What was raised stays raised. Uninstalling the component, a cache of
//     metadata that was lost, and an older document that a mirror brings back
//     lower nothing.
//   - There are two copies, each with a digest. One that is damaged is
//     replaced from the other. When neither can be read the memory is Lost,
//     and stays so until it is made again from what was verified anew: a
//     damaged file is never taken for a machine without floors.
//   - After a power cut each copy is the old or the new one.
//
// It decides nothing: what a floor permits is planning's.
package floor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	damaged = ".damaged" // added to the name of what is kept of a damaged copy
	maxSize = 4 << 20    // bytes of a copy; a floor has some hundred
	schema  = 1
)

// copies are the names of the two files in the state directory.
func copies() []string { return []string{"floors.json", "floors.copy.json"} }

// Floors is what is known by component. A component has at most one floor for
// each platform.
type Floors map[string][]manifest.Floor

// Memory is what this machine remembers.
type Memory struct {
	Floors Floors
	Lost   bool // there was a memory, and nothing of it can be read

	bad   map[string][]byte // damaged copies, as they stand
	stale bool              // a copy is damaged or missing beside the other
}

// document is a copy as it is written. Digest is the SHA-256 of the canonical
// form of Floors.
type document struct {
	Schema int    `json:"schema"`
	Digest string `json:"digest"`
	Floors Floors `json:"floors"`
}

// Load reads the memory. The errors are *DamagedError, one for each copy that
// cannot be understood, or what kept a copy from being read.
func Load(d durable.Dir) (Memory, []error) {
	m := Memory{Floors: Floors{}, bad: map[string][]byte{}}
	var (
		problems []error
		good     int
		missing  int
	)
	for _, name := range copies() {
		data, err := durable.ReadFile(d, name, maxSize)
		if errors.Is(err, fs.ErrNotExist) {
			missing++
			continue
		}
		var floors Floors
		if err == nil {
			floors, err = decode(data)
		}
		if err != nil {
			m.bad[name] = data
			problems = append(problems, &DamagedError{File: name, Cause: err})
			continue
		}
		good++
		m.Floors.raise(floors)
	}
	m.Lost = good == 0 && missing < len(copies())
	m.stale = good > 0 && good < len(copies())
	return m, problems
}

// Raise takes what verified documents say, which raises floors and lowers
// none, and makes it durable if it changes anything. A memory that is Lost is
// made again only when fresh says that the documents were verified just now.
func (m *Memory) Raise(d durable.Dir, said Floors, fresh bool) error {
	changed := m.Floors.raise(said)
	if m.Lost && !fresh || !changed && !m.stale && !m.Lost {
		return nil
	}
	data, err := encode(m.Floors)
	if err != nil {
		return fmt.Errorf("remembering the floors: %w", err)
	}
	for _, name := range copies() {
		if bad, kept := m.bad[name]; kept {
			if err := durable.WriteFile(d, name+damaged, bad, 0o600); err != nil {
				return fmt.Errorf("setting %q aside: %w", name, err)
			}
		}
		if err := durable.WriteFile(d, name, data, 0o600); err != nil {
			return fmt.Errorf("remembering the floors: %w", err)
		}
	}
	m.Lost, m.stale, m.bad = false, false, nil
	return nil
}

// raise takes over every floor that is at least as high as the one known for
// the same platform, and reports whether anything changed.
func (f Floors) raise(said Floors) bool {
	changed := false
	for _, component := range slices.Sorted(maps.Keys(said)) {
		for _, next := range said[component] {
			known := f[component]
			i := slices.IndexFunc(known, func(k manifest.Floor) bool { return k.Platform == next.Platform })
			switch {
			case i < 0:
				f[component] = append(slices.Clone(known), next)
				changed = true
			case !lower(next, known[i]) && !same(next, known[i]):
				f[component] = slices.Clone(known)
				f[component][i] = next
				changed = true
			}
		}
	}
	return changed
}

// lower says that a stands below b. What cannot be read stands below all.
func lower(a, b manifest.Floor) bool {
	x, err := manifest.ParseVersion(a.Version)
	y, err2 := manifest.ParseVersion(b.Version)
	return err != nil || err2 == nil && x.Compare(y) < 0
}

func same(a, b manifest.Floor) bool {
	return a.Version == b.Version && a.Because == b.Because && slices.Equal(a.Safe, b.Safe)
}

func encode(floors Floors) ([]byte, error) {
	sum, err := digest(floors)
	if err != nil {
		return nil, err
	}
	return manifest.Encode(document{Schema: schema, Digest: sum, Floors: floors})
}

func decode(data []byte) (Floors, error) {
	var doc document
	if err := manifest.DecodeStrict(data, &doc); err != nil {
		return nil, err
	}
	sum, err := digest(doc.Floors)
	switch {
	case err != nil:
		return nil, err
	case doc.Schema != schema:
		return nil, fmt.Errorf("schema %d", doc.Schema)
	case sum != doc.Digest:
		return nil, fmt.Errorf("digest %s, the content has %s", doc.Digest, sum)
	}
	return doc.Floors, nil
}

func digest(floors Floors) (string, error) {
	data, err := manifest.Encode(floors)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes.TrimSuffix(data, []byte("\n")))
	return hex.EncodeToString(sum[:]), nil
}

// DamagedError says that a copy of the memory cannot be understood. It is for
// the log: planning says to people what follows from a memory that is Lost.
type DamagedError struct {
	File  string // relative to the state directory
	Cause error
}

// Error implements error.
func (e *DamagedError) Error() string { return fmt.Sprintf("floors in %q: %v", e.File, e.Cause) }

// Unwrap returns what is wrong with the copy.
func (e *DamagedError) Unwrap() error { return e.Cause }
