// Package proxy tells which proxy this system wants requests to go through.
//
// What the package promises:
//   - What a person at a terminal says in the environment (HTTPS_PROXY,
//     HTTP_PROXY, NO_PROXY) wins over the settings of the system. A Windows
//     service reads neither the environment nor the settings of a user: what
//     it would find there may be of anybody's making.
//   - The settings are read once, at the first request, and never written.
//   - Nothing is sent anywhere but by the system itself, which may fetch the
//     script its settings name; that has a time limit.
//   - No password is ever part of an answer, except one that the environment
//     gives.
//
// A proxy decides whether bytes arrive, never whether they are believed.
package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Finder gives the proxy for a request, nil for none.
type Finder func(*http.Request) (*url.URL, error)

// Find gives the Finder of this process. env reads its environment.
func Find(env func(string) string) Finder {
	if !isService() && named(env) {
		return http.ProxyFromEnvironment
	}
	system := sync.OnceValue(settings)
	return func(r *http.Request) (*url.URL, error) {
		if find := system().find; find != nil && !local(r.URL.Hostname()) {
			return find(r.URL)
		}
		return nil, nil
	}
}

// Kind says who names the proxy.
type Kind string

// The kinds there are.
const (
	None        Kind = "none"
	Environment Kind = "environment" // HTTPS_PROXY or HTTP_PROXY of this process
	Fixed       Kind = "fixed"       // the settings of the system name an address
	Script      Kind = "script"      // the settings name a script, or let the network name one
)

// Configured says who names the proxy for this process, "" when the settings
// of the system cannot be read. It asks nothing of the network. env reads the
// environment.
func Configured(env func(string) string) Kind {
	if !isService() && named(env) {
		return Environment
	}
	return settings().kind
}

// configured is what the settings of a system say. A nil find is none.
type configured struct {
	kind Kind
	find func(*url.URL) (*url.URL, error)
}

// kind is Fixed for rules that name a proxy.
func (r Rules) kind() Kind {
	if r.HTTP == "" && r.HTTPS == "" {
		return None
	}
	return Fixed
}

// named tells whether the environment names a proxy. An exception alone does
// not: it must not switch the settings of the system off.
func named(env func(string) string) bool {
	return slices.ContainsFunc([]string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"},
		func(name string) bool { return env(name) != "" })
}

// local tells whether a host is this machine, to which no proxy leads.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// Rules are proxies with fixed addresses.
type Rules struct {
	HTTP, HTTPS string   // host:port for requests to http and https; "" for none
	Bypass      []string // hosts without a proxy: see bypassed
	BypassPlain bool     // hosts without a dot have none
}

// For gives the proxy for a URL, nil for none.
func (r Rules) For(u *url.URL) (*url.URL, error) {
	address := r.HTTP
	if u.Scheme == "https" {
		address = r.HTTPS
	}
	if address == "" || r.bypassed(u.Hostname()) {
		return nil, nil
	}
	return parse(address)
}

// parse reads the address of a proxy: host:port, or a URL.
func parse(address string) (*url.URL, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}, nil
}

// bypassed tells whether a host is named by a pattern: "<local>" stands for
// names without a dot, "*" for any characters, and "169.254/16" for a network
// whose last zeros are left out.
func (r Rules) bypassed(host string) bool {
	host = strings.ToLower(host)
	plain := !strings.ContainsAny(host, ".:")
	if plain && r.BypassPlain {
		return true
	}
	ip, ipErr := netip.ParseAddr(host)
	return slices.ContainsFunc(r.Bypass, func(pattern string) bool {
		pattern = strings.ToLower(strings.TrimSpace(pattern))
		if pattern == "<local>" {
			return plain
		}
		if network, ok := network(pattern); ok {
			return ipErr == nil && network.Contains(ip)
		}
		return pattern != "" && matches(pattern, host)
	})
}

// network reads "10/8" and "169.254/16" too.
func network(pattern string) (netip.Prefix, bool) {
	address, bits, ok := strings.Cut(pattern, "/")
	if !ok {
		return netip.Prefix{}, false
	}
	if !strings.Contains(address, ":") {
		address += strings.Repeat(".0", max(0, 3-strings.Count(address, ".")))
	}
	prefix, err := netip.ParsePrefix(address + "/" + bits)
	return prefix, err == nil
}

// matches compares a host with a pattern in which "*" stands for any
// characters.
func matches(pattern, host string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == host
	}
	if !strings.HasPrefix(host, first) {
		return false
	}
	for host = host[len(first):]; ; host = host[1:] {
		if matches(rest, host) {
			return true
		}
		if host == "" {
			return false
		}
	}
}
