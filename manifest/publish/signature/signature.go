// Package signature reads who signed a setup program or a package of Windows
// Installer, on any system, for whoever publishes it.
//
// What it promises: the signature is that of exactly these bytes, and the name
// is the one that a workstation compares with the manifest. Whether Windows
// trusts the certificate is not asked: only a workstation can tell.
package signature

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// ErrUnsigned is about a file without a signature.
var ErrUnsigned = errors.New("no signature")

// Signer is who signed a file.
type Signer struct {
	Name    string    // organisation of the certificate, else its common name
	Ends    time.Time // of the certificate
	Stamped bool      // a time stamp keeps the signature good after that
}

// Kind tells whether a file name is one of those that can be read.
func Kind(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".exe", ".msi":
		return true
	}
	return false
}

// Read reads the signature of a file of size bytes whose name tells its
// format. The error wraps ErrUnsigned when there is none; any other says that
// the signature is not one of these bytes, or wraps errors.ErrUnsupported on a
// system that this program cannot read signatures on.
func Read(name string, r io.ReaderAt, size int64) (Signer, error) {
	found, err := verified(name, io.NewSectionReader(r, 0, size))
	if err != nil {
		return Signer{}, err
	}
	organisation, err := organisation(found.cert)
	if err != nil {
		return Signer{}, fmt.Errorf("certificate of %q: %w", name, err)
	}
	return Signer{Name: organisation, Ends: found.cert.NotAfter, Stamped: found.stamped}, nil
}

// signed is a signature that fits the bytes.
type signed struct {
	cert    *x509.Certificate
	stamped bool
}

// organisation follows the rule of the workstation.
func organisation(cert *x509.Certificate) (string, error) {
	switch names := cert.Subject.Organization; {
	case len(names) == 1:
		return names[0], nil
	case len(names) > 1:
		return "", fmt.Errorf("it names %d organisations, %q", len(names), names)
	case cert.Subject.CommonName == "":
		return "", errors.New("it names nobody")
	}
	return cert.Subject.CommonName, nil
}
