package trust

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
)

// The kinds of keys that Strict takes, as metadata names them.
const (
	typeEd25519   = "ed25519" // also the scheme
	typeECDSA     = "ecdsa"
	schemeP256    = "ecdsa-sha2-nistp256"
	supportedKeys = "ed25519, ECDSA P-256"
)

// keyError says that a role or a file has a key of a kind that releve does
// not take.
type keyError struct{ id, found string }

// Error implements error.
func (e *keyError) Error() string {
	return fmt.Sprintf("key %q is %s, want %s", e.id, e.found, supportedKeys)
}

// checkKeys refuses a key that go-tuf would break down over, and under Strict
// every kind but two: RSA and larger curves are signed in several ways that
// look alike in metadata and verify differently.
func (rules Rules) checkKeys(keys map[string]keyShape) error {
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		key := keys[id]
		if key.Type == typeEd25519 && !isEd25519(key.Value.Public) {
			return fmt.Errorf("key %q: not %d bytes in hexadecimal", id, ed25519.PublicKeySize)
		}
		if !rules.strict() {
			continue
		}
		switch {
		case key.Type == "" || key.Scheme == "" || key.Value.Public == "":
			return fmt.Errorf("key %q is incomplete", id)
		case key.Type == typeEd25519 && key.Scheme == typeEd25519:
		case key.Type == typeECDSA && key.Scheme == schemeP256:
			if found := curve(key.Value.Public); found != elliptic.P256().Params().Name {
				return &keyError{id, found}
			}
		default:
			return &keyError{id, fmt.Sprintf("%q with scheme %q", key.Type, key.Scheme)}
		}
	}
	return nil
}

func isEd25519(public string) bool {
	raw, err := hex.DecodeString(public)
	return err == nil && len(raw) == ed25519.PublicKeySize
}

// curve names the curve of a public key in PEM, or says what is there instead.
func curve(public string) string {
	block, _ := pem.Decode([]byte(public))
	if block == nil {
		return "not PEM"
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "not a public key"
	}
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return "not an ECDSA key"
	}
	return ec.Curve.Params().Name
}
