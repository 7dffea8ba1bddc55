package main

import (
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/osdetect/component"
)

// systemBackends change what only Windows has, by the names that releases give.
func (s *session) systemBackends() map[string]backend.Backend {
	return map[string]backend.Backend{
		exe.Name: exe.New(s.state, exe.NewWindows(component.System())),
		msi.Name: msi.New(s.state, msi.NewWindows()),
	}
}
