// Package hsm signs with keys that lie in no file: on a PKCS#11 token (a smart
// card, a hardware security module), or with a key management service.
//
// What the package promises:
//   - the private key is never read, nor asked for; only what is signed goes
//     out, and a signature comes back
//   - a vendor's code never runs in this process: a token is asked through
//     pkcs11-tool of OpenSC, which loads the vendor's module, and a service
//     through a sigstore-kms program; both are bounded in time and output
//   - a PIN goes through the environment of pkcs11-tool, never through its
//     arguments, which other users can see; it is asked for once, and a
//     wrong one is not tried again, since tokens lock after a few
//
// What it does not promise: that the key is of a kind that may sign, and that
// a signature is good. Who has the public key checks both.
package hsm

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// Codes of what can be wrong with a key elsewhere. They never change.
const (
	CodeBadURI    = "hsm-bad-uri"
	CodeNoProgram = "hsm-no-program"
	CodeNeedPIN   = "hsm-need-pin"
	CodeFailed    = "hsm-failed"
)

// Error is a refusal of a key elsewhere. Fields that do not apply are empty.
type Error struct {
	Reason  string // one of the Code constants
	Name    string // what the key is called
	Program string // which was missing or failed
	Cause   error  // may be nil
}

// Error gives the English sentence for the log.
func (e *Error) Error() string {
	s := e.Reason + ", key " + e.Name
	if e.Program != "" {
		s += ", program " + e.Program
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code gives the stable identifier of this kind of failure.
func (e *Error) Code() string { return e.Reason }

// Args gives the values the sentence of Code speaks of: Name, Program and
// Cause.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Name": e.Name, "Program": e.Program, "Cause": ""}
	if e.Cause != nil {
		args["Cause"] = e.Cause.Error()
	}
	return args
}

// Config is what keys are opened with.
type Config struct {
	// PIN gives the PIN of the token with the key called name.
	PIN func(name string) ([]byte, error)
	// Environ is the environment of pkcs11-tool, which modules read their
	// settings from; the PIN is added to it.
	Environ []string
	// Patience bounds one question to a token or service; a minute when zero,
	// since somebody may have to touch the token.
	Patience time.Duration
}

// Open gives the signer of the key called name at uri: "pkcs11:..." as in RFC
// 7512, or that of a key management service, "NAME://...", which the program
// sigstore-kms-NAME of the search path answers for.
func Open(ctx context.Context, c Config, name, uri string) (signature.Signer, error) {
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
	if strings.HasPrefix(uri, "pkcs11:") {
		return openToken(ctx, c, name, uri)
	}
	scheme, _, found := strings.Cut(uri, "://")
	if !found || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || scheme == "" {
		return nil, &Error{Reason: CodeBadURI, Name: name, Cause: errors.New("neither pkcs11: nor NAME://")}
	}
	program := cliplugin.PluginBinaryPrefix + scheme
	s, err := kms.Get(ctx, uri, crypto.SHA256)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, &Error{Reason: CodeNoProgram, Name: name, Program: program, Cause: err}
	}
	if err != nil {
		return nil, &Error{Reason: CodeBadURI, Name: name, Cause: err}
	}
	return &service{ctx: ctx, patience: c.Patience, name: name, program: program, signer: s}, nil
}

// service bounds the time of a sigstore-kms program, and names it when it
// fails.
type service struct {
	ctx           context.Context
	patience      time.Duration
	name, program string
	signer        signature.Signer
}

// PublicKey implements signature.PublicKeyProvider.
func (s *service) PublicKey(opts ...signature.PublicKeyOption) (crypto.PublicKey, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.patience)
	defer cancel()
	key, err := s.signer.PublicKey(append(opts, options.WithContext(ctx))...)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return key, nil
}

// SignMessage implements signature.Signer.
func (s *service) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.patience)
	defer cancel()
	sig, err := s.signer.SignMessage(message, append(opts, options.WithContext(ctx))...)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return sig, nil
}

func (s *service) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = fmt.Errorf("no answer within %s: %w", s.patience, err)
	}
	return &Error{Reason: CodeFailed, Name: s.name, Program: s.program, Cause: err}
}
