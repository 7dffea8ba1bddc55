package trust_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// secret is a password that no error may show.
const secret = "s3cret-word"

// proxied is a proxy that leads every host to one server. Its fields say how
// it behaves; the zero value lets everything through.
type proxied struct {
	to        string           // host:port of the server
	basic     string           // wanted user:password
	tokens    string           // wanted scheme, Negotiate or NTLM
	hangUp    bool             // after the first message of a log-in
	babbles   bool             // without end, in the headers of its answer to that
	status    int              // answered instead of a tunnel
	intercept *tls.Certificate // open TLS with this instead
	page      http.Handler     // answers everything without TLS

	tunnels, logins, babbled atomic.Int64
}

func startProxy(t testing.TB, p *proxied) *url.URL {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return &url.URL{Scheme: "http", Host: listener.Addr().String()}
}

// serve speaks with one client: what a log-in allows is allowed on its
// connection only.
func (p *proxied) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	allowed, legs := p.basic == "" && p.tokens == "", 0
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if p.babbles && request.Header.Get("Proxy-Authorization") != "" {
			p.babble(conn)
			return
		}
		if !allowed {
			var again string
			if allowed, again = p.judge(request, &legs); !allowed {
				fmt.Fprintf(conn, "HTTP/1.1 407 Proxy Authentication Required\r\n%sContent-Length: 5\r\n\r\n", again)
				if request.Method != http.MethodHead {
					_, _ = io.WriteString(conn, "sorry")
				}
				if p.hangUp && legs > 0 {
					return
				}
				continue
			}
		}
		if !p.forward(conn, reader, request) {
			return
		}
	}
}

// babble writes headers until the client has had enough, and counts bytes.
func (p *proxied) babble(conn net.Conn) {
	_, err := io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\n")
	for err == nil {
		var n int
		n, err = fmt.Fprintf(conn, "X-Header: %01000d\r\n", 0)
		p.babbled.Add(int64(n))
	}
}

// judge looks at the credentials of a request.
func (p *proxied) judge(request *http.Request, legs *int) (allowed bool, again string) {
	given := request.Header.Get("Proxy-Authorization")
	if p.basic != "" {
		return given == "Basic "+base64.StdEncoding.EncodeToString([]byte(p.basic)), "Proxy-Authenticate: Basic realm=\"x\"\r\n"
	}
	text, _ := strings.CutPrefix(given, p.tokens+" ")
	token, _ := base64.StdEncoding.DecodeString(text)
	switch string(token) {
	case "hello":
		*legs++
		return false, "Proxy-Authenticate: " + p.tokens + " " + base64.StdEncoding.EncodeToString([]byte("riddle")) + "\r\n"
	case "answer to riddle":
		p.logins.Add(1)
		return *legs == 1, ""
	}
	return false, "Proxy-Authenticate: Kerbes\r\nProxy-Authenticate: " + p.tokens + "\r\n"
}

// forward carries out a request and tells whether another may follow.
func (p *proxied) forward(conn net.Conn, reader *bufio.Reader, request *http.Request) bool {
	switch {
	case request.Method != http.MethodConnect:
		handler := p.page
		if handler == nil {
			handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				response, err := http.DefaultTransport.RoundTrip(&http.Request{ //nolint:forbidigo // the test's own server
					Method: r.Method, URL: &url.URL{Scheme: "http", Host: p.to, Path: r.URL.Path}, Header: http.Header{},
				})
				if err != nil {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				w.WriteHeader(response.StatusCode)
				_, _ = io.Copy(w, response.Body)
				_ = response.Body.Close()
			})
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		response := recorder.Result()
		response.ContentLength = int64(recorder.Body.Len())
		response.Request = request
		return response.Write(conn) == nil
	case p.status != 0:
		fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", p.status, http.StatusText(p.status))
		return false
	}
	p.tunnels.Add(1)
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	var client io.ReadWriter = struct {
		io.Reader
		io.Writer
	}{reader, conn}
	server, err := net.Dial("tcp", p.to) //nolint:noctx // ends with the test's server
	if err != nil {
		return false
	}
	if p.intercept != nil {
		client = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*p.intercept}})
		server = tls.Client(server, &tls.Config{InsecureSkipVerify: true}) // such a proxy may
	}
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
	return false
}

// through is the option that sends everything to a proxy.
func through(proxy *url.URL) trust.Option {
	return trust.Proxy(func(*http.Request) (*url.URL, error) { return proxy, nil })
}

// riddles are Tokens of the test's own.
type riddles struct{ wrong bool }

func (r riddles) Next(challenge []byte) ([]byte, error) {
	switch {
	case len(challenge) == 0:
		return []byte("hello"), nil
	case r.wrong:
		return []byte("no idea"), nil
	}
	return []byte("answer to " + string(challenge)), nil
}

func (riddles) Close() {}

func riddler(wrong bool) trust.Option {
	return trust.ProxyLogin(func(string, string) (trust.Tokens, error) { return riddles{wrong}, nil })
}

// refreshAt refreshes a fresh client of r at an address.
func refreshAt(t testing.TB, r *trusttest.Repo, address string, options ...trust.Option) error {
	t.Helper()
	remote, err := trust.NewHTTP(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: trusttest.Start, Patience: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return refreshAndRead(t, c)
}

// throughProxy is a refresh through one kind of proxy.
type throughProxy struct {
	name    string
	proxy   *proxied
	user    *url.Userinfo
	plain   bool // without TLS
	options []trust.Option
	want    string // code; "" for success
	says    string // in the error
	logins  int64
}

func TestProxies(t *testing.T) {
	r := trusttest.New(t)
	ca, other := newAuthority(t, "Test CA"), newAuthority(t, "Hospital Proxy CA")
	const host = "releve.test"
	server := secured(t, files(r), ca.certificate(host, time.Now().Add(time.Hour)))
	plain := httptest.NewServer(files(r))
	t.Cleanup(plain.Close)
	intercepting := other.certificate(host, time.Now().Add(time.Hour))
	to, plainTo := server.Listener.Addr().String(), plain.Listener.Addr().String()
	for _, tt := range []throughProxy{
		{name: "lets-through", proxy: &proxied{to: to}, options: []trust.Option{ca.option()}},
		{name: "lets-through-plain", proxy: &proxied{to: plainTo}, plain: true},
		{name: "basic-without-user", proxy: &proxied{to: to, basic: "user:" + secret}, want: trust.CodeProxyLogin, says: `"Basic"`},
		{name: "basic-without-user-plain", proxy: &proxied{to: plainTo, basic: "user:" + secret}, plain: true, want: trust.CodeProxyLogin, says: `"Basic"`},
		{name: "basic", proxy: &proxied{to: to, basic: "user:" + secret}, user: url.UserPassword("user", secret), options: []trust.Option{ca.option()}},
		{name: "basic-plain", proxy: &proxied{to: plainTo, basic: "user:" + secret}, user: url.UserPassword("user", secret), plain: true},
		{name: "basic-wrong", proxy: &proxied{to: to, basic: "user:x"}, user: url.UserPassword("user", secret), want: trust.CodeProxyLogin},
		{name: "blocks", proxy: &proxied{to: to, status: http.StatusForbidden}, want: trust.CodeProxyRefused, says: "403"},
		{name: "intercepts", proxy: &proxied{to: to, intercept: &intercepting}, want: trust.CodeAuthority, says: "Hospital Proxy CA"},
		{name: "intercepts-with-its-certificate", proxy: &proxied{to: to, intercept: &intercepting}, options: []trust.Option{other.option()}},
		{name: "negotiate-without-system", proxy: &proxied{to: to, tokens: "Negotiate"}, want: trust.CodeProxyLogin, says: "Kerbes, Negotiate"},
		{name: "negotiate", proxy: &proxied{to: to, tokens: "Negotiate"}, options: []trust.Option{ca.option(), riddler(false)}, logins: 1},
		{name: "ntlm", proxy: &proxied{to: to, tokens: "NTLM"}, options: []trust.Option{ca.option(), riddler(false)}, logins: 1},
		{name: "negotiate-plain", proxy: &proxied{to: plainTo, tokens: "Negotiate"}, plain: true, options: []trust.Option{riddler(false)}, logins: 1},
		{name: "negotiate-wrong", proxy: &proxied{to: to, tokens: "Negotiate"}, options: []trust.Option{ca.option(), riddler(true)}, want: trust.CodeProxyLogin},
		{name: "negotiate-wrong-plain", proxy: &proxied{to: plainTo, tokens: "NTLM"}, plain: true, options: []trust.Option{riddler(true)}, want: trust.CodeProxyLogin},
		{name: "hangs-up", proxy: &proxied{to: to, tokens: "NTLM", hangUp: true}, options: []trust.Option{ca.option(), riddler(false)}, want: trust.CodeProxy},
		{name: "negotiate-then-intercepts", proxy: &proxied{to: to, tokens: "NTLM", intercept: &intercepting}, options: []trust.Option{riddler(false)}, want: trust.CodeAuthority, logins: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := startProxy(t, tt.proxy)
			proxy.User = tt.user
			scheme := "https"
			if tt.plain {
				scheme = "http"
			}
			err := refreshAt(t, r, scheme+"://"+host+"/repo", append(tt.options, through(proxy))...)
			if got := codeOf(err); got != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			said := fmt.Sprint(err)
			if strings.Contains(said, secret) || !strings.Contains(said, tt.says) {
				t.Errorf("got %q, want %q in it and no password", said, tt.says)
			}
			var e *trust.Error
			if errors.As(err, &e) && strings.HasPrefix(tt.want, trust.CodeProxy) && e.Args()["Proxy"] != proxy.Host {
				t.Errorf("the proxy is %q, want %q", e.Args()["Proxy"], proxy.Host)
			}
			if got := tt.proxy.logins.Load(); got != tt.logins {
				t.Errorf("%d log-ins, want %d: one for a connection", got, tt.logins)
			}
		})
	}
}

func TestALogInThatNoProxyAsksFor(t *testing.T) {
	remote := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	if _, _, err := read(t.Context(), remote, "x", 0); codeOf(err) != trust.CodeStatus {
		t.Errorf("got %v, want %s", err, trust.CodeStatus)
	}
}

// TestAProxyWithoutEnd answers a log-in with headers that do not end. What the
// system buffers on the way is not what the client reads.
func TestAProxyWithoutEnd(t *testing.T) {
	r := trusttest.New(t)
	for _, scheme := range []string{"http", "https"} {
		p := &proxied{tokens: "Negotiate", babbles: true}
		err := refreshAt(t, r, scheme+"://releve.test/repo", riddler(false), through(startProxy(t, p)))
		if got, want := codeOf(err), trust.CodeProxy; got != want {
			t.Errorf("%s: got %v, want %s", scheme, err, want)
		}
		if got, most := p.babbled.Load(), int64(16<<20); got > most {
			t.Errorf("%s: the proxy got rid of %d bytes, want at most %d", scheme, got, most)
		}
	}
}

func TestADeadProxy(t *testing.T) {
	r := trusttest.New(t)
	for _, scheme := range []string{"http", "https"} {
		dead := &url.URL{Scheme: "http", Host: "127.0.0.1:1", User: url.UserPassword("user", secret)}
		err := refreshAt(t, r, scheme+"://releve.test/repo", through(dead))
		if got, want := codeOf(err), trust.CodeProxy; got != want || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s", scheme, err, want)
		}
		err = refreshAt(t, r, scheme+"://releve.test/repo", trust.Proxy(func(*http.Request) (*url.URL, error) {
			return nil, errors.New("invalid proxy address user:" + secret)
		}))
		if got, want := codeOf(err), trust.CodeProxySetting; got != want || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s", scheme, err, want)
		}
	}
}

func TestACaptivePortalDamagesNothing(t *testing.T) {
	r, cache := warm(t)
	update(r)
	before := cache.Clone()
	portal := startProxy(t, &proxied{page: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Wi-Fi</title>")
	})})
	good := httptest.NewServer(files(r))
	t.Cleanup(good.Close)
	client := func(address string, options ...trust.Option) *trust.Client {
		remote, err := trust.NewHTTP(address, options...)
		if err != nil {
			t.Fatal(err)
		}
		c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: cache, Now: trusttest.Start})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	err := client("http://releve.test/repo", through(portal)).Refresh(t.Context())
	if got, want := codeOf(err), trust.CodeNotJSON; got != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for name, data := range before.Files {
		if string(cache.Files[name]) != string(data) {
			t.Errorf("%s was changed", name)
		}
	}
	expectNew(t, client(good.URL+"/repo"))
}
