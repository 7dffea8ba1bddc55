package trust_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// serve starts a server and gives a remote for it.
func serve(t testing.TB, handler http.HandlerFunc, options ...trust.Option) trust.Remote {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	remote, err := trust.NewRemote(server.URL+"/repo", options...)
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// read opens and reads a file.
func read(ctx context.Context, r trust.Remote, name string, offset int64) (content string, start int64, err error) {
	body, start, err := r.Open(ctx, name, offset)
	if err != nil {
		return "", 0, err
	}
	data, err := io.ReadAll(io.LimitReader(body, 1<<20))
	return string(data), start, errors.Join(err, body.Close())
}

const content = "0123456789"

// answer is one way a server answers.
type answer struct {
	name    string
	handler http.HandlerFunc
	options []trust.Option
	offset  int64
	want    string
	start   int64
	code    string
}

// ranges answers with content, or with part of it.
func ranges() []answer {
	static := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "f.json", time.Time{}, strings.NewReader(content))
	}
	return []answer{
		{name: "whole", handler: static, want: content},
		{name: "from-the-middle", handler: static, offset: 4, want: "456789", start: 4},
		{name: "offset-beyond-the-end", handler: static, offset: 40, want: content},
		{name: "range-ignored", offset: 4, want: content, handler: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, content)
		}},
		{name: "wrong-range", offset: 4, want: content, handler: func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				fmt.Fprint(w, content)
				return
			}
			w.Header().Set("Content-Range", "bytes 2-9/10")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, content[2:])
		}},
		{name: "partial-without-range", code: trust.CodeStatus, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
		}},
	}
}

// failures answers with something else.
func failures() []answer {
	return []answer{
		{name: "missing", handler: http.NotFound, code: trust.CodeNotFound},
		{name: "gone", code: trust.CodeNotFound, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusGone)
		}},
		{name: "forbidden", code: trust.CodeStatus, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		}},
		{name: "forbidden-bucket", code: trust.CodeNotFound, options: []trust.Option{trust.ForbiddenIsMissing()},
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }},
		{name: "broken-server", code: trust.CodeStatus, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{name: "login-page", code: trust.CodeNotJSON, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>")
		}},
		{name: "cut", code: trust.CodeCut, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "0123")
		}},
		{name: "silent", code: trust.CodeStalled, options: []trust.Option{trust.Stall(50 * time.Millisecond)},
			handler: func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, "0123")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}},
		{name: "redirected-for-ever", code: trust.CodeRedirect, handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}},
	}
}

func TestAnswersOfServersAreUnderstood(t *testing.T) {
	for _, tt := range slices.Concat(ranges(), failures()) {
		t.Run(tt.name, func(t *testing.T) {
			remote := serve(t, tt.handler, tt.options...)
			got, start, err := read(t.Context(), remote, "metadata/f.json", tt.offset)
			if code := codeOf(err); code != tt.code {
				t.Fatalf("code: got %q, want %q (%v)", code, tt.code, err)
			}
			if missing := errors.Is(err, fs.ErrNotExist); missing != (tt.code == trust.CodeNotFound) {
				t.Errorf("fs.ErrNotExist: got %t for %v", missing, err)
			}
			if err == nil && (got != tt.want || start != tt.start) {
				t.Errorf("got %q from %d, want %q from %d", got, start, tt.want, tt.start)
			}
		})
	}
}

func TestARedirectFromTLSIsNotFollowed(t *testing.T) {
	err := trust.CheckRedirect(
		request(t, "http://releve.example/x"), []*http.Request{request(t, "https://releve.example/x")})
	if got, want := codeOf(err), trust.CodeRedirect; got != want {
		t.Errorf("https to http: got %q, want %q", got, want)
	}
	err = trust.CheckRedirect(
		request(t, "https://other.example/x"), []*http.Request{request(t, "https://releve.example/x")})
	if err != nil {
		t.Errorf("https to https: %v", err)
	}
}

func request(t testing.TB, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	remote, err := trust.NewRemote(strings.Replace(address, "http://", "http://user:secret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = read(t.Context(), remote, "metadata/timestamp.json", 0)
	if got, want := codeOf(err), trust.CodeUnreachable; got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
	if strings.Contains(fmt.Sprint(err), "secret") {
		t.Errorf("the password stands in the error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err = read(ctx, remote, "x", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestAWholeRefreshTakesOneConnection(t *testing.T) {
	r := trusttest.New(t)
	files := r.Files()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		data, ok := files[strings.TrimPrefix(q.URL.Path, "/")]
		if !ok {
			http.Error(w, strings.Repeat("no such file ", 1000), http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	remote, err := trust.NewRemote(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: trusttest.Start})
	if err != nil {
		t.Fatal(err)
	}
	if err := refreshAndRead(t, c); err != nil {
		t.Fatal(err)
	}
	if got, want := connections.Load(), int32(1); got != want {
		t.Errorf("connections: got %d, want %d", got, want)
	}
}

func TestFolders(t *testing.T) {
	r := trusttest.New(t)
	dir := t.TempDir()
	for name, data := range r.Files() {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	remote, err := trust.NewRemote(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: trusttest.Start})
	if err != nil {
		t.Fatal(err)
	}
	if err := refreshAndRead(t, c); err != nil {
		t.Errorf("refresh: %v", err)
	}
	got, start, err := read(t.Context(), remote, r.FileOf("timestamp"), 5)
	if want := string(r.Files()[r.FileOf("timestamp")][5:]); err != nil || got != want || start != 5 {
		t.Errorf("from byte 5: got %q from %d, %v", got, start, err)
	}
	for name, want := range map[string]string{
		"metadata": trust.CodeUnreachable, "../secret": trust.CodeUnreachable,
	} {
		if _, _, err := read(t.Context(), remote, name, 0); codeOf(err) != want || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t.Context(), remote, "metadata/9.root.json", 0); codeOf(err) != trust.CodeUnreachable || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pulled stick: got %v, want %q", err, trust.CodeUnreachable)
	}
	for _, bad := range []string{dir, "ftp://releve.example", "http://"} {
		if _, err := trust.NewRemote(bad); err == nil {
			t.Errorf("NewRemote(%q): got no error", bad)
		}
	}
}
