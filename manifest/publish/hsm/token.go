package hsm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
)

const (
	pinVariable = "RELEVE_TOKEN_PIN"
	maxAnswer   = 64 << 10 // bytes
	grace       = time.Second
)

// token is a key on a PKCS#11 token.
type token struct {
	ctx      context.Context
	config   Config
	name     string
	program  string
	location location
	pin      []byte // nil until it is asked for
	public   crypto.PublicKey
}

// programs lists where OpenSC puts pkcs11-tool, on all systems: the search
// path is no guide to a program that is given a PIN.
func programs() []string {
	return []string{
		"/usr/bin/pkcs11-tool", "/usr/local/bin/pkcs11-tool", "/opt/homebrew/bin/pkcs11-tool",
		"/Library/OpenSC/bin/pkcs11-tool", `C:\Program Files\OpenSC Project\OpenSC\tools\pkcs11-tool.exe`,
	}
}

func openToken(ctx context.Context, c Config, name, uri string) (signature.Signer, error) {
	l, err := parseURI(uri)
	if err != nil {
		return nil, &Error{Reason: CodeBadURI, Name: name, Cause: err}
	}
	for _, program := range programs() {
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
			return &token{ctx: ctx, config: c, name: name, program: program, location: l}, nil
		}
	}
	return nil, &Error{Reason: CodeNoProgram, Name: name, Program: "pkcs11-tool"}
}

// PublicKey implements signature.PublicKeyProvider.
func (t *token) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	if t.public != nil {
		return t.public, nil
	}
	read := []string{"--read-object", "--type", "pubkey"}
	data, err := t.run(nil, false, read...)
	if err != nil {
		// Some tokens show public keys only to those who know the PIN.
		data, err = t.run(nil, true, read...)
	}
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	key, err := x509.ParsePKIXPublicKey(data)
	if err != nil {
		return nil, t.failed(fmt.Errorf("reading the public key: %w", err))
	}
	t.public = key
	return key, nil
}

// SignMessage implements signature.Signer: ECDSA over SHA-256, in ASN.1 form.
// Other keys are refused, ed25519 too: pkcs11-tool 0.23 hands a message of more
// than 1 KiB to the token in parts, which ed25519 does not allow, and metadata
// is larger.
func (t *token) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	key, err := t.PublicKey()
	if err != nil {
		return nil, err
	}
	if _, ok := key.(*ecdsa.PublicKey); !ok {
		return nil, t.failed(fmt.Errorf("a key of type %T, and only ECDSA P-256 can sign on a token", key))
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, message); err != nil {
		return nil, fmt.Errorf("hashing what is signed: %w", err)
	}
	return t.run(sum.Sum(nil), true, "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl")
}

// run asks pkcs11-tool one thing about the key.
func (t *token) run(input []byte, login bool, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.config.Patience)
	defer cancel()
	args = append(args, t.location.arguments()...)
	environ := t.config.Environ
	if login {
		pin, err := t.askPIN()
		if err != nil {
			return nil, err
		}
		args = append(args, "--login", "--pin", "env:"+pinVariable)
		environ = append(environ[:len(environ):len(environ)], pinVariable+"="+string(pin))
	}
	var out, errOut limited
	cmd := exec.CommandContext(ctx, t.program, args...)
	cmd.Env = environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errOut
	cmd.WaitDelay = grace
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer within %s: %w", t.config.Patience, err)
		}
		return nil, t.failed(fmt.Errorf("%w: %s", err, lastLine(errOut.kept)))
	}
	if out.cut {
		return nil, t.failed(fmt.Errorf("an answer of more than %d bytes", maxAnswer))
	}
	return out.kept, nil
}

// askPIN asks for the PIN once.
func (t *token) askPIN() ([]byte, error) {
	if t.pin != nil {
		return t.pin, nil
	}
	if t.config.PIN == nil {
		return nil, &Error{Reason: CodeNeedPIN, Name: t.name}
	}
	pin, err := t.config.PIN(t.name)
	if err != nil {
		return nil, err
	}
	if len(pin) == 0 || bytes.ContainsRune(pin, 0) {
		return nil, &Error{Reason: CodeNeedPIN, Name: t.name}
	}
	t.pin = pin
	return pin, nil
}

func (t *token) failed(err error) error {
	return &Error{Reason: CodeFailed, Name: t.name, Program: t.program, Cause: err}
}

// lastLine gives what a program said last about its failure, which for
// pkcs11-tool is followed by the word "Aborting.".
func lastLine(said []byte) string {
	lines := strings.Split(strings.TrimSuffix(strings.TrimSpace(string(said)), "Aborting."), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return line
		}
	}
	return "it said nothing"
}

// limited keeps the beginning of what is written to it, and notes whether
// that was all.
type limited struct {
	kept []byte
	cut  bool
}

// Write implements io.Writer. It never fails.
func (l *limited) Write(data []byte) (int, error) {
	room := maxAnswer - len(l.kept)
	l.cut = l.cut || len(data) > room
	l.kept = append(l.kept, data[:min(room, len(data))]...)
	return len(data), nil
}
