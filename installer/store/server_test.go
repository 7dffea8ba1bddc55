package store_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content returns size bytes that do not repeat.
func content(size int, seed uint64) []byte {
	data := make([]byte, size)
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

func artifact(data []byte) manifest.Artifact {
	sum := sha256.Sum256(data)
	return manifest.Artifact{
		Path:   "components/galss/3.43/any/galss.tar.gz",
		Length: int64(len(data)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// server serves data under the name of a, and is as bad as its fields say.
// Its zero value is good.
type server struct {
	data  []byte
	sent  atomic.Int64 // bytes of bodies
	asked atomic.Int64 // requests
	path  func() string

	handle func(s *server, w http.ResponseWriter, r *http.Request)
	healed atomic.Bool // handle is not asked any more

	patience time.Duration // of the client; 0 for more than any test takes
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if r.URL.Path != s.path() {
		http.NotFound(w, r)
		return
	}
	if s.handle == nil || s.healed.Load() {
		s.serve(w, r, len(s.data))
		return
	}
	s.handle(s, w, r)
}

// offset returns where the client wants to begin.
func offset(r *http.Request) int {
	text := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")
	n, _ := strconv.Atoi(text)
	return n
}

// serve answers as asked and cuts the connection after most bytes.
func (s *server) serve(w http.ResponseWriter, r *http.Request, most int) {
	from := offset(r)
	w.Header().Set("Content-Length", strconv.Itoa(len(s.data)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.data)-1, len(s.data)))
		w.WriteHeader(http.StatusPartialContent)
	}
	s.body(w, s.data[from:min(len(s.data), from+most)])
	if from+most < len(s.data) {
		s.cut(w)
	}
}

func (s *server) body(w http.ResponseWriter, data []byte) {
	s.sent.Add(int64(len(data))) // before, since the client may be done first
	_, _ = w.Write(data)
	_ = http.NewResponseController(w).Flush()
}

// cut ends the connection in the middle of the body.
func (s *server) cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// start runs s and returns a store in d that asks it.
func start(t testing.TB, s *server, d durable.Dir) *store.Store {
	t.Helper()
	s.path = sync.OnceValue(func() string {
		return "/targets/components/galss/3.43/any/" + artifact(s.data).SHA256 + ".galss.tar.gz"
	})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections)
	remote, err := trust.NewHTTP(web.URL)
	must(t, err)
	return store.New(store.Config{Dir: d, Remote: remote, Stall: cmp.Or(s.patience, time.Minute), Pause: time.Millisecond})
}

// quiet is for a download that nobody watches.
var quiet store.Watch

// code returns the code of a coded error, "" of others.
func code(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return ""
}

// checkHeld opens the package and compares its bytes.
func checkHeld(t testing.TB, s *store.Store, data []byte) {
	t.Helper()
	p, err := s.Package(artifact(data))
	must(t, err)
	if got, want := p.Name(), "galss.tar.gz"; got != want {
		t.Errorf("got name %q, want %q", got, want)
	}
	f, err := p.Open()
	must(t, err)
	var got bytes.Buffer
	_, err = got.ReadFrom(f)
	must(t, errors.Join(err, f.Close()))
	if !bytes.Equal(got.Bytes(), data) {
		t.Errorf("the package holds %d other bytes, want %d", got.Len(), len(data))
	}
}

// fetch fetches data from s into a new disk.
func fetch(t testing.TB, s *server) (*durabletest.Disk, *store.Store, error) {
	t.Helper()
	d := durabletest.NewDisk()
	st := start(t, s, d)
	return d, st, st.Fetch(context.Background(), artifact(s.data), quiet)
}
