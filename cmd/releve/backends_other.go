//go:build !windows

package main

import "github.com/releve-sante/releve/installer/backend"

// systemBackends change what only one system has. There are none here.
func (s *session) systemBackends() map[string]backend.Backend { return nil }
