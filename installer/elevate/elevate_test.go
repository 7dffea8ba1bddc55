//go:build !windows

package elevate

import (
	"errors"
	"os"
	"testing"
)

func TestHeld(t *testing.T) {
	if got, want := Held(), (Rights{Administrator: os.Geteuid() == 0}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNobodyCanBeAsked(t *testing.T) {
	if _, err := Relaunch(nil); !errors.Is(err, errors.ErrUnsupported) || Possible {
		t.Errorf("got %v, possible %v", err, Possible)
	}
}
