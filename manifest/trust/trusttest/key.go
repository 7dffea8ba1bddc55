package trusttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Kind is a kind of key and how it signs.
type Kind string

// The kinds that the specification names, and the larger curve that is easily
// taken for the smaller one.
const (
	Ed25519 Kind = "ed25519"
	P256    Kind = "p256"
	P384    Kind = "p384"
	RSA     Kind = "rsa" // PSS
)

// Key is a key pair.
type Key struct {
	ID     string
	Public map[string]any // as metadata lists it

	t      testing.TB
	kind   Kind
	signer crypto.Signer
}

// NewKey makes a key pair.
func NewKey(t testing.TB, kind Kind) *Key {
	t.Helper()
	var (
		signer crypto.Signer
		err    error
	)
	switch kind {
	case P256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatalf("trusttest: %v", err)
	}
	public, err := metadata.KeyFromPublicKey(signer.Public())
	if err != nil {
		t.Fatalf("trusttest: %v", err)
	}
	k := &Key{t: t, kind: kind, signer: signer, Public: generic(t, public).(object)}
	if kind == P384 {
		k.Public["scheme"] = metadata.KeySchemeECDSA_SHA2_P384
	}
	k.Rename()
	return k
}

// Rename gives the key the identifier that its public part now has.
func (k *Key) Rename() {
	k.t.Helper()
	data, err := cjson.EncodeCanonical(k.Public)
	if err != nil {
		k.t.Fatalf("trusttest: %v", err)
	}
	sum := sha256.Sum256(data)
	k.ID = hex.EncodeToString(sum[:])
}

// signature signs payload and gives the entry for a list of signatures.
func (k *Key) signature(payload []byte) object {
	k.t.Helper()
	sig, err := k.sign(payload)
	if err != nil {
		k.t.Fatalf("trusttest: signing: %v", err)
	}
	return object{"keyid": k.ID, "sig": hex.EncodeToString(sig)}
}

func (k *Key) sign(payload []byte) ([]byte, error) {
	small, large := sha256.Sum256(payload), sha512.Sum384(payload)
	switch k.kind {
	case Ed25519:
		return k.signer.Sign(rand.Reader, payload, crypto.Hash(0))
	case P256:
		return k.signer.Sign(rand.Reader, small[:], crypto.SHA256)
	case P384:
		return k.signer.Sign(rand.Reader, large[:], crypto.SHA384)
	case RSA:
		o := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		return k.signer.Sign(rand.Reader, small[:], o)
	}
	return nil, fmt.Errorf("kind %q", k.kind)
}
