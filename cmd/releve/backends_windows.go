package main

import "github.com/releve-sante/releve/installer/backend"

// systemBackends change what only Windows has, by the names that releases give.
func (s *session) systemBackends() map[string]backend.Backend {
	return map[string]backend.Backend{}
}
