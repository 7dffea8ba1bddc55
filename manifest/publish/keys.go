package publish

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io/fs"

	"github.com/sigstore/sigstore/pkg/signature"
)

// KeyStore holds private keys by name, [a-z0-9-]{1,32}. A key made on the spot
// is called like its role (targets, catalogue, snapshot, timestamp, a
// publisher), or root-1, root-2 and root-3; the keys of several holders are
// called as the holders like. All are ed25519 or ECDSA over P-256. A KeyStore
// is not safe for concurrent use.
type KeyStore interface {
	// Has reports whether there is a key of that name.
	Has(name string) bool
	// Signer gives the key of that name; an *Error with CodeMissingKey when
	// there is none.
	Signer(name string) (signature.Signer, error)
	// Create makes the ed25519 key of that name, which must not exist.
	Create(name string) (signature.Signer, error)
}

// memoryKeys lives as long as the process.
type memoryKeys map[string]signature.Signer

// NewMemoryKeys makes a KeyStore that writes nothing, for a repository that
// is shown or tested.
func NewMemoryKeys() KeyStore { return memoryKeys{} }

// Has implements KeyStore.
func (m memoryKeys) Has(name string) bool { return m[name] != nil }

// Signer implements KeyStore.
func (m memoryKeys) Signer(name string) (signature.Signer, error) {
	if s, ok := m[name]; ok {
		return s, nil
	}
	return nil, &Error{Reason: CodeMissingKey, Role: name}
}

// Create implements KeyStore.
func (m memoryKeys) Create(name string) (signature.Signer, error) {
	if m.Has(name) {
		return nil, &Error{Reason: CodeExists, Name: name, Cause: fs.ErrExist}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	s, err := signature.LoadED25519Signer(private)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	m[name] = s
	return s, nil
}
