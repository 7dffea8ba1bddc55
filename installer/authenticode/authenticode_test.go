package authenticode

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// certificate makes a certificate that names subject.
func certificate(t *testing.T, subject pkix.Name) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestJudge(t *testing.T) {
	const publisher = "Agence du Numérique en Santé"
	named := func(o ...string) []byte {
		return certificate(t, pkix.Name{Organization: o, CommonName: "Signature de code"})
	}
	two := certificate(t, pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: publisher},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Somebody"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: publisher},
	}})
	tests := []struct {
		name   string
		answer answer
		reason string // "" for accepted
		found  string
	}{
		{"named-organisation", answer{0, named(publisher)}, "", ""},
		{"common-name-without-organisation", answer{0, certificate(t, pkix.Name{CommonName: publisher})}, "", ""},
		{"common-name-beside-an-organisation", answer{0, certificate(t, pkix.Name{Organization: []string{"Somebody"}, CommonName: publisher})}, CodePublisher, "Somebody"},
		{"longer-name", answer{0, named(publisher + " SARL")}, CodePublisher, publisher + " SARL"},
		{"shorter-name", answer{0, named("Agence")}, CodePublisher, "Agence"},
		{"other-case", answer{0, named("AGENCE DU NUMÉRIQUE EN SANTÉ")}, CodePublisher, "AGENCE DU NUMÉRIQUE EN SANTÉ"},
		{"without-accents", answer{0, named("Agence du Numerique en Sante")}, CodePublisher, "Agence du Numerique en Sante"},
		{"two-organisations", answer{0, two}, CodeUntrusted, ""},
		{"nobody", answer{0, certificate(t, pkix.Name{})}, CodeUntrusted, ""},
		{"trusted-without-certificate", answer{0, nil}, CodeUntrusted, ""},
		{"certificate-that-is-none", answer{0, []byte{0x30, 0x03, 1, 2}}, CodeUntrusted, ""},
		{"no-signature", answer{0x800B0100, nil}, CodeUnsigned, ""},
		{"form-unknown", answer{0x800B0003, nil}, CodeUnsigned, ""},
		{"other-bytes", answer{0x80096010, named(publisher)}, CodeTampered, publisher},
		{"revoked", answer{0x800B010C, named(publisher)}, CodeRevoked, publisher},
		{"distrusted-here", answer{0x800B0111, named(publisher)}, CodeRevoked, publisher},
		{"expired", answer{0x800B0101, named(publisher)}, CodeUntrusted, publisher},
		{"unknown-root", answer{0x800B0109, named(publisher)}, CodeUntrusted, publisher},
		{"wrong-use", answer{0x800B0110, named(publisher)}, CodeUntrusted, publisher},
		{"forbidden-by-policy", answer{0x80092026, named(publisher)}, CodeUntrusted, publisher},
		{"status-nobody-knows", answer{0x80004005, nil}, CodeUntrusted, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := judge("setup.exe", publisher, tt.answer)
			if tt.reason == "" {
				if err != nil {
					t.Errorf("got %v, want it accepted", err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an Error", err)
			}
			if e.Code() != tt.reason || e.Found != tt.found || e.Expected != publisher {
				t.Errorf("got %v, want %s with %q", e, tt.reason, tt.found)
			}
		})
	}
}

func TestUnknownRevocation(t *testing.T) {
	for status, want := range map[uint32]bool{
		0: false, 0x800B010E: true, 0x80092012: true, 0x80092013: true,
		0x800B010C: false, 0x80092010: false, 0x800B0100: false,
	} {
		if got := unknownRevocation(status); got != want {
			t.Errorf("0x%08X: got %t, want %t", status, got, want)
		}
	}
}

func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "setup.exe")
	if err := os.WriteFile(path, []byte("setup"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Hold(path, digestOf("setup"))
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 5)
	if _, err := f.Read(head); err != nil || string(head) != "setup" {
		t.Errorf("got %q, %v; want it to be read from its beginning", head, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	_, err = Hold(path, digestOf("other"))
	var e *Error
	if !errors.As(err, &e) || e.Code() != CodeChanged || e.Found != digestOf("setup") {
		t.Errorf("other bytes: got %v, want %s", err, CodeChanged)
	}
	if _, err := Hold(filepath.Dir(path), digestOf("")); err == nil {
		t.Error("a directory is accepted")
	}
	if _, err := Hold(path+".none", digestOf("")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want os.ErrNotExist", err)
	}
}

func TestHoldGoesThroughNoLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "setup.exe"), []byte("setup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("setup.exe", filepath.Join(dir, "link.exe")); err != nil {
		if runtime.GOOS == "windows" { // needs a right there
			t.Skip("no links here: ", err)
		}
		t.Fatal(err)
	}
	if f, err := Hold(filepath.Join(dir, "link.exe"), digestOf("setup")); err == nil {
		t.Errorf("a link is followed: %v", errors.Join(f.Close()))
	}
}

func TestNoSignerAsksForNothing(t *testing.T) {
	if err := Check(sample(t, "plain.exe"), ""); err != nil {
		t.Errorf("got %v, want nothing", err)
	}
}

// sample opens a file of testdata.
func sample(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// digestOf is the digest of a text.
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
