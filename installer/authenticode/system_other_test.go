//go:build !windows

package authenticode

import (
	"errors"
	"testing"
)

func TestCannotBeCheckedElsewhere(t *testing.T) {
	err := Check(sample(t, "signed.exe"), "Éditeur d'Essai")
	var e *Error
	if !errors.As(err, &e) || e.Code() != CodeNoCheck || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want %s and errors.ErrUnsupported", err, CodeNoCheck)
	}
}
