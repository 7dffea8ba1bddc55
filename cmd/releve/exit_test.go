package main

import (
	"fmt"
	"testing"

	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/backend/msi"
)

// TestAnotherInstallationIsBusy gives deployment tools the status after which
// they try again, and no other failure of an installer.
func TestAnotherInstallationIsBusy(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"package", &msi.Error{Reason: msi.CodeBusy}, exitBusy},
		{"setup-program", &exe.Error{Reason: exe.CodeBusy}, exitBusy},
		{"somewhere-below", fmt.Errorf("applying: %w", &msi.Error{Reason: msi.CodeBusy}), exitBusy},
		{"failed", &msi.Error{Reason: msi.CodeFailed}, exitFailed},
		{"forbidden", &msi.Error{Reason: msi.CodePolicy}, exitFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := statusOf(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
