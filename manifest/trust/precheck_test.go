package trust_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// witness writes down what is asked of a remote.
type witness struct {
	trust.Remote
	mu    sync.Mutex
	asked []string
}

func (w *witness) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	w.mu.Lock()
	w.asked = append(w.asked, strings.TrimPrefix(name, "metadata/"))
	w.mu.Unlock()
	return w.Remote.Open(ctx, name, offset)
}

// clientOf makes a client with a clock of its own.
func clientOf(t testing.TB, r *trusttest.Repo, c trust.Config) *trust.Client {
	t.Helper()
	c.Root, c.Patience = r.Root(), time.Second
	if c.Remote == nil {
		c.Remote = r
	}
	if c.Now == nil {
		c.Now = trusttest.Start
	}
	client, err := trust.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTwoQuestionsShowThatNothingIsNew(t *testing.T) {
	r, cache := warm(t)
	w := &witness{Remote: r}
	c := clientOf(t, r, trust.Config{Remote: w, Cache: cache})
	revision := newClient(t, r, cache)
	if err := revision.Cached(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What is not needed for the answer may be damaged: nobody looks at it.
	cache.Files["targets-a.json"] = []byte("{")
	cache.Stores = 0
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := w.asked, []string{"2.root.json", "timestamp.json"}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
	if got, want := cache.Stores, 1; got != want {
		t.Errorf("stores: got %d, want %d", got, want)
	}
	if got, want := c.Revision(), revision.Revision(); got != want || got == "" {
		t.Errorf("revision: got %q, want %q", got, want)
	}
	s := c.Status()
	if got, want := len(s.Roles), 4; got != want || s.Expired || s.Roles[1].Version != 10 {
		t.Errorf("status: %+v", s)
	}
	// Once it is needed, the damage is noticed and made good.
	if _, err := readAll(c); err != nil {
		t.Fatalf("reading after the damage: %v", err)
	}
	if bytes.Equal(cache.Files["targets-a.json"], []byte("{")) {
		t.Error("the damaged file was not replaced")
	}
}

func TestDocumentsNeedNoNetworkWhenNothingIsNew(t *testing.T) {
	r, cache := warm(t)
	w := &witness{Remote: r}
	c := clientOf(t, r, trust.Config{Remote: w, Cache: cache})
	if err := refreshAndRead(t, c); err != nil {
		t.Fatal(err)
	}
	if got, want := len(w.asked), 2; got != want {
		t.Errorf("asked for %q, want %d files", w.asked, want)
	}
}

// deviation is something that differs from the last refresh.
type deviation struct {
	name   string
	change func(t *testing.T, r *trusttest.Repo, c *trusttest.Cache)
	days   int
	want   string // code of the refusal, "" for none
}

func deviations() []deviation {
	damage := func(name string) func(*testing.T, *trusttest.Repo, *trusttest.Cache) {
		return func(t *testing.T, _ *trusttest.Repo, c *trusttest.Cache) {
			if len(c.Files[name]) == 0 {
				t.Fatalf("the cache has no %q", name)
			}
			c.Files[name] = slices.Clone(c.Files[name])
			c.Files[name][len(c.Files[name])/2] ^= 1
		}
	}
	return []deviation{
		{name: "new-root", change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) { r.PublishRoot() }},
		{name: "new-timestamp", change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) { update(r) }},
		{name: "older-timestamp", want: trust.CodeRolledBack, change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) {
			r.Signed("timestamp")["version"] = 9
			r.Seal()
		}},
		{name: "other-bytes", want: trust.CodeBadSignature, change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) {
			data := r.Files()["metadata/timestamp.json"]
			r.Forge("metadata/timestamp.json", bytes.Replace(data, []byte(`"version":10`), []byte(`"version":99`), 2))
		}},
		{name: "timestamp-withheld", want: trust.CodeNotFound, change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) {
			r.Forge("metadata/timestamp.json", nil)
		}},
		{name: "web-page", want: trust.CodeNotJSON, change: func(_ *testing.T, r *trusttest.Repo, _ *trusttest.Cache) {
			r.Serve("*", trusttest.HTML)
		}},
		{name: "expired", days: 2, want: trust.CodeExpired, change: func(*testing.T, *trusttest.Repo, *trusttest.Cache) {}},
		{name: "set-damaged", change: damage("trusted.json")},
		{name: "record-damaged", change: damage("record.json")},
		{name: "record-lost", change: func(_ *testing.T, _ *trusttest.Repo, c *trusttest.Cache) { delete(c.Files, "record.json") }},
	}
}

func TestEveryDeviationLeadsToTheWholeWorkflow(t *testing.T) {
	for _, d := range deviations() {
		t.Run(d.name, func(t *testing.T) {
			r, cache := warm(t)
			d.change(t, r, cache)
			now := func() time.Time { return trusttest.Start().AddDate(0, 0, d.days) }
			w := &witness{Remote: r}
			c := clientOf(t, r, trust.Config{Remote: w, Cache: cache, Now: now})
			err := refreshAndRead(t, c)
			if got := codeOf(err); got != d.want {
				t.Fatalf("got %q, want %q (%v)", got, d.want, err)
			}
			if d.want != "" {
				return
			}
			// What is believed is what somebody who knew nothing would believe.
			fresh := newClient(t, r, trusttest.NewCache())
			if err := fresh.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := c.Revision(), fresh.Revision(); got != want {
				t.Errorf("revision: got %s, want %s", got, want)
			}
			// The next time, two questions are enough again.
			w.asked = nil
			if err := c.Refresh(t.Context()); err != nil || len(w.asked) != 2 {
				t.Errorf("the next refresh asked for %q: %v", w.asked, err)
			}
		})
	}
}

func TestADamagedRootIsNoRootToStandOn(t *testing.T) {
	r, cache := warm(t)
	r.PublishRoot()
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	cache.Files["2.root.json"] = []byte("{}")
	w := &witness{Remote: r}
	c := clientOf(t, r, trust.Config{Remote: w, Cache: cache})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(w.asked, "2.root.json") {
		t.Errorf("asked for %q: the damaged root was not fetched again", w.asked)
	}
}

func TestARootSeenInAFailedRefreshIsNotHidden(t *testing.T) {
	r, cache := warm(t)
	r.PublishRoot()
	r.Forge("metadata/timestamp.json", []byte("{}"))
	if err := newClient(t, r, cache).Refresh(t.Context()); codeOf(err) != trust.CodeBadSignature && codeOf(err) != trust.CodeMalformed {
		t.Fatalf("got %v, want a refusal", err)
	}
	// The mirror now pretends that there never was another root.
	r.Forge("metadata/2.root.json", nil)
	r.Forge("metadata/timestamp.json", r.Files()["metadata/timestamp.json"])
	c := newClient(t, r, cache)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Status().Roles[0].Version, int64(2); got != want {
		t.Errorf("root version: got %d, want %d", got, want)
	}
}

// site serves a repository over HTTP and counts.
type site struct {
	*httptest.Server
	connections atomic.Int64
	lies        atomic.Bool // "unchanged", whatever is asked
	requests    atomic.Int64
	unchanged   atomic.Int64
}

// newSite starts a server: kind is http, h1 (HTTP/1.1 over TLS) or h2.
func newSite(t testing.TB, r *trusttest.Repo, kind string) *site {
	t.Helper()
	s := &site{}
	var mu sync.Mutex // a Repo is changed between requests
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		s.requests.Add(1)
		data, ok := r.Files()[strings.TrimPrefix(q.URL.Path, "/")]
		switch {
		case s.lies.Load() && q.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotModified)
			s.unchanged.Add(1)
		case !ok:
			http.NotFound(w, q)
		default:
			tag := `"` + trust.DigestOf(data) + `"`
			w.Header().Set("ETag", tag)
			if q.Header.Get("If-None-Match") == tag {
				s.unchanged.Add(1)
			}
			http.ServeContent(w, q, "f.json", time.Time{}, bytes.NewReader(data))
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	switch kind {
	case "http":
		s.Start()
	default:
		s.EnableHTTP2 = kind == "h2"
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *site) remote(t testing.TB) trust.Remote {
	t.Helper()
	remote, err := trust.NewHTTP(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if s.TLS != nil {
		trust.TrustServer(remote, s.Certificate())
	}
	return remote
}

func TestACheckIsOneConnection(t *testing.T) {
	for _, kind := range []string{"http", "h1", "h2"} {
		t.Run(kind, func(t *testing.T) {
			r, cache := trusttest.New(t), trusttest.NewCache()
			s := newSite(t, r, kind)
			first := clientOf(t, r, trust.Config{Remote: s.remote(t), Cache: cache})
			if err := refreshAndRead(t, first); err != nil {
				t.Fatal(err)
			}
			if got, want := s.connections.Swap(0), int64(1); got != want {
				t.Errorf("first time: %d connections, want %d", got, want)
			}
			s.requests.Store(0)
			c := clientOf(t, r, trust.Config{Remote: s.remote(t), Cache: cache})
			if err := c.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := s.connections.Load(), int64(1); got != want {
				t.Errorf("nothing new: %d connections, want %d", got, want)
			}
			if s.requests.Load() != 2 || s.unchanged.Load() != 1 {
				t.Errorf("nothing new: %d requests, %d answered as unchanged; want 2 and 1", s.requests.Load(), s.unchanged.Load())
			}
			update(r)
			if err := refreshAndRead(t, c); err != nil {
				t.Fatal(err)
			}
			if got, want := c.Status().Roles[1].Version, int64(11); got != want {
				t.Errorf("timestamp version: got %d, want %d", got, want)
			}
		})
	}
}

func TestAMirrorThatLiesAboutChangesGainsTimeOnly(t *testing.T) {
	r, cache := warm(t)
	update(r)
	s := newSite(t, r, "http")
	now := trusttest.Start()
	config := trust.Config{Remote: s.remote(t), Cache: cache, Now: func() time.Time { return now }}
	if err := refreshAndRead(t, clientOf(t, r, config)); err != nil {
		t.Fatal(err)
	}
	s.lies.Store(true)
	update(r)
	c := clientOf(t, r, config)
	if err := refreshAndRead(t, c); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Status().Roles[1].Version, int64(11); got != want {
		t.Errorf("timestamp version: got %d, want %d: the one that was verified", got, want)
	}
	// The date of what it holds back ends it.
	now = now.Add(25 * time.Hour)
	err := clientOf(t, r, config).Refresh(t.Context())
	if got, want := codeOf(err), trust.CodeExpired; got != want {
		t.Errorf("a day later: got %q, want %q (%v)", got, want, err)
	}
}

func TestAnotherServersValidatorIsNotBelieved(t *testing.T) {
	r, cache := warm(t)
	one, other := newSite(t, r, "http"), newSite(t, r, "http")
	for _, s := range []*site{one, other, other} {
		if err := clientOf(t, r, trust.Config{Remote: s.remote(t), Cache: cache}).Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The cache was filled from memory, so the first answer of each is whole.
	if one.unchanged.Load() != 0 || other.unchanged.Load() != 1 {
		t.Errorf("answered as unchanged: %d and %d, want 0 and 1", one.unchanged.Load(), other.unchanged.Load())
	}
}

func TestADeadServerIsAskedOnce(t *testing.T) {
	r, cache := warm(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var dials atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			_ = conn.Close()
		}
	}()
	remote, err := trust.NewHTTP("https://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	err = clientOf(t, r, trust.Config{Remote: remote, Cache: cache}).Refresh(t.Context())
	var e *trust.Error
	if !errors.As(err, &e) || e.Reason != trust.CodeUnreachable {
		t.Errorf("got %v, want %q", err, trust.CodeUnreachable)
	}
	if errors.Is(err, context.Canceled) {
		t.Errorf("the answer is that of the question that was given up: %v", err)
	}
	if got := dials.Load(); got > 2 {
		t.Errorf("it was dialled %d times: the whole workflow asked again", got)
	}
	expectOld(t, r, cache)
}
