package trust

import (
	"fmt"
	"io/fs"
)

// memory is a Cache that is forgotten at the end.
type memory map[string][]byte

// NewMemory makes a Cache that writes nothing, for a client that looks at a
// repository once.
func NewMemory() Cache { return memory{} }

// Load implements Cache.
func (m memory) Load(name string) ([]byte, error) {
	if data, ok := m[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%q: %w", name, fs.ErrNotExist)
}

// Store implements Cache.
func (m memory) Store(name string, data []byte) error {
	m[name] = data
	return nil
}

// SetAside implements Cache.
func (m memory) SetAside(name string) error {
	delete(m, name)
	return nil
}
