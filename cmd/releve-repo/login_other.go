//go:build !windows

package main

import "github.com/releve-sante/releve/manifest/trust"

// proxyLogin is nothing: only Windows keeps log-ins that proxies take.
func proxyLogin() []trust.Option { return nil }
