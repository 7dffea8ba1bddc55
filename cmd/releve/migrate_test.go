package main

import (
	"testing"

	"github.com/releve-sante/releve/osdetect"
)

// TestOldCryptolib tells when a move to PC/SC says that the CPS4 card in the
// reader cannot be read by what is installed. Nothing is said of what nobody
// knows.
func TestOldCryptolib(t *testing.T) {
	for version, want := range map[string]bool{"5.1.7": true, "5.1.10": true, "5.2.0": false, "5.2.6_x64": false, "x": false, "": false} {
		facts := osdetect.Facts{}
		if version != "" {
			facts = facts.With("component.cryptolib-cps.version", version)
		}
		if got := (&work{facts: facts}).oldCryptolib(); got != want {
			t.Errorf("%q: got %v, want %v", version, got, want)
		}
	}
}
