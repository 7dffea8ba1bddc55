package backendtest_test

import (
	"testing"

	"github.com/releve-sante/releve/installer/backend/backendtest"
)

func TestFake(t *testing.T) {
	backendtest.Suite{
		New: func(*testing.T) backendtest.Bench { return backendtest.NewMachine().Bench() },
	}.Run(t)
}
