package hsm_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"

	"github.com/releve-sante/releve/manifest/publish/hsm"
)

// TestMain plays a sigstore-kms program when it is called like one.
func TestMain(m *testing.M) {
	name, plays := strings.CutPrefix(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"), "sigstore-kms-")
	if !plays {
		os.Exit(m.Run())
	}
	switch name {
	case "slow":
		time.Sleep(time.Minute)
	case "garbage":
		fmt.Println("<html>")
	case "refuses":
		fmt.Println(`{"errorMessage":"no permission on this key"}`)
	default:
		args, err := handler.GetPluginArgs(os.Args)
		if err == nil {
			_, err = handler.Dispatch(os.Stdout, os.Stdin, args, newService())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// service is a key management service with one key, always the same.
type service struct{ signature.SignerVerifier }

func newService() service {
	secret := make([]byte, 32)
	secret[31] = 7
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	s, err := signature.LoadECDSASignerVerifier(key, crypto.SHA256)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return service{s}
}

func (service) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errors.ErrUnsupported
}

func (service) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.ErrUnsupported
}
func (service) SupportedAlgorithms() []string { return nil }
func (service) DefaultAlgorithm() string      { return "" }

// play puts this program on the search path as sigstore-kms-NAME.
func play(t *testing.T, names ...string) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if err := os.WriteFile(filepath.Join(dir, "sigstore-kms-"+name), data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func codeOf(err error) string {
	var e *hsm.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code()
	}
	return "uncoded: " + err.Error()
}

// checkSigner fails unless s signs what its public key verifies.
func checkSigner(t *testing.T, s signature.Signer) {
	t.Helper()
	message := bytes.Repeat([]byte("what is signed "), 5000)
	sig, err := s.SignMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	public, err := s.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), sum[:], sig) {
		t.Error("the signature is not good")
	}
}

func TestAKeyManagementServiceSigns(t *testing.T) {
	play(t, "vault")
	s, err := hsm.Open(t.Context(), hsm.Config{}, "ans-1", "vault://key")
	if err != nil {
		t.Fatal(err)
	}
	checkSigner(t, s)
}

func TestAKeyManagementServiceFails(t *testing.T) {
	play(t, "slow", "garbage", "refuses")
	tests := []struct{ name, uri, want, says string }{
		{"no-such-program", "none://key", hsm.CodeNoProgram, "sigstore-kms-none"},
		{"too-slow", "slow://key", hsm.CodeFailed, "no answer within"},
		{"not-json", "garbage://key", hsm.CodeFailed, "parsing plugin response"},
		{"refused", "refuses://key", hsm.CodeFailed, "no permission"},
		{"no-uri", "somewhere", hsm.CodeBadURI, ""},
		{"path-as-scheme", "../x://key", hsm.CodeBadURI, ""},
		{"empty-scheme", "://key", hsm.CodeBadURI, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c hsm.Config
			if tt.name == "too-slow" { // the others take as long as this machine makes them
				c.Patience = 200 * time.Millisecond
			}
			s, err := hsm.Open(t.Context(), c, "ans-1", tt.uri)
			if err == nil {
				_, err = s.SignMessage(strings.NewReader("x"))
			}
			if got := codeOf(err); got != tt.want {
				t.Errorf("got %q, want %q (%v)", got, tt.want, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q in it", err, tt.says)
			}
		})
	}
}

const module = "/usr/lib/softhsm/libsofthsm2.so"

// newToken makes a software token with a P-256, a P-384 and an ed25519 key,
// and gives the environment that leads to it.
func newToken(t *testing.T) []string {
	t.Helper()
	for _, name := range []string{"/usr/bin/pkcs11-tool", "/usr/bin/softhsm2-util", module} {
		if _, err := os.Stat(name); err != nil {
			t.Skipf("%s is not here: it comes with the Debian packages opensc and softhsm2", name)
		}
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"SOFTHSM2_CONF=" + conf}
	run := func(program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = environ
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	run("/usr/bin/softhsm2-util", "--init-token", "--free", "--label", "ans", "--so-pin", "87654321", "--pin", "1234")
	for label, kind := range map[string]string{"ec": "EC:prime256v1", "ed": "EC:edwards25519", "p384": "EC:secp384r1"} {
		run("/usr/bin/pkcs11-tool", "--module", module, "--token-label", "ans", "--login", "--pin", "1234",
			"--keypairgen", "--key-type", kind, "--label", label, "--id", fmt.Sprintf("%x", label))
	}
	return environ
}

func TestATokenSigns(t *testing.T) {
	environ := newToken(t)
	asked := 0
	c := hsm.Config{Environ: environ, PIN: func(string) ([]byte, error) { asked++; return []byte("1234"), nil }}
	for name, uri := range map[string]string{
		"id":      "pkcs11:token=ans;id=%65%63?module-path=" + module,
		"label":   "pkcs11:token=ans;object=ec;id=ec?module-path=" + module,
		"private": "pkcs11:token=ans;id=ec;type=private?module-path=" + module,
	} {
		t.Run(name, func(t *testing.T) {
			asked = 0
			s, err := hsm.Open(t.Context(), c, "ans-1", uri)
			if err != nil {
				t.Fatal(err)
			}
			checkSigner(t, s)
			checkSigner(t, s)
			if asked != 1 {
				t.Errorf("PIN asked %d times, want once", asked)
			}
		})
	}
}

func TestATokenFails(t *testing.T) {
	environ := newToken(t)
	good := "pkcs11:token=ans;id=ec?module-path=" + module
	tests := []struct{ name, uri, pin, want, says string }{
		{"wrong-pin", good, "9999", hsm.CodeFailed, "CKR_PIN_INCORRECT"},
		{"no-pin", good, "", hsm.CodeNeedPIN, ""},
		{"no-such-token", strings.Replace(good, "ans", "cnam", 1), "1234", hsm.CodeFailed, "cnam"},
		{"no-such-key", strings.Replace(good, "=ec", "=none", 1), "1234", hsm.CodeFailed, "not found"},
		{"ed25519", strings.Replace(good, "=ec", "=ed", 1), "1234", hsm.CodeFailed, "ed25519"},
		{"no-such-module", "pkcs11:token=ans;id=ec?module-path=/none.so", "1234", hsm.CodeFailed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			c := hsm.Config{Environ: environ, PIN: func(string) ([]byte, error) { asked++; return []byte(tt.pin), nil }}
			s, err := hsm.Open(t.Context(), c, "ans-1", tt.uri)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.SignMessage(strings.NewReader("x"))
			if got := codeOf(err); got != tt.want {
				t.Errorf("got %q, want %q (%v)", got, tt.want, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || tt.pin != "" && strings.Contains(err.Error(), tt.pin)) {
				t.Errorf("got %v, want %q and no PIN in it", err, tt.says)
			}
			if asked > 1 {
				t.Errorf("PIN asked %d times", asked)
			}
		})
	}
}
