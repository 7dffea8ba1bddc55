package signature_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/releve-sante/releve/manifest/publish/signature"
)

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "installer", "authenticode", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRead(t *testing.T) {
	const signer = "Éditeur d'Essai"
	tests := []struct {
		name, file string
		change     func(data []byte) []byte
		want       string // "" for an error
		unsigned   bool
	}{
		{"program", "signed.exe", nil, signer, false},
		{"package", "signed.msi", nil, signer, false},
		{"program-without", "plain.exe", nil, "", true},
		{"package-without", "plain.msi", nil, "", true},
		{"changed-program", "signed.exe", func(d []byte) []byte { d[0x210] ^= 1; return d }, "", false},
		{"changed-package", "signed.msi", func(d []byte) []byte { d[0xc2d] ^= 1; return d }, "", false},
		{"cut-program", "signed.exe", func(d []byte) []byte { return d[:len(d)-100] }, "", false},
		{"cut-package", "signed.msi", func(d []byte) []byte { return d[:len(d)/2] }, "", false},
		{"no-program", "plain.exe", func([]byte) []byte { return []byte("MZ, and no more") }, "", false},
		{"nothing", "plain.msi", func([]byte) []byte { return nil }, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := sample(t, tt.file)
			if tt.change != nil {
				data = tt.change(data)
			}
			got, err := signature.Read(tt.file, bytes.NewReader(data), int64(len(data)))
			if tt.want != "" {
				if err != nil || got.Name != tt.want || got.Stamped || got.Ends.Year() != 2046 {
					t.Errorf("got %+v, %v; want %q until 2046", got, err, tt.want)
				}
				return
			}
			if err == nil || errors.Is(err, signature.ErrUnsigned) != tt.unsigned {
				t.Errorf("got %+v, %v; want an error, unsigned: %t", got, err, tt.unsigned)
			}
		})
	}
}

func TestKind(t *testing.T) {
	for name, want := range map[string]bool{"a.exe": true, "CryptolibCPS-5.2.6_x64.MSI": true, "a.tar.gz": false, "a.pkg": false} {
		if got := signature.Kind(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}
