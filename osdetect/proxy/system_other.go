//go:build !windows && !darwin

package proxy

import (
	"net/http"
	"net/url"
)

// isService is false: the environment of a service is what its unit, which
// root alone can write, says.
func isService() bool { return false }

// settings is the environment: there is nothing else that holds for a whole
// system.
func settings() configured {
	return configured{kind: None, find: func(u *url.URL) (*url.URL, error) {
		return http.ProxyFromEnvironment(&http.Request{URL: u})
	}}
}
