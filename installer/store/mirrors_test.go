package store_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest/trust"
)

// serve runs s as a server of its own and gives it as a mirror.
func serve(t testing.TB, name string, s *server) trust.Mirror {
	t.Helper()
	s.path = sync.OnceValue(func() string {
		return "/targets/components/galss/3.43/any/" + artifact(s.data).SHA256 + ".galss.tar.gz"
	})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections)
	remote, err := trust.NewHTTP(web.URL)
	must(t, err)
	return trust.Mirror{Name: name, Remote: remote}
}

// fromMirrors fetches data from mirrors into a new disk.
func fromMirrors(t testing.TB, data []byte, mirrors ...trust.Mirror) (*store.Store, error) {
	t.Helper()
	st := store.New(store.Config{
		Dir: durabletest.NewDisk(), Remote: trust.NewMirrors(time.Now, mirrors...),
		Stall: 200 * time.Millisecond, Pause: time.Millisecond,
	})
	return st, st.Fetch(context.Background(), artifact(data), quiet)
}

// TestAnotherMirrorTakesOver puts every server that never delivers in front of
// one that does.
func TestAnotherMirrorTakesOver(t *testing.T) {
	for _, test := range faults {
		t.Run(test.name, func(t *testing.T) {
			bad := &server{data: content(300_000, 8), handle: test.handle}
			good := &server{data: bad.data}
			st, err := fromMirrors(t, good.data, serve(t, "bad", bad), serve(t, "good", good))
			must(t, err)
			checkHeld(t, st, good.data)
			if got := bad.asked.Load(); got != 1 {
				t.Errorf("the bad mirror was asked %d times, want once", got)
			}
		})
	}
}

// TestTheRestComesFromAnotherMirror cuts the first mirror in the middle.
func TestTheRestComesFromAnotherMirror(t *testing.T) {
	first := &server{data: content(300_000, 13), handle: func(s *server, w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, 200_000)
	}}
	second := &server{data: first.data}
	st, err := fromMirrors(t, first.data, serve(t, "first", first), serve(t, "second", second))
	must(t, err)
	checkHeld(t, st, first.data)
	if got := second.sent.Load(); got != 100_000 {
		t.Errorf("the second mirror sent %d bytes, want the 100000 that were missing", got)
	}
}

// TestASlowMirrorIsLeftWhileThereIsAnother lets it send far more than a
// silent one would, and far less than is of use.
func TestASlowMirrorIsLeftWhileThereIsAnother(t *testing.T) {
	slow := &server{data: content(600_000, 14), handle: func(s *server, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
		for at := 0; at < len(s.data) && r.Context().Err() == nil; at += 6000 {
			s.body(w, s.data[at:min(at+6000, len(s.data))])
			time.Sleep(20 * time.Millisecond)
		}
	}}
	good := &server{data: slow.data}
	st, err := fromMirrors(t, slow.data, serve(t, "slow", slow), serve(t, "good", good))
	must(t, err)
	checkHeld(t, st, slow.data)
	if got := slow.sent.Load(); got >= int64(len(slow.data)) {
		t.Errorf("the slow mirror sent all %d bytes", got)
	}
}

// TestAMirrorCannotSpoilWhatAnotherGoesOnWith begins with wrong bytes and
// breaks off, each time.
func TestAMirrorCannotSpoilWhatAnotherGoesOnWith(t *testing.T) {
	data := content(300_000, 15)
	spoiler := func(name string) trust.Mirror {
		return serve(t, name, &server{data: data, handle: func(s *server, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
			s.body(w, content(100_000, 99))
			s.cut(w)
		}})
	}
	good := &server{data: data}
	st, err := fromMirrors(t, data, spoiler("a"), serve(t, "good", good), spoiler("b"))
	must(t, err)
	checkHeld(t, st, data)
	t.Logf("the good mirror was asked %d times and sent %d bytes", good.asked.Load(), good.sent.Load())
}

func TestNoMirrorHasIt(t *testing.T) {
	data := content(1000, 16)
	missing := func(name string) trust.Mirror {
		return serve(t, name, &server{data: data, handle: func(_ *server, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }})
	}
	broken := serve(t, "broken", &server{data: data, handle: func(_ *server, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }})
	if _, err := fromMirrors(t, data, missing("a"), missing("b")); code(err) != store.CodeMirrors {
		t.Errorf("missing everywhere: got %v", err)
	}
	if _, err := fromMirrors(t, data, missing("a"), broken); code(err) != store.CodeMirrors {
		t.Errorf("missing and broken: got %v", err)
	}
}

// TestAFailureThatIsGotOverIsTold has one mirror break off and the only other
// one do so once.
func TestAFailureThatIsGotOverIsTold(t *testing.T) {
	data := content(300_000, 17)
	var cuts atomic.Int64
	cutting := func(s *server, w http.ResponseWriter, r *http.Request) {
		if cuts.Add(1) > 2 {
			s.serve(w, r, len(s.data))
			return
		}
		s.serve(w, r, 50_000)
	}
	first, second := &server{data: data, handle: cutting}, &server{data: data, handle: cutting}
	st := store.New(store.Config{
		Dir: durabletest.NewDisk(), Pause: time.Millisecond,
		Remote: trust.NewMirrors(time.Now, serve(t, "first", first), serve(t, "second", second)),
	})
	var told []string
	must(t, st.Fetch(t.Context(), artifact(data), store.Watch{
		Again: func(mirror string, why error) { told = append(told, mirror+" "+code(why)) },
	}))
	if want := []string{"first " + store.CodeCut, "second " + store.CodeCut}; !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}
