package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/publish/hsm"
)

// prompt asks for passwords. New keys of one run share the password that was
// typed for the first.
type prompt struct {
	a     *app
	typed []byte
}

// password implements publish.Password: RELEVE_REPO_PASSWORD, else a question
// on the terminal, which is asked twice for a new key.
func (p *prompt) password(name string, create bool) ([]byte, error) {
	if value := p.a.env("RELEVE_REPO_PASSWORD"); value != "" {
		return []byte(value), nil
	}
	if create && p.typed != nil {
		return p.typed, nil
	}
	question := fmt.Sprintf("Password of the key %q: ", name)
	if create {
		question = "New password for the keys: "
	}
	typed, err := p.ask(name, question)
	if err != nil {
		return nil, err
	}
	if !create {
		return typed, nil
	}
	again, err := p.ask(name, "The same password again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(typed, again) {
		return nil, errors.New("the two passwords differ")
	}
	p.typed = typed
	return typed, nil
}

// pin asks for the PIN of a token: RELEVE_REPO_PIN, else a question. It is
// never the password of key files: a wrong PIN locks a token.
func (p *prompt) pin(name string) ([]byte, error) {
	if value := p.a.env("RELEVE_REPO_PIN"); value != "" {
		return []byte(value), nil
	}
	typed, err := p.ask(name, fmt.Sprintf("PIN of the token with the key %q: ", name))
	var e *publish.Error
	if errors.As(err, &e) && e.Reason == publish.CodeEmptyPassword {
		return nil, &hsm.Error{Reason: hsm.CodeNeedPIN, Name: name}
	}
	return typed, err
}

// ask reads a line from the terminal without showing it.
func (p *prompt) ask(name, question string) ([]byte, error) {
	terminal, ok := p.a.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return nil, &publish.Error{Reason: publish.CodeEmptyPassword, Role: name}
	}
	fmt.Fprint(p.a.errOut, question)
	typed, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(p.a.errOut)
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	return typed, nil
}
