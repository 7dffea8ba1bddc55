package trust

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	connectTime  = 10 * time.Second // also for TLS
	headerTime   = 15 * time.Second
	maxRedirects = 3
	drainLimit   = 64 << 10 // bytes of an unwanted body read so that the connection can be used again
	maxHeader    = 64 << 10 // bytes of the headers of an answer

	agent = "releve" // without a version, which would tell what it is open to
)

// web is a Remote over HTTP.
type web struct {
	settings
	base     *url.URL
	open     *clients
	loggedIn atomic.Pointer[clients] // takes over once a proxy has asked for a log-in
}

// clients are the connections to one server.
type clients struct {
	metadata *http.Client // one connection: what is asked for one after the other
	packages *http.Client
}

// NewHTTP makes a Remote from the URL of a repository. It uses a client of
// its own: time limits for connecting, for TLS and for headers, a stall limit
// for bodies, at most 3 redirects and none from https to http, the proxy of
// the environment unless another is given. Metadata and documents come over
// one connection, since to open a second one costs more than a whole check;
// packages have their own.
func NewHTTP(base string, options ...Option) (Remote, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("repository URL: %w", errors.Unwrap(err))
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("repository URL %q: want http or https and a host", u.Redacted())
	}
	w := &web{base: u, settings: settings{stall: 30 * time.Second, proxy: http.ProxyFromEnvironment}}
	for _, option := range options {
		option(&w.settings)
	}
	w.proxy = legible(w.proxy)
	w.open = newClients(w.transport())
	return w, nil
}

func newClients(transport *http.Transport) *clients {
	alone := transport.Clone()
	alone.MaxConnsPerHost = 1
	return &clients{
		metadata: &http.Client{CheckRedirect: checkRedirect, Transport: alone},
		packages: &http.Client{CheckRedirect: checkRedirect, Transport: transport},
	}
}

// forFile chooses the connections for a file.
func (c *clients) forFile(name string) *http.Client {
	if strings.HasSuffix(name, ".json") {
		return c.metadata
	}
	return c.packages
}

func (w *web) transport() *http.Transport {
	return &http.Transport{
		Proxy:       w.proxy,
		DialContext: dialer().DialContext,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
			return refusedByProxy(proxy, response)
		},
		TLSClientConfig:        w.tlsConfig(),
		TLSHandshakeTimeout:    connectTime,
		ResponseHeaderTimeout:  min(headerTime, w.stall),
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        4, // a few packages at once
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

func (w *web) tlsConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: w.authorities}
}

func checkRedirect(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return &Error{
			Reason: CodeRedirect, File: next.URL.Redacted(),
			Expected: fmt.Sprintf("≤ %d", maxRedirects), Found: strconv.Itoa(len(via)),
		}
	case last.Scheme == "https" && next.URL.Scheme != "https":
		return &Error{
			Reason: CodeRedirect, File: last.Redacted(), Expected: "https", Found: next.URL.Redacted(),
		}
	}
	return nil
}

// Open implements Remote.
func (w *web) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	response, cancel, err := w.get(ctx, name, header)
	if err != nil {
		return nil, 0, err
	}
	start, partial := rangeStart(response)
	if offset > 0 && (response.StatusCode == http.StatusRequestedRangeNotSatisfiable || partial && start != offset) {
		// The file changed, or the server means something else by the range:
		// begin again.
		discard(response, cancel)
		return w.Open(ctx, name, 0)
	}
	if err := w.judge(response, start); err != nil {
		discard(response, cancel)
		return nil, 0, err
	}
	return &body{reader: response.Body, url: response.Request.URL.Redacted(), stall: w.stall, cancel: cancel}, start, nil
}

// get asks for one file. The caller ends the request by cancel.
func (w *web) get(ctx context.Context, name string, header http.Header) (*http.Response, context.CancelFunc, error) {
	if c := w.loggedIn.Load(); c != nil {
		return w.ask(ctx, c, name, header)
	}
	response, cancel, err := w.ask(ctx, w.open, name, header)
	var refused *Error
	if w.login == nil || !errors.As(err, &refused) || refused.Reason != CodeProxyLogin {
		return response, cancel, err
	}
	scheme := loginScheme(refused.Expected)
	if scheme == "" {
		return nil, nil, err
	}
	w.loggedIn.CompareAndSwap(nil, w.behind(scheme))
	return w.ask(ctx, w.loggedIn.Load(), name, header)
}

// ask is get with given connections.
func (w *web) ask(ctx context.Context, c *clients, name string, header http.Header) (*http.Response, context.CancelFunc, error) {
	inner, cancel := context.WithCancel(ctx)
	target := w.base.JoinPath(name)
	request, err := http.NewRequestWithContext(inner, http.MethodGet, target.String(), nil)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("asking for %q: %w", target.Redacted(), err)
	}
	request.Header = header
	request.Header.Set("User-Agent", agent)
	if strings.HasPrefix(name, "targets/") {
		// Offsets count in the bytes as published, not as compressed for the
		// way. Metadata may be compressed.
		request.Header.Set("Accept-Encoding", "identity")
	}
	response, err := c.forFile(name).Do(request)
	if err != nil {
		cancel()
		return nil, nil, w.failure(ctx, target, err)
	}
	if proxy := w.proxyOf(response.Request.URL); proxy != nil && response.StatusCode == http.StatusProxyAuthRequired {
		discard(response, cancel)
		return nil, nil, w.failure(ctx, target, refusedByProxy(proxy, response))
	}
	return response, cancel, nil
}

// failure explains why there is no answer.
func (w *web) failure(ctx context.Context, target *url.URL, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		ours    *Error
		wrapped *url.Error
		dial    *net.OpError
		timeout net.Error
	)
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, which may hold a password
	}
	e := &Error{Reason: CodeUnreachable}
	switch dialed := errors.As(err, &dial); {
	case errors.As(err, &ours):
		*e = *ours
	case dialed && dial.Op == "proxyconnect":
		e.Reason, e.Proxy = CodeProxy, proxyName(w.proxyOf(target))
	case tlsFailure(err) != nil:
		e = tlsFailure(err)
	case errors.As(err, &timeout) && timeout.Timeout() && (!dialed || dial.Op != "dial"):
		e.Reason = CodeStalled
	}
	if e.File == "" {
		e.File = target.Redacted()
	}
	if e.Cause == nil && ours == nil {
		e.Cause = err
	}
	return e
}

// proxyOf gives the proxy for a URL, for messages: nil also when that fails.
func (w *web) proxyOf(target *url.URL) *url.URL {
	proxy, err := w.proxy(&http.Request{URL: target})
	if err != nil {
		return nil
	}
	return proxy
}

// judge decides whether the answer is the file. start is where it begins.
func (w *web) judge(response *http.Response, start int64) error {
	file := response.Request.URL.Redacted()
	switch code := response.StatusCode; {
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusForbidden && w.forbidden:
		return &Error{Reason: CodeNotFound, File: file, Found: response.Status, Cause: fs.ErrNotExist}
	case code == http.StatusPartialContent && start < 0, code != http.StatusOK && code != http.StatusPartialContent:
		return &Error{Reason: CodeStatus, File: file, Expected: "200 OK", Found: response.Status}
	}
	if kind := response.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return &Error{Reason: CodeNotJSON, File: file, Expected: "the file", Found: "HTML"}
	}
	return nil
}

// rangeStart gives where a partial answer begins, -1 when it does not say,
// and 0 for a whole one.
func rangeStart(response *http.Response) (start int64, partial bool) {
	if response.StatusCode != http.StatusPartialContent {
		return 0, false
	}
	text, ok := strings.CutPrefix(response.Header.Get("Content-Range"), "bytes ")
	first, _, found := strings.Cut(text, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	if !ok || !found || err != nil || start < 0 {
		return -1, true
	}
	return start, true
}

// discard reads the rest of an unwanted answer, if it is short, so that the
// connection serves the next request too: each refresh ends with a 404.
func discard(response *http.Response, cancel context.CancelFunc) {
	timer := time.AfterFunc(time.Second, func() { cancel() })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, response.Body, drainLimit)
	_ = response.Body.Close()
	cancel()
}

// body is the content of an answer, with a limit on silence instead of one on
// the whole: a slow line may take its time.
type body struct {
	reader io.ReadCloser
	url    string
	stall  time.Duration
	cancel context.CancelFunc
	silent atomic.Bool // the limit on silence ended the request
}

// Read implements io.Reader. Only the wait for bytes counts as silence, not
// what the caller does between two reads.
func (b *body) Read(p []byte) (int, error) {
	timer := time.AfterFunc(b.stall, func() {
		b.silent.Store(true)
		b.cancel()
	})
	n, err := b.reader.Read(p)
	timer.Stop()
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	case b.silent.Load():
		return n, &Error{Reason: CodeStalled, File: b.url, Expected: "bytes within " + b.stall.String(), Cause: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return n, err
	}
	return n, &Error{Reason: CodeCut, File: b.url, Cause: err}
}

// Close implements io.Closer.
func (b *body) Close() error {
	defer b.cancel()
	if err := b.reader.Close(); err != nil {
		return fmt.Errorf("closing %q: %w", b.url, err)
	}
	return nil
}
