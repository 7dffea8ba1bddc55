package authenticode

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestSamples asks the real system. Its answer on the chain is not tested:
// Windows does not know the authority of the samples, and Wine trusts every
// authority.
func TestSamples(t *testing.T) {
	const signer = "Éditeur d'Essai"
	tests := []struct {
		name, file, signer string
		broken             int // where one bit of it is turned, 0 for nowhere
		reasons            []string
	}{
		{"program-without-signature", "plain.exe", signer, 0, []string{CodeUnsigned}},
		{"package-without-signature", "plain.msi", signer, 0, []string{CodeUnsigned}},
		{"changed-program", "signed.exe", signer, 0x210, []string{CodeTampered}},
		{"changed-package", "signed.msi", signer, 0xc2d, []string{CodeTampered}},
		{"signed-program", "signed.exe", signer, 0, []string{"", CodeUntrusted}},
		{"signed-package", "signed.msi", signer, 0, []string{"", CodeUntrusted}},
		{"program-of-somebody-else", "signed.exe", "Agence du Numérique en Santé", 0, []string{CodePublisher, CodeUntrusted}},
		{"package-of-somebody-else", "signed.msi", "Agence du Numérique en Santé", 0, []string{CodePublisher, CodeUntrusted}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if tt.broken > 0 {
				data[tt.broken] ^= 1
			}
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Hold(path, digestOf(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}()
			reasons := tt.reasons
			if tt.name == "changed-package" && os.Getenv("RELEVE_BENCH") == "wine" {
				reasons = append(reasons, "") // Wine computes no digest of a package
			}
			checkReason(t, Check(f, tt.signer), reasons)
		})
	}
}

// checkReason fails unless err has one of the reasons, "" for none.
func checkReason(t *testing.T, err error, reasons []string) {
	t.Helper()
	t.Logf("answer: %v", err)
	got := ""
	var e *Error
	if errors.As(err, &e) {
		got = e.Code()
		if got == CodeUntrusted && e.Found != "Éditeur d'Essai" {
			t.Errorf("signer: got %q", e.Found)
		}
	} else if err != nil {
		t.Fatal(err)
	}
	for _, want := range reasons {
		if got == want {
			return
		}
	}
	t.Errorf("got %v, want one of %q", err, reasons)
}

// TestHeldFileStays tries to get other bytes under the name of a held file
// from several sides at once.
func TestHeldFileStays(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "setup.exe"), filepath.Join(dir, "other.exe")
	for name, content := range map[string]string{path: "good", other: "evil"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Hold(path, digestOf("good"))
	if err != nil {
		t.Fatal(err)
	}
	attacks := map[string]func() error{
		"write":   func() error { return os.WriteFile(path, []byte("evil"), 0o600) },
		"remove":  func() error { return os.Remove(path) },
		"rename":  func() error { return os.Rename(path, path+".old") },
		"replace": func() error { return os.Rename(other, path) },
	}
	var wg sync.WaitGroup
	for name, attack := range attacks {
		wg.Go(func() {
			for range 1000 {
				if attack() == nil {
					t.Errorf("%s got through", name)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, err := os.ReadFile(path); err != nil || string(got) != "good" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Errorf("after the close: %v", err)
	}
}
