package publish_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/releve-sante/releve/manifest/publish"
)

func codeOf(err error) string {
	var e *publish.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code()
	}
	return "uncoded: " + err.Error()
}

// dirKeys gives a key store whose password is what says points to, and counts
// how often it is asked for.
func dirKeys(t *testing.T, dir string, says *string, asked *int) publish.KeyStore {
	t.Helper()
	keys, err := publish.NewDirKeys(dir, func(string, bool) ([]byte, error) {
		*asked++
		return []byte(*says), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKeysAreEncryptedAndOpenedOnce(t *testing.T) {
	dir, says, asked := filepath.Join(t.TempDir(), "keys"), "secret", 0
	made, err := dirKeys(t, dir, &says, &asked).Create("ans")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ans.key")
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte("ENCRYPTED SIGSTORE PRIVATE KEY")) {
		t.Errorf("key file: got %q, %v", text, err)
	}
	if info, err := os.Stat(file); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode: got %v, %v, want 0600", info.Mode(), err)
	}
	asked = 0
	keys := dirKeys(t, dir, &says, &asked)
	for range 2 {
		s, err := keys.Signer("ans")
		if err != nil {
			t.Fatal(err)
		}
		want, errMade := made.PublicKey()
		got, errRead := s.PublicKey()
		if err := errors.Join(errMade, errRead); err != nil {
			t.Fatal(err)
		}
		if !got.(ed25519.PublicKey).Equal(want) {
			t.Errorf("public key: got %x, want %x", got, want)
		}
	}
	if got, want := asked, 1; got != want {
		t.Errorf("password asked %d times, want %d", got, want)
	}
}

func TestUnusableKeysAreNamed(t *testing.T) {
	dir, says, asked := t.TempDir(), "secret", 0
	if _, err := dirKeys(t, dir, &says, &asked).Create("ans"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "ans.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cut.key"), text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, password, key, want string }{
		{"right", "secret", "ans", ""},
		{"wrong-password", "other", "ans", publish.CodeWrongPassword},
		{"no-password", "", "ans", publish.CodeWrongPassword},
		{"missing", "secret", "gie", publish.CodeMissingKey},
		{"damaged", "secret", "cut", publish.CodeWrongPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dirKeys(t, dir, &tt.password, &asked).Signer(tt.key)
			if got := codeOf(err); got != tt.want {
				t.Errorf("got %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
	empty := ""
	if _, err := dirKeys(t, dir, &empty, &asked).Create("new"); codeOf(err) != publish.CodeEmptyPassword {
		t.Errorf("empty password for a new key: got %v", err)
	}
	if _, err := dirKeys(t, dir, &says, &asked).Create("ans"); codeOf(err) != publish.CodeExists {
		t.Errorf("a key that exists: got %v", err)
	}
}

func TestForeignKeysCannotSign(t *testing.T) {
	_, c := newRepo(t)
	other := c
	other.Keys = publish.NewMemoryKeys()
	for _, name := range []string{"targets", "catalogue", "snapshot", "timestamp", "ans"} {
		if _, err := other.Keys.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	r, err := publish.Open(other)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := r.Delegate("ans", []string{"components/x/**"}); codeOf(err) != publish.CodeWrongKey {
		t.Errorf("delegate: got %v, want %q", err, publish.CodeWrongKey)
	}
	if err := r.Publish(t.Context()); codeOf(err) != publish.CodeWrongKey {
		t.Errorf("publish: got %v, want %q", err, publish.CodeWrongKey)
	}
	if _, err := r.Verify(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestKeysInsideTheRepositoryAreRefused(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	for _, keys := range []string{dir, filepath.Join(dir, "a", "b"), filepath.Join(link, "keys"), filepath.Join(dir, "x", "..", "y")} {
		if !publish.Inside(keys, dir) {
			t.Errorf("Inside(%q, %q): got false", keys, dir)
		}
	}
	for _, keys := range []string{dir + "-keys", filepath.Dir(dir), filepath.Join(dir, "..", "keys")} {
		if publish.Inside(keys, dir) {
			t.Errorf("Inside(%q, %q): got true", keys, dir)
		}
	}
}

func TestOnlySomeKindsOfKeysSign(t *testing.T) {
	p256, err256 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err384 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsa2048, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err256, err384, errRSA); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		key  crypto.Signer
		want string
	}{
		{"p-256", p256, ""},
		{"p-384", p384, publish.CodeBadKey},
		{"rsa", rsa2048, publish.CodeBadKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, says, asked := t.TempDir(), "secret", 0
			der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(tt.key, cryptoutils.StaticPasswordFunc([]byte(says)))
			if err != nil {
				t.Fatal(err)
			}
			text := cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der)
			if err := os.WriteFile(filepath.Join(dir, "ans.key"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			keys := dirKeys(t, dir, &says, &asked)
			if _, err := keys.Signer("ans"); codeOf(err) != tt.want {
				t.Errorf("key file: got %v, want %q", err, tt.want)
			}
			public, err := cryptoutils.MarshalPublicKeyToPEM(tt.key.Public())
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "other.pub")
			if err := os.WriteFile(file, public, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := publish.ReadPublicKey(file); (err == nil) != (tt.want == "") {
				t.Errorf("public key: got %v", err)
			}
		})
	}
}

func TestAP256KeySignsARepository(t *testing.T) {
	dir, says, asked := t.TempDir(), "secret", 0
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(key, cryptoutils.StaticPasswordFunc([]byte(says)))
	if err != nil {
		t.Fatal(err)
	}
	text := cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der)
	if err := os.WriteFile(filepath.Join(dir, "timestamp.key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	c := publish.Config{Dir: t.TempDir(), Keys: dirKeys(t, dir, &says, &asked), Now: now}
	r, err := publish.Init(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
