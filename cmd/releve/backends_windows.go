package main

import (
	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/capability"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/backend/standin"
	"github.com/releve-sante/releve/osdetect/component"
)

// systemBackends change what only Windows has, by the names that releases give.
func (s *session) systemBackends() map[string]backend.Backend {
	packages := msi.New(s.state, msi.NewWindows())
	return map[string]backend.Backend{
		exe.Name: exe.New(s.state, exe.NewWindows(component.System(), packages)),
		msi.Name: packages,
	}
}

// thisWMIC is this Windows, unless the facts are those of another machine.
func thisWMIC(facts string) (wmicSystem, bool) {
	return wmicSystem{capability.Machine{}, standin.Machine{}}, facts == ""
}

// machinePath is the PATH of the machine as programs see it.
func machinePath() string {
	path, err := standin.Machine{}.Path()
	if err == nil {
		path, err = registry.ExpandString(path)
	}
	if err != nil {
		return ""
	}
	return path
}
