package plan

// freeBytes is the fact that tells how much fits on the disk. It changes by
// the minute, so a plan records it only when it was refused for it.
const freeBytes = "disk.free_bytes"

// machine answers for the facts and remembers which of them were asked for.
type machine struct {
	facts func(path string) (any, bool)
	asked map[string]any // nil: unknown
}

func newMachine(facts func(path string) (any, bool)) *machine {
	return &machine{facts: facts, asked: map[string]any{}}
}

// lookup is a manifest.Lookup.
func (m *machine) lookup(path string) (any, bool) {
	if v, again := m.asked[path]; again {
		return v, v != nil
	}
	v := m.peek(path)
	m.asked[path] = v
	return v, v != nil
}

// peek returns a fact without recording that it was asked for, nil when it is
// unknown. What is no string, bool or integer is no fact.
func (m *machine) peek(path string) any {
	if m.facts == nil {
		return nil
	}
	v, known := m.facts(path)
	if !known {
		return nil
	}
	switch v := v.(type) {
	case string, bool, int64:
		return v
	case int:
		return int64(v)
	}
	return nil
}
