package trust_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
)

func TestThreeRedirectsAreFollowedAndNotFour(t *testing.T) {
	for hops, want := range map[int]string{0: "", 1: "", 3: "", 4: trust.CodeRedirect} {
		remote := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if at := strings.Count(r.URL.Path, "x"); at < hops {
				http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
				return
			}
			fmt.Fprint(w, content)
		})
		got, _, err := read(t.Context(), remote, "metadata/f", 0)
		if codeOf(err) != want || want == "" && got != content {
			t.Errorf("%d redirects: got %q, %v, want code %q", hops, got, err, want)
		}
	}
}

// TestCredentialsStayWithTheirHost sends a client with user and password from
// one host to another, and within the first.
func TestCredentialsStayWithTheirHost(t *testing.T) {
	seen := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization") + r.Header.Get("Referer") + r.Header.Get("Cookie")
	}))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case user != "user" || password != secret:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/repo/away":
			http.Redirect(w, r, elsewhere+"/x", http.StatusFound)
		case r.URL.Path == "/repo/here":
			http.Redirect(w, r, "/repo/there", http.StatusFound)
		default:
			fmt.Fprint(w, content)
		}
	}))
	t.Cleanup(first.Close)
	remote, err := trust.NewHTTP(strings.Replace(first.URL, "http://", "http://user:"+secret+"@", 1) + "/repo")
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := read(t.Context(), remote, "here", 0); err != nil || got != content {
		t.Errorf("on the same host: got %q, %v", got, err)
	}
	if _, _, err := read(t.Context(), remote, "away", 0); err != nil {
		t.Errorf("to another host: %v", err)
	}
	if got := <-seen; strings.Contains(got, "Basic") || strings.Contains(got, secret) {
		t.Errorf("the other host was told %q", got)
	}
}

// TestTLSDoesNotLeadToPlain follows a real server.
func TestTLSDoesNotLeadToPlain(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request went on without TLS")
	}))
	t.Cleanup(plain.Close)
	ca := newAuthority(t, "Test CA")
	server := secured(t, http.RedirectHandler(plain.URL, http.StatusFound), ca.certificate("releve.test", time.Now().Add(time.Hour)))
	proxy := startProxy(t, &proxied{to: server.Listener.Addr().String()})
	remote, err := trust.NewHTTP("https://releve.test/repo", ca.option(), through(proxy))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t.Context(), remote, "x", 0); codeOf(err) != trust.CodeRedirect {
		t.Errorf("got %v, want %s", err, trust.CodeRedirect)
	}
}
