package store_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/store"
)

// hang keeps a connection open and silent until the client gives up.
func hang(r *http.Request) { <-r.Context().Done() }

// page is what a network with a log-in answers to everything.
const page = "\xef\xbb\xbf\n<!DOCTYPE HTML><html><title>Connexion</title></html>"

// faults are servers that never deliver.
var faults = []struct {
	name   string
	handle func(s *server, w http.ResponseWriter, r *http.Request)
	want   string
	tries  int64 // requests, 0 for any number
}{
	{"missing", func(_ *server, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, store.CodeNotFound, 1},
	{"broken", func(_ *server, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, store.CodeStatus, 4},
	{"silent-before-headers", func(_ *server, _ http.ResponseWriter, r *http.Request) { hang(r) }, store.CodeStalled, 4},
	{"silent-after-headers", func(s *server, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
		s.body(w, nil)
		hang(r)
	}, store.CodeStalled, 4},
	{"silent-in-the-middle", func(s *server, w http.ResponseWriter, r *http.Request) {
		if offset(r) == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
			s.body(w, s.data[:1000])
		}
		hang(r)
	}, store.CodeStalled, 4},
	{"dripping", func(s *server, w http.ResponseWriter, r *http.Request) {
		for i := 0; r.Context().Err() == nil; i++ {
			s.body(w, s.data[i:i+1])
			time.Sleep(10 * time.Millisecond)
		}
	}, store.CodeStalled, 4},
	{"dripping-headers", func(_ *server, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		for _, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Header: "); err == nil; _, err = io.WriteString(conn, "x") {
			time.Sleep(10 * time.Millisecond)
		}
		_ = conn.Close()
	}, store.CodeStalled, 4},
	{"announces-more", func(s *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000000000")
		s.body(w, s.data[:1000])
		s.cut(w)
	}, store.CodeCut, 4},
	{"announces-less", func(s *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		s.body(w, s.data[:5])
	}, store.CodeCut, 4},
	{"always-cut-at-once", func(s *server, w http.ResponseWriter, r *http.Request) { s.serve(w, r, 0) }, store.CodeCut, 4},
	{"too-short", func(s *server, w http.ResponseWriter, _ *http.Request) { s.body(w, s.data[:5000]) }, store.CodeCut, 0},
	{"too-long", func(s *server, w http.ResponseWriter, _ *http.Request) {
		s.body(w, append(s.data[:len(s.data):len(s.data)], 'x'))
	}, store.CodeWrongContent, 1},
	{"endless", func(s *server, w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			s.body(w, s.data)
		}
	}, store.CodeWrongContent, 1},
	{"other-bytes", func(s *server, w http.ResponseWriter, _ *http.Request) {
		s.body(w, content(len(s.data), 99))
	}, store.CodeWrongContent, 1},
	{"web-page", func(s *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		s.body(w, []byte(page))
	}, store.CodeWebPage, 1},
	{"honest-web-page", func(s *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		s.body(w, []byte(page))
	}, store.CodeWebPage, 1},
	{"wrong-range", func(s *server, w http.ResponseWriter, r *http.Request) {
		if offset(r) == 0 {
			s.serve(w, r, 100_000)
			return
		}
		w.Header().Set("Content-Range", "bytes 7-299999/300000")
		w.WriteHeader(http.StatusPartialContent)
		s.body(w, s.data[7:])
	}, store.CodeCut, 0},
}

func TestServersThatNeverDeliver(t *testing.T) {
	for _, test := range faults {
		t.Run(test.name, func(t *testing.T) {
			s := &server{data: content(300_000, 8), handle: test.handle}
			if test.want == store.CodeStalled {
				s.patience = 200 * time.Millisecond
			}
			d, st, err := fetch(t, s)
			if got := code(err); got != test.want {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if got := s.asked.Load(); test.tries > 0 && got != test.tries {
				t.Errorf("%d requests, want %d", got, test.tries)
			}
			if st.Has(artifact(s.data)) {
				t.Error("it is held all the same")
			}
			part, kept := d.Snapshot()["store/"+artifact(s.data).SHA256+".part"]
			if test.want == store.CodeWrongContent && kept {
				t.Errorf("%d wrong bytes were kept", len(part))
			}
			st = start(t, &server{data: s.data}, d)
			must(t, st.Fetch(t.Context(), artifact(s.data), quiet))
			checkHeld(t, st, s.data)
		})
	}
}

// TestAWebPageDoesNotCostWhatWasReceived lets a log-in page come between two
// halves of a download.
func TestAWebPageDoesNotCostWhatWasReceived(t *testing.T) {
	s := &server{data: content(300_000, 9)}
	s.handle = func(s *server, w http.ResponseWriter, r *http.Request) {
		if offset(r) == 0 {
			s.serve(w, r, 200_000)
			return
		}
		s.body(w, []byte(page))
	}
	_, st, err := fetch(t, s)
	if got := code(err); got != store.CodeWebPage {
		t.Fatalf("got %v", err)
	}
	s.healed.Store(true)
	must(t, st.Fetch(t.Context(), artifact(s.data), quiet))
	checkHeld(t, st, s.data)
	if got := s.sent.Load(); got > 310_000 {
		t.Errorf("%d bytes went over the wire for 300000", got)
	}
}

func TestAServerWithoutRangesIsReadAgain(t *testing.T) {
	s := &server{data: content(300_000, 10)}
	var first atomic.Bool
	s.handle = func(s *server, w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			s.serve(w, r, 100_000)
			return
		}
		s.body(w, s.data)
	}
	_, st, err := fetch(t, s)
	must(t, err)
	checkHeld(t, st, s.data)
}

func TestStoppingIsNotAFault(t *testing.T) {
	s := &server{data: content(300_000, 12)}
	s.handle = func(s *server, w http.ResponseWriter, r *http.Request) {
		if offset(r) > 0 {
			s.serve(w, r, len(s.data))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
		s.body(w, s.data[:150_000])
		hang(r)
	}
	d := durabletest.NewDisk()
	st := start(t, s, d)
	ctx, cancel := context.WithCancel(t.Context())
	err := st.Fetch(ctx, artifact(s.data), store.Watch{Progress: func(done, _ int64) {
		if done == 150_000 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || s.asked.Load() != 1 {
		t.Fatalf("got %v after %d requests", err, s.asked.Load())
	}
	must(t, st.Fetch(t.Context(), artifact(s.data), quiet))
	checkHeld(t, st, s.data)
	if got := s.sent.Load(); got != 300_000 {
		t.Errorf("%d bytes went over the wire for 300000", got)
	}
}
