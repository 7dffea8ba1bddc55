package main

import (
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/osdetect/proxy"
)

// proxyLogin lets Windows log in at proxies that ask for it.
func proxyLogin() []trust.Option {
	return []trust.Option{trust.ProxyLogin(func(scheme, host string) (trust.Tokens, error) {
		return proxy.NewLogin(scheme, host)
	})}
}
