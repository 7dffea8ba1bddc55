package publish

import (
	"crypto"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// nameField is where a key in root or targets tells what it is called, so that
// whoever misses a signature can say whose. It is no part of the key's
// identifier.
const nameField = "x-releve-name"

// PublicKey is the public part of a key that may sign, and what it is called.
type PublicKey struct {
	Name string // [a-z0-9-]{1,32}
	ID   string // as TUF counts it: SHA-256 of the canonical form, hexadecimal
	PEM  []byte // SubjectPublicKeyInfo

	key *metadata.Key
}

// ReadPublicKey reads NAME.pub, a PEM file, whose name becomes that of the
// key. Only ed25519 and ECDSA P-256 are accepted.
func ReadPublicKey(file string) (PublicKey, error) {
	text, err := readLimited(file, keySize)
	if err != nil {
		return PublicKey{}, &Error{Reason: CodeBadPublicKey, Name: file, Cause: err}
	}
	name := strings.TrimSuffix(filepath.Base(file), ".pub")
	if !isName(name) {
		return PublicKey{}, &Error{Reason: CodeBadName, Name: name, Expected: "[a-z0-9-]{1,32}.pub"}
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(text)
	if err != nil {
		return PublicKey{}, &Error{Reason: CodeBadPublicKey, Name: file, Cause: err}
	}
	key, err := newPublicKey(name, public)
	if err != nil {
		return PublicKey{}, &Error{Reason: CodeBadPublicKey, Name: file, Cause: err}
	}
	return key, nil
}

// PublicKeyOf gives the public part of a key of a store.
func PublicKeyOf(keys KeyStore, name string) (PublicKey, error) {
	s, err := keys.Signer(name)
	if err != nil {
		return PublicKey{}, err
	}
	return publicOf(name, s)
}

func publicOf(name string, s signature.Signer) (PublicKey, error) {
	public, err := s.PublicKey()
	if err != nil {
		return PublicKey{}, fmt.Errorf("public part of key %q: %w", name, err)
	}
	return newPublicKey(name, public)
}

func newPublicKey(name string, public crypto.PublicKey) (PublicKey, error) {
	if err := supported(public); err != nil {
		err.Role = name
		return PublicKey{}, err
	}
	text, err := cryptoutils.MarshalPublicKeyToPEM(public)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encoding the public part of key %q: %w", name, err)
	}
	key, err := metadata.KeyFromPublicKey(public)
	if err != nil {
		return PublicKey{}, fmt.Errorf("public part of key %q: %w", name, err)
	}
	// The identifier has to be taken before the name is noted: signatures name
	// the key by the identifier without it.
	id, err := key.ID()
	if err != nil {
		return PublicKey{}, fmt.Errorf("public part of key %q: %w", name, err)
	}
	key.UnrecognizedFields = map[string]any{nameField: name}
	return PublicKey{Name: name, ID: id, PEM: text, key: key}, nil
}

// keyName gives what a key in metadata is called, "" when it does not say.
func keyName(key *metadata.Key) string {
	if key == nil {
		return ""
	}
	name, ok := key.UnrecognizedFields[nameField].(string)
	if !ok || !isName(name) {
		return ""
	}
	return name
}
