package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend/exe"
)

func TestStatusOfInstallers(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"another-installation", &exe.Error{Reason: exe.CodeBusy}, exitBusy},
		{"wrapped", fmt.Errorf("applying: %w", &exe.Error{Reason: exe.CodeBusy}), exitBusy},
		{"failed", &exe.Error{Reason: exe.CodeFailed}, exitFailed},
		{"signed-by-somebody-else", &authenticode.Error{Reason: authenticode.CodePublisher}, exitUntrusted},
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
