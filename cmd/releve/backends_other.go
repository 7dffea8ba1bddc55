//go:build !windows

package main

import "github.com/releve-sante/releve/installer/backend"

// systemBackends change what only one system has. There are none here.
func (s *session) systemBackends() map[string]backend.Backend { return nil }

// thisWMIC is none: only Windows has it.
func thisWMIC(string) (wmicSystem, bool) { return wmicSystem{}, false }

// machinePath is none: programs are given that of their parent.
func machinePath() string { return "" }
