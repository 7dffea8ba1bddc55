package trust_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// mirrored makes a client of r that asks mirrors instead.
func mirrored(t testing.TB, r *trusttest.Repo, cache trust.Cache, mirrors ...trust.Mirror) *trust.Client {
	t.Helper()
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: trust.NewMirrors(trusttest.Start, mirrors...), Cache: cache,
		Now: trusttest.Start, Patience: time.Second,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

// counted counts what is asked of a remote.
type counted struct {
	trust.Remote
	asked *atomic.Int64
}

func (c counted) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	c.asked.Add(1)
	return c.Remote.Open(ctx, name, offset)
}

// expectNew fails unless c refreshes and reads what update published.
func expectNew(t *testing.T, c *trust.Client) {
	t.Helper()
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	contents, err := readAll(c)
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	for _, name := range documents() {
		if !strings.Contains(contents[name], `"new":true`) {
			t.Errorf("%s: got %s, want the new one", name, contents[name])
		}
	}
}

// TestOneLyingMirrorDoesNotStopUpdates lets the first mirror try every attack
// that takes no key, beside one that is honest.
func TestOneLyingMirrorDoesNotStopUpdates(t *testing.T) {
	tried := 0
	for _, a := range trusttest.Attacks() {
		good, cache := warm(t)
		update(good)
		bad := good.Clone()
		a.Do(bad)
		if !maps.EqualFunc(bad.Files(), good.Files(), bytes.Equal) || a.Code == "" {
			continue // signed with keys of the repository
		}
		tried++
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			expectNew(t, mirrored(t, good, cache, trust.Mirror{Name: "bad", Remote: bad}, trust.Mirror{Name: "good", Remote: good}))
		})
	}
	if tried < 50 {
		t.Errorf("%d attacks were tried, want at least 50", tried)
	}
}

// files serves what an honest mirror of r serves.
func files(r *trusttest.Repo) http.HandlerFunc {
	all := r.Files()
	return func(w http.ResponseWriter, q *http.Request) {
		data, ok := all[strings.TrimPrefix(q.URL.Path, "/repo/")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		_, _ = w.Write(data)
	}
}

// badServers are first mirrors of every kind. stale is a repository as it was
// before the last update.
func badServers(stale *trusttest.Repo) map[string]http.HandlerFunc {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	return map[string]http.HandlerFunc{
		"dead":         nil,
		"forbidden":    status(http.StatusForbidden),
		"broken":       status(http.StatusInternalServerError),
		"stale":        files(stale),
		"empty":        http.NotFound,
		"html":         func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Connexion</html>") },
		"garbage":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5000)) },
		"endless-html": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("<html>", 1e6))) },
		"headers-only": func(w http.ResponseWriter, q *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-q.Context().Done()
		},
		"silent": func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() },
		"slow": func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		},
	}
}

func TestTheNextMirrorIsUsed(t *testing.T) {
	stale, _ := warm(t)
	good := stale.Clone()
	update(good)
	for name, handler := range badServers(stale) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := trusttest.NewCache()
			if err := newClient(t, good, cache).Refresh(t.Context()); err != nil { // so that stale is known to be
				t.Fatal(err)
			}
			first := httptest.NewServer(handler)
			t.Cleanup(first.CloseClientConnections)
			if handler == nil {
				first.Close()
			}
			second := httptest.NewServer(files(good))
			t.Cleanup(second.Close)
			remote, err := trust.NewRemotes(trusttest.Start, []string{first.URL + "/repo", second.URL + "/repo"})
			if err != nil {
				t.Fatal(err)
			}
			c, err := trust.New(trust.Config{
				Root: good.Root(), Remote: remote, Cache: cache, Now: trusttest.Start, Patience: time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			expectNew(t, c)
			if _, ok := cache.Files["mirrors.json"]; !ok {
				t.Error("the mirror that failed is not remembered")
			}
		})
	}
}

// silentMirror answers nothing until the client gives up.
type silentMirror struct{}

func (silentMirror) Open(ctx context.Context, _ string, _ int64) (io.ReadCloser, int64, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

// TestTheGoodMirrorIsReachedWithinAMinute measures on a clock of its own, with
// the patience of the program.
func TestTheGoodMirrorIsReachedWithinAMinute(t *testing.T) {
	for _, silent := range []int{1, 2, 3, 8} {
		good := trusttest.New(t)
		synctest.Test(t, func(t *testing.T) {
			mirrors := slices.Repeat([]trust.Mirror{{Name: "silent", Remote: silentMirror{}}}, silent)
			mirrors = append(mirrors, trust.Mirror{Name: "good", Remote: good})
			c, err := trust.New(trust.Config{
				Root: good.Root(), Remote: trust.NewMirrors(time.Now, mirrors...), Cache: trusttest.NewCache(), Now: trusttest.Start,
			})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := c.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%d silent mirrors: the good one was reached after %v, want at most a minute", silent, took)
			}
		})
	}
}

// TestASlowLineIsNotABadMirror has every mirror take longer than the haste
// allows, and less than the patience.
func TestASlowLineIsNotABadMirror(t *testing.T) {
	r := trusttest.New(t)
	synctest.Test(t, func(t *testing.T) {
		slow := trust.Mirror{Name: "slow", Remote: delayed{r, 12 * time.Second}}
		c, err := trust.New(trust.Config{
			Root: r.Root(), Remote: trust.NewMirrors(time.Now, slow, trust.Mirror{Name: "silent", Remote: silentMirror{}}),
			Cache: trusttest.NewCache(), Now: trusttest.Start,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// delayed is a remote behind a slow line.
type delayed struct {
	trust.Remote
	by time.Duration
}

func (d delayed) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	select {
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	case <-time.After(d.by):
		return d.Remote.Open(ctx, name, offset)
	}
}

func TestAMirrorThatFailedIsTriedLastForAWhile(t *testing.T) {
	r := trusttest.New(t)
	dead := r.Clone()
	dead.Serve("*", trusttest.Fail(errors.New("no route to host")))
	cache := trusttest.NewCache()
	now := trusttest.Start()
	var asked atomic.Int64
	refresh := func() int64 {
		t.Helper()
		asked.Store(0)
		c, err := trust.New(trust.Config{ // each a new process
			Root: r.Root(), Cache: cache, Now: trusttest.Start,
			Remote: trust.NewMirrors(func() time.Time { return now },
				trust.Mirror{Name: "first", Remote: counted{dead, &asked}}, trust.Mirror{Name: "second", Remote: r}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return asked.Load()
	}
	for _, step := range []struct {
		name  string
		after time.Duration
		want  int64
	}{
		{"at-first", 0, 1}, {"at-once", 0, 0}, {"nine-minutes-later", 9 * time.Minute, 0},
		{"after-ten", 2 * time.Minute, 1}, {"eleven-minutes-later", 11 * time.Minute, 0}, {"after-twenty", 10 * time.Minute, 1},
		{"clock-turned-back", -30 * 24 * time.Hour, 1},
	} {
		now = now.Add(step.after)
		if got := refresh(); got != step.want {
			t.Errorf("%s: the first mirror was asked %d times, want %d", step.name, got, step.want)
		}
	}
	dead.Heal()
	now = now.Add(24 * time.Hour)
	refresh()
	if got, err := trust.Unsealed("mirrors.json", cache.Files["mirrors.json"]); err != nil || string(got) != "{}" {
		t.Errorf("after it works again: %s is remembered, %v", got, err)
	}
	cache.Files["mirrors.json"] = []byte("damaged")
	if got := refresh(); got == 0 {
		t.Error("a damaged memory keeps a mirror from being used")
	}
}

func TestErrorsNameEveryMirror(t *testing.T) {
	r := trusttest.New(t)
	with := func(answer trusttest.Answer) *trusttest.Repo {
		c := r.Clone()
		c.Serve("*", answer)
		return c
	}
	dead := trust.Mirror{Name: "https://dead.example", Remote: with(trusttest.Fail(errors.New("no route")))}
	html := trust.Mirror{Name: "https://html.example", Remote: with(trusttest.HTML)}
	lying := r.Clone()
	lying.Forge("metadata/2.root.json", r.Root())
	liar := trust.Mirror{Name: "https://liar.example", Remote: lying}
	for name, tt := range map[string]struct {
		mirrors []trust.Mirror
		want    string
	}{
		"network": {[]trust.Mirror{dead, html}, trust.CodeMirrors},
		"trust":   {[]trust.Mirror{dead, liar, html}, trust.CodeMirrorsUntrusted},
	} {
		err := mirrored(t, r, trusttest.NewCache(), tt.mirrors...).Refresh(t.Context())
		var all *trust.MirrorsError
		if !errors.As(err, &all) || all.Code() != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
			continue
		}
		for _, m := range tt.mirrors {
			if !strings.Contains(all.Args()["Mirrors"], m.Name) {
				t.Errorf("%s: %v does not name %s", name, all.Args(), m.Name)
			}
		}
	}
	missing := trust.NewMirrors(trusttest.Start, trust.Mirror{Name: "a", Remote: r}, trust.Mirror{Name: "b", Remote: r})
	if _, _, err := missing.Open(t.Context(), "targets/x", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing everywhere: got %v, want fs.ErrNotExist", err)
	}
	unsure := trust.NewMirrors(trusttest.Start, trust.Mirror{Name: "a", Remote: r}, dead)
	if _, _, err := unsure.Open(t.Context(), "targets/x", 0); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing at one and unreachable at the other: got %v, want no fs.ErrNotExist", err)
	}
}

func TestAddressesOfMirrors(t *testing.T) {
	if _, err := trust.NewRemotes(trusttest.Start, []string{"https://releve.example", "ftp://releve.example"}); err == nil {
		t.Error("ftp among others: got no error")
	}
	remote, err := trust.NewRemotes(trusttest.Start, []string{t.TempDir() + "/no-stick", "https://user:secret@127.0.0.1:1/"})
	if err != nil {
		t.Fatalf("a stick that is not there: %v", err)
	}
	_, _, err = remote.Open(t.Context(), "x", 0)
	if got := codeOf(err); got != trust.CodeUnreachable || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
