package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Authorities adds certificates in PEM to those the system trusts for TLS; it
// takes none away. A hospital whose proxy opens TLS connections gives the
// certificate of that proxy here. What is trusted as a release is decided by
// TUF alone, so an authority too many can only make files fail to arrive. It
// refuses data without a certificate, and one that cannot be read.
func Authorities(data []byte) (Option, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the certificates the system trusts: %w", err)
	}
	found := 0
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("found %q, want CERTIFICATE", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificate %d: %w", found+1, err)
		}
		pool.AddCert(certificate)
		found++
	}
	if found == 0 {
		return nil, errors.New("found no certificate in PEM form")
	}
	return func(s *settings) { s.authorities = pool }, nil
}

// tlsFailure explains why a TLS connection was refused, nil when err is not
// about that.
func tlsFailure(err error) *Error {
	var (
		refused   *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	switch {
	case errors.As(err, &name):
		return &Error{Reason: CodeCertificateName, Expected: name.Host, Found: holder(name.Certificate)}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Error{Reason: CodeCertificateDate, Found: validity(invalid.Cert)}
	case errors.As(err, &authority):
		e := &Error{Reason: CodeAuthority}
		if errors.As(err, &refused) && len(refused.UnverifiedCertificates) > 0 {
			// What the server itself shows was issued by whoever intercepts,
			// whichever certificate of the chain could not be verified.
			e.Found = issuer(refused.UnverifiedCertificates[0])
		} else if authority.Cert != nil {
			e.Found = issuer(authority.Cert)
		}
		return e
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &refused), errors.As(err, &invalid), errors.As(err, &record), errors.As(err, &alert):
		return &Error{Reason: CodeTLS}
	}
	return nil
}

// issuer names who made a certificate.
func issuer(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return short(c.Issuer.String())
}

// holder gives the names a certificate is for.
func holder(c *x509.Certificate) string {
	switch {
	case c == nil:
		return ""
	case len(c.DNSNames) > 0:
		return short(fmt.Sprint(c.DNSNames))
	}
	return short(c.Subject.String())
}

// validity gives the dates of a certificate.
func validity(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return c.NotBefore.UTC().Format(time.DateOnly) + " – " + c.NotAfter.UTC().Format(time.DateOnly)
}

// short cuts what a stranger wrote to the length of a line.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
