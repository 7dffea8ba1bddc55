package trust

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxLegs is how many messages one log-in at a proxy may take from us:
	// NTLM needs two, Kerberos one, and Negotiate may begin with the one and
	// end with the other.
	maxLegs = 5

	// loginTime bounds a whole log-in, with the tunnel it opens.
	loginTime = 20 * time.Second
)

// ProxyFinder gives the proxy for a request, nil for none.
type ProxyFinder func(*http.Request) (*url.URL, error)

// Proxy sets where requests are sent on; the environment says so unless told.
func Proxy(find ProxyFinder) Option { return func(s *settings) { s.proxy = find } }

// legible gives errors of find without the setting they quote, which may hold
// a password.
func legible(find ProxyFinder) ProxyFinder {
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := find(r)
		if err != nil {
			return nil, &Error{Reason: CodeProxySetting}
		}
		return proxy, nil
	}
}

// Tokens are the messages with which a system logs in at a proxy: one set for
// one connection.
type Tokens interface {
	// Next returns the message that answers the challenge of the proxy, which
	// is empty at first.
	Next(challenge []byte) ([]byte, error)
	Close()
}

// ProxyLogin lets connections log in at proxies that ask for Negotiate or
// NTLM. start begins a log-in with one of these schemes at a host. Passwords
// stay with the system: nothing here sees one.
func ProxyLogin(start func(scheme, host string) (Tokens, error)) Option {
	return func(s *settings) { s.login = start }
}

// refusedByProxy explains an answer of a proxy that is not a tunnel.
func refusedByProxy(proxy *url.URL, response *http.Response) error {
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return &Error{
			Reason: CodeProxyLogin, Proxy: proxyName(proxy),
			Expected: strings.Join(offered(response), ", "), Found: response.Status,
		}
	}
	return &Error{Reason: CodeProxyRefused, Proxy: proxyName(proxy), Found: response.Status}
}

// proxyName is the address of a proxy without user and password.
func proxyName(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Host
}

// offered lists the schemes a proxy would take, in its order.
func offered(response *http.Response) []string {
	var schemes []string
	for _, line := range response.Header.Values("Proxy-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if scheme = short(strings.Trim(scheme, ",")); scheme != "" && !slices.Contains(schemes, scheme) && len(schemes) < 8 {
			schemes = append(schemes, scheme)
		}
	}
	return schemes
}

// loginScheme chooses what both sides can do, "" for nothing.
func loginScheme(schemes string) string {
	for _, ours := range []string{"Negotiate", "NTLM"} {
		for theirs := range strings.SplitSeq(schemes, ", ") {
			if strings.EqualFold(ours, theirs) {
				return ours
			}
		}
	}
	return ""
}

// gate opens connections through proxies that want a log-in of the system.
// Such a log-in belongs to a connection, not to a request, so it is made while
// the connection is opened.
type gate struct {
	web    *web
	scheme string
}

// behind gives connections that log in with scheme.
func (w *web) behind(scheme string) *clients {
	g := &gate{w, scheme}
	transport := w.transport()
	transport.Proxy = func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme == "https" {
			return nil, nil // dialTLS opens the tunnel
		}
		return w.proxy(r)
	}
	transport.DialContext = g.dial
	transport.DialTLSContext = g.dialTLS
	return newClients(transport)
}

// dial opens a connection for a request without TLS. One to the proxy logs in
// by asking for the address of the repository; afterwards the proxy knows the
// connection.
func (g *gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	proxy, err := g.web.proxy(&http.Request{URL: g.web.base})
	if err != nil {
		return nil, err
	}
	if proxy == nil || hostPort(proxy) != address {
		return dialer().DialContext(ctx, network, address)
	}
	return g.enter(ctx, proxy, &http.Request{
		Method: http.MethodHead, URL: g.web.base, Host: g.web.base.Host, Header: http.Header{},
	})
}

// dialTLS opens a TLS connection, through a tunnel where there is a proxy.
func (g *gate) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	proxy, err := g.web.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	if proxy == nil {
		conn, err = dialer().DialContext(ctx, network, address)
	} else {
		conn, err = g.enter(ctx, proxy, &http.Request{
			Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{},
		})
	}
	if err != nil {
		return nil, err
	}
	config := g.web.tlsConfig()
	config.ServerName, config.NextProtos = host, []string{"h2", "http/1.1"}
	return handshake(ctx, conn, config)
}

// handshake begins TLS on a connection, which it closes when that fails.
func handshake(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	inner, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(inner); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// enter connects to a proxy and logs in with request.
func (g *gate) enter(ctx context.Context, proxy *url.URL, request *http.Request) (net.Conn, error) {
	conn, err := dialer().DialContext(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
	}
	if proxy.Scheme == "https" {
		config := g.web.tlsConfig()
		config.ServerName = proxy.Hostname()
		if conn, err = handshake(ctx, conn, config); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	timer := time.AfterFunc(loginTime, func() { _ = conn.Close() })
	defer timer.Stop()
	if err := g.logIn(conn, proxy, request); err != nil {
		stop()
		return nil, errors.Join(err, conn.Close())
	}
	if !stop() {
		return nil, errors.Join(ctx.Err(), conn.Close())
	}
	return conn, nil
}

// logIn sends request with one message after the other until the proxy is
// content.
func (g *gate) logIn(conn net.Conn, proxy *url.URL, request *http.Request) error {
	tokens, err := g.web.login(g.scheme, proxy.Hostname())
	if err != nil {
		return &Error{Reason: CodeProxyLogin, Proxy: proxyName(proxy), Expected: g.scheme, Cause: err}
	}
	defer tokens.Close()
	answers := &io.LimitedReader{R: conn}
	reader := bufio.NewReader(answers)
	var challenge []byte
	for range maxLegs {
		answers.N = maxHeader + drainLimit // of each answer
		token, err := tokens.Next(challenge)
		if err != nil {
			return &Error{Reason: CodeProxyLogin, Proxy: proxyName(proxy), Expected: g.scheme, Cause: err}
		}
		request.Header.Set("Proxy-Authorization", g.scheme+" "+base64.StdEncoding.EncodeToString(token))
		request.Header.Set("Proxy-Connection", "keep-alive")
		request.Header.Set("User-Agent", agent)
		response, err := exchange(conn, reader, request) //nolint:bodyclose // exchange closes it
		if err != nil {
			return &Error{Reason: CodeProxy, Proxy: proxyName(proxy), Cause: err}
		}
		if response.StatusCode != http.StatusProxyAuthRequired {
			if request.Method != http.MethodConnect {
				return nil // any answer of the repository will do
			}
			return refusedByProxy(proxy, response)
		}
		challenge = challengeOf(response, g.scheme)
		if len(challenge) == 0 || response.Close {
			return refusedByProxy(proxy, response)
		}
	}
	return &Error{Reason: CodeProxyLogin, Proxy: proxyName(proxy), Expected: g.scheme, Found: "no end"}
}

// exchange sends a request and reads the answer. What a refusal says to a
// person is thrown away.
func exchange(conn net.Conn, reader *bufio.Reader, request *http.Request) (*http.Response, error) {
	write := request.WriteProxy
	if request.Method == http.MethodConnect {
		write = request.Write
	}
	if err := write(conn); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusProxyAuthRequired {
		n, err := io.CopyN(io.Discard, response.Body, drainLimit)
		if n == drainLimit || err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.New("the refusal does not end")
		}
	}
	return response, response.Body.Close()
}

// challengeOf reads what a proxy answers to the last message, empty when it
// only names the scheme again: then it did not like the message.
func challengeOf(response *http.Response, scheme string) []byte {
	for _, line := range response.Header.Values("Proxy-Authenticate") {
		theirs, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.EqualFold(theirs, scheme) {
			if challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
				return challenge
			}
		}
	}
	return nil
}

func dialer() *net.Dialer { return &net.Dialer{Timeout: connectTime} }

// hostPort is where a proxy listens.
func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
