// Package authenticode asks the system who signed a setup program or a
// package of Windows Installer.
//
// What it promises: the question is asked about an open file, which Hold
// keeps anyone from changing, replacing or renaming until it is closed, so
// that what was judged is what runs; the answer is accepted only when the
// system trusts the signature and the certificate names the organisation that
// the manifest names, the whole name and nothing else. It is an identity that
// is compared and never a certificate: publishers renew those.
//
// It is the second lock. The first is the digest in the signed metadata,
// which says that these are the bytes the publisher of the manifest meant.
//
// Revocation is looked up in what the workstation already holds; nothing is
// fetched, because a network that answers slowly or not at all must not
// decide whether a practice can be repaired. A certificate that is known to be
// revoked is refused, one about which nothing is known is not: a publisher
// that lost its key withdraws its releases in the metadata, which has an end
// of its own. A time stamp keeps a signature good after the certificate's end.
package authenticode

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/releve-sante/releve/manifest/logline"
)

// errNotRegular is about a link, a directory or a device.
var errNotRegular = errors.New("not a regular file")

// The codes of an Error.
const (
	CodeUnsigned  = "authenticode-unsigned"  // no signature, or none that belongs to the file
	CodeTampered  = "authenticode-tampered"  // the file is not what was signed
	CodeRevoked   = "authenticode-revoked"   // certificate withdrawn, or distrusted on this machine
	CodeUntrusted = "authenticode-untrusted" // expired, unknown root, wrong use, forbidden by policy
	CodePublisher = "authenticode-publisher" // good, but of somebody else
	CodeNoCheck   = "authenticode-no-check"  // this system cannot tell
	CodeChanged   = "authenticode-changed"   // not the bytes that were verified before
)

// Error says why a file must not be run.
type Error struct {
	Reason   string // one of the codes above
	File     string // path of the file
	Expected string // organisation, or digest for CodeChanged
	Found    string // the same, as found; "" when there is nothing to compare
	Status   uint32 // what the system answered, 0 when it agreed or was not asked
	Cause    error  // nil when the reason says all
}

// Error implements error.
func (e *Error) Error() string {
	return logline.Of(fmt.Sprintf("file %q: %s", e.File, e.Reason), e.Cause,
		"expected", e.Expected, "found", e.Found, "status", e.Args()["Status"])
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the reason.
func (e *Error) Code() string { return e.Reason }

// Args returns the places of the sentence: File, Expected, Found and Status
// ("" or as in 0x800B0100).
func (e *Error) Args() map[string]string {
	args := map[string]string{"File": e.File, "Expected": e.Expected, "Found": e.Found, "Status": ""}
	if e.Status != 0 {
		args["Status"] = fmt.Sprintf("0x%08X", e.Status)
	}
	return args
}

// Check fails with an *Error unless the system trusts the signature of the
// open file f and its certificate names signer, an organisation. It leaves f
// at its beginning. An empty signer asks for nothing and is always satisfied.
// Where the system knows no such signatures the reason is CodeNoCheck, and the
// error wraps errors.ErrUnsupported.
func Check(f *os.File, signer string) error {
	if signer == "" {
		return nil
	}
	found, err := verify(f)
	if errors.Is(err, errors.ErrUnsupported) {
		return &Error{Reason: CodeNoCheck, File: f.Name(), Expected: signer, Cause: err}
	}
	if err != nil {
		return fmt.Errorf("checking the signature of %q: %w", f.Name(), err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("going back to the beginning of %q: %w", f.Name(), err)
	}
	return judge(f.Name(), signer, found)
}

// Hold opens the regular file at path so that, until it is closed, nobody can
// write, replace, rename or delete it, and makes sure that its bytes have the
// digest (SHA-256 in lower-case hex); otherwise the reason is CodeChanged. It
// can be run or handed to Windows Installer by its path meanwhile. Only
// Windows can keep others away; elsewhere the directory has to.
func Hold(path, digest string) (*os.File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("opening %q for itself alone: %w", path, err)
	}
	if err := match(f, digest); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// HoldSigned is Hold for a file that signer has to have signed, "" for
// anybody; see Check. What is held is what was checked.
func HoldSigned(path, digest, signer string) (*os.File, error) {
	f, err := Hold(path, digest)
	if err != nil {
		return nil, err
	}
	if err := Check(f, signer); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// match compares the bytes of f with a digest and goes back to the beginning.
func match(f *os.File, digest string) error {
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return fmt.Errorf("reading %q: %w", f.Name(), err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != digest {
		return &Error{Reason: CodeChanged, File: f.Name(), Expected: digest, Found: got}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("going back to the beginning of %q: %w", f.Name(), err)
	}
	return nil
}

// answer is what the system says about a file.
type answer struct {
	status uint32 // HRESULT of WinVerifyTrust, 0 for trusted
	leaf   []byte // certificate of the signer in DER, nil when there is none
}

// judge turns the system's answer into the verdict.
func judge(file, signer string, found answer) error {
	name, err := organisation(found.leaf)
	if found.status != 0 {
		return &Error{Reason: reason(found.status), File: file, Expected: signer, Found: name, Status: found.status}
	}
	if err != nil {
		return &Error{Reason: CodeUntrusted, File: file, Expected: signer, Cause: err}
	}
	if name != signer {
		return &Error{Reason: CodePublisher, File: file, Expected: signer, Found: name}
	}
	return nil
}

// organisation is who a certificate names: its organisation, or its common
// name where it has none. Of several organisations none is the signer's, so
// that nobody gets a second name past the first.
func organisation(der []byte) (string, error) {
	if len(der) == 0 {
		return "", errors.New("the signature names no certificate")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "", fmt.Errorf("reading the certificate of the signer: %w", err)
	}
	switch names := cert.Subject.Organization; {
	case len(names) == 1:
		return names[0], nil
	case len(names) > 1:
		return "", fmt.Errorf("the certificate names %d organisations, %q", len(names), names)
	case cert.Subject.CommonName == "":
		return "", errors.New("the certificate names nobody")
	}
	return cert.Subject.CommonName, nil
}

// reason groups the answers of WinVerifyTrust by what a person can do about
// them. The numbers are those of winerror.h.
func reason(status uint32) string {
	switch status {
	case 0x800B0100, // TRUST_E_NOSIGNATURE
		0x800B0001, // TRUST_E_PROVIDER_UNKNOWN
		0x800B0002, // TRUST_E_ACTION_UNKNOWN
		0x800B0003, // TRUST_E_SUBJECT_FORM_UNKNOWN
		0x8009200E: // CRYPT_E_NO_SIGNER
		return CodeUnsigned
	case 0x80096010, // TRUST_E_BAD_DIGEST
		0x80096011, // TRUST_E_MALFORMED_SIGNATURE
		0x80096004, // TRUST_E_CERT_SIGNATURE
		0x80091007, // CRYPT_E_HASH_VALUE
		0x80090006: // NTE_BAD_SIGNATURE
		return CodeTampered
	case 0x800B010C, // CERT_E_REVOKED
		0x80092010, // CRYPT_E_REVOKED
		0x800B0111: // TRUST_E_EXPLICIT_DISTRUST
		return CodeRevoked
	}
	return CodeUntrusted
}

// unknownRevocation tells whether an answer says no more than that nothing is
// known about revocation.
func unknownRevocation(status uint32) bool {
	switch status {
	case 0x800B010E, // CERT_E_REVOCATION_FAILURE
		0x80092012, // CRYPT_E_NO_REVOCATION_CHECK
		0x80092013: // CRYPT_E_REVOCATION_OFFLINE
		return true
	}
	return false
}
