package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/quiesce"
)

func TestStatusOfInstallers(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"another-installation", &exe.Error{Reason: exe.CodeBusy}, exitBusy},
		{"wrapped", fmt.Errorf("applying: %w", &exe.Error{Reason: exe.CodeBusy}), exitBusy},
		{"another-installation-of-a-package", &msi.Error{Reason: msi.CodeBusy}, exitBusy},
		{"failed", &exe.Error{Reason: exe.CodeFailed}, exitFailed},
		{"package-failed", &msi.Error{Reason: msi.CodeFailed}, exitFailed},
		{"package-forbidden", &msi.Error{Reason: msi.CodePolicy}, exitFailed},
		{"signed-by-somebody-else", &authenticode.Error{Reason: authenticode.CodePublisher}, exitUntrusted},
		{"card-in-use", &cliError{code: quiesce.CodeCardInUse}, exitBusy},
		{"card-not-known", &cliError{code: quiesce.CodeCardSilent}, exitBusy},
		{"program-not-stopped", &cliError{code: quiesce.CodeNotStopped}, exitFailed},
		{"no-code", errors.New("no code"), exitFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := statusOf(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
