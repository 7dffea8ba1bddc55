//go:build !windows || amd64

package signature

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sassoftware/relic/v8/lib/authenticode"
	"github.com/sassoftware/relic/v8/lib/pkcs9"
	"github.com/sassoftware/relic/v8/signers/sigerrors"
)

// verified reads the signature of a file and holds it against its bytes.
func verified(name string, r *io.SectionReader) (signed, error) {
	var found *pkcs9.TimestampedSignature
	var err error
	if strings.EqualFold(path.Ext(name), ".msi") {
		found, err = ofPackage(r)
	} else {
		found, err = ofProgram(r)
	}
	var none sigerrors.NotSignedError
	if errors.As(err, &none) {
		return signed{}, fmt.Errorf("%q: %w", name, ErrUnsigned)
	}
	if err != nil {
		return signed{}, fmt.Errorf("reading the signature of %q: %w", name, err)
	}
	return signed{cert: found.Certificate, stamped: found.CounterSignature != nil}, nil
}

// ofProgram returns the first signature, which is the one that Windows asks.
func ofProgram(r io.ReadSeeker) (*pkcs9.TimestampedSignature, error) {
	all, err := authenticode.VerifyPE(r, false)
	if err != nil {
		return nil, err
	}
	return &all[0].TimestampedSignature, nil
}

func ofPackage(r io.ReaderAt) (*pkcs9.TimestampedSignature, error) {
	found, err := authenticode.VerifyMSI(r, false)
	if err != nil {
		return nil, err
	}
	return &found.TimestampedSignature, nil
}
