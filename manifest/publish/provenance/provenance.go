// Package provenance verifies, without network, who built a package: a
// sigstore bundle against a trusted root that is given as a file.
//
// What it promises: a bundle that is accepted holds a signature over the
// digest of the package, by a certificate that names the expected identity and
// issuer, of an authority of the trusted root, at a time that a transparency
// log of the trusted root recorded. Nothing is fetched.
//
// What it does not promise: that the package is current, or meant for anybody.
// A bundle has no date after which it is refused and no order among bundles,
// so it comes beside the signed metadata and never in its place.
package provenance

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Codes of what can be wrong with a provenance. They never change.
const (
	CodeBadRoot   = "provenance-bad-root"  // not a trusted root of sigstore
	CodeMalformed = "provenance-malformed" // not a sigstore bundle
	CodeRefused   = "provenance-refused"   // the bundle does not show what is claimed
)

// Error says why a provenance is not accepted.
type Error struct {
	Reason string // one of the Code constants
	Name   string // file or release in question
	Cause  error
}

// Error gives the English sentence for the log.
func (e *Error) Error() string { return fmt.Sprintf("%s, name %q: %v", e.Reason, e.Name, e.Cause) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code gives the stable identifier of this kind of failure.
func (e *Error) Code() string { return e.Reason }

// Args gives the values the sentence of Code speaks of: Name and Cause.
func (e *Error) Args() map[string]string {
	return map[string]string{"Name": e.Name, "Cause": e.Cause.Error()}
}

// Claim is what is said about a package, and is to be shown.
type Claim struct {
	Name     string // of the release, for errors
	SHA256   string // of the package, 64 lower-case hexadecimal digits
	Identity string // that the certificate names, for example the URL of a workflow
	Issuer   string // that vouched for the identity, the URL of an OpenID Connect provider
}

// Attested is what a bundle shows.
type Attested struct {
	Time      time.Time // when the signature was recorded
	Predicate string    // type of the statement, "" for a plain signature
}

// Root is whom to believe: authorities of certificates, transparency logs and
// time stamps, each with the time it was in use.
type Root struct{ material *root.TrustedRoot }

// ParseRoot reads a trusted_root.json. The error is an *Error.
func ParseRoot(name string, data []byte) (*Root, error) {
	material, err := root.NewTrustedRootFromJSON(data)
	if err == nil && (len(material.FulcioCertificateAuthorities()) == 0 || len(material.RekorLogs()) == 0) {
		err = fmt.Errorf("it names no authority of certificates or no transparency log")
	}
	if err != nil {
		return nil, &Error{Reason: CodeBadRoot, Name: name, Cause: err}
	}
	return &Root{material}, nil
}

// Check tells whether data is a sigstore bundle, whoever made it. The error is
// an *Error.
func Check(name string, data []byte) error {
	if _, err := parse(data); err != nil {
		return &Error{Reason: CodeMalformed, Name: name, Cause: err}
	}
	return nil
}

func parse(data []byte) (*bundle.Bundle, error) {
	b := new(bundle.Bundle)
	if err := b.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return b, nil
}

// Verify holds a sigstore bundle against a claim. One record in a transparency
// log and one trusted time are needed, and one record of the certificate
// itself where the root names logs of certificates. The error is an *Error.
func (r *Root) Verify(c Claim, data []byte) (Attested, error) {
	b, err := parse(data)
	if err != nil {
		return Attested{}, &Error{Reason: CodeMalformed, Name: c.Name, Cause: err}
	}
	attested, err := r.verify(c, b)
	if err != nil {
		return Attested{}, &Error{Reason: CodeRefused, Name: c.Name, Cause: err}
	}
	return attested, nil
}

func (r *Root) verify(c Claim, b *bundle.Bundle) (Attested, error) {
	digest, err := hex.DecodeString(c.SHA256)
	if err != nil {
		return Attested{}, fmt.Errorf("digest of the package: %w", err)
	}
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)}
	if len(r.material.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	verifier, err := verify.NewVerifier(r.material, options...)
	if err != nil {
		return Attested{}, err
	}
	identity, err := verify.NewShortCertificateIdentity(c.Issuer, "", c.Identity, "")
	if err != nil {
		return Attested{}, err
	}
	result, err := verifier.Verify(b, verify.NewPolicy(
		verify.WithArtifactDigest("sha256", digest), verify.WithCertificateIdentity(identity)))
	if err != nil {
		return Attested{}, err
	}
	var out Attested
	for _, stamp := range result.VerifiedTimestamps {
		if out.Time.IsZero() || stamp.Timestamp.Before(out.Time) {
			out.Time = stamp.Timestamp
		}
	}
	if result.Statement != nil {
		out.Predicate = result.Statement.GetPredicateType()
	}
	return out, nil
}
