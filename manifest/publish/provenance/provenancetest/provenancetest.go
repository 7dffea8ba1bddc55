// Package provenancetest is a sigstore of its own in memory: an authority of
// certificates, a transparency log and a clerk of time stamps, with bundles
// that they made. Nothing in it touches the network.
package provenancetest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"google.golang.org/protobuf/encoding/protojson"
)

// The names that a certificate holds unless a test wants others.
const (
	Identity = "https://github.example/ans/cryptolib-cps/.github/workflows/release.yml@refs/tags/v5"
	Issuer   = "https://token.actions.githubusercontent.example"
)

// Sigstore is one instance, with keys of its own.
type Sigstore struct {
	t  testing.TB
	ca *ca.VirtualSigstore
}

// New makes an instance.
func New(t testing.TB) *Sigstore {
	t.Helper()
	s := &Sigstore{t: t}
	var err error
	s.ca, err = ca.NewVirtualSigstore()
	s.must(err)
	return s
}

func (s *Sigstore) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("provenancetest: %v", err)
	}
}

// Root gives the trusted_root.json of the instance.
func (s *Sigstore) Root() []byte {
	s.t.Helper()
	logs := s.ca.RekorLogs()
	for id, log := range logs {
		raw, err := hex.DecodeString(id)
		s.must(err)
		log.ID = raw // it is hexadecimal there, and is not in a file
	}
	tr, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		s.ca.FulcioCertificateAuthorities(), nil, s.ca.TimestampingAuthorities(), logs)
	s.must(err)
	data, err := tr.MarshalJSON()
	s.must(err)
	return data
}

// Bundle gives a bundle whose statement names a digest (hexadecimal), signed
// for identity by issuer.
func (s *Sigstore) Bundle(sha256, identity, issuer string) []byte {
	s.t.Helper()
	statement, err := json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": "package", "digest": map[string]string{"sha256": sha256}}},
		"predicateType": "https://slsa.dev/provenance/v1",
		"predicate":     map[string]any{},
	})
	s.must(err)
	entity, err := s.ca.AttestAtTime(identity, issuer, statement, time.Now().Add(5*time.Minute), true) //nolint:forbidigo // the library makes certificates by this clock too
	s.must(err)
	return s.encode(entity)
}

// encode writes an entity in the form that publishers get from their tools.
func (s *Sigstore) encode(entity *ca.TestEntity) []byte {
	s.t.Helper()
	content, err := entity.SignatureContent()
	s.must(err)
	envelope := content.EnvelopeContent().RawEnvelope()
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	s.must(err)
	signature, err := base64.StdEncoding.DecodeString(envelope.Signatures[0].Sig)
	s.must(err)
	certificate, err := entity.VerificationContent()
	s.must(err)
	entries, err := entity.TlogEntries()
	s.must(err)
	stamps, err := entity.Timestamps()
	s.must(err)
	material := &protobundle.VerificationMaterial{
		Content: &protobundle.VerificationMaterial_Certificate{
			Certificate: &protocommon.X509Certificate{RawBytes: certificate.Certificate().Raw},
		},
		TimestampVerificationData: &protobundle.TimestampVerificationData{},
	}
	for _, e := range entries {
		entry := e.TransparencyLogEntry()
		entry.KindVersion = &protorekor.KindVersion{Kind: "dsse", Version: "0.0.1"}
		material.TlogEntries = append(material.TlogEntries, entry)
	}
	for _, stamp := range stamps {
		material.TimestampVerificationData.Rfc3161Timestamps = append(material.TimestampVerificationData.Rfc3161Timestamps,
			&protocommon.RFC3161SignedTimestamp{SignedTimestamp: stamp})
	}
	kind, err := bundle.MediaTypeString("0.3")
	s.must(err)
	data, err := protojson.Marshal(&protobundle.Bundle{
		MediaType: kind, VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: envelope.PayloadType,
			Signatures: []*protodsse.Signature{{Sig: signature, Keyid: envelope.Signatures[0].KeyID}},
		}},
	})
	s.must(err)
	return data
}
