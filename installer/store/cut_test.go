package store_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest/trust"
)

// allCuts, set to "all", asks for every cut: a thousand of 64 MiB in both
// readings, which takes minutes. Without it a sample is taken.
const allCuts = "RELEVE_CUTS"

// cutPlan is how many bytes are fetched and how often the connection is cut.
func cutPlan() (size, cuts int) {
	if os.Getenv(allCuts) == "all" {
		return 64 << 20, 1000
	}
	return 8 << 20, 50
}

// wire counts what crosses the connections of a server, headers included, in
// both directions.
type wire struct {
	net.Listener
	bytes *atomic.Int64
}

func (w wire) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	return counting{conn, w.bytes}, err
}

type counting struct {
	net.Conn
	bytes *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c counting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// cutter serves data and cuts the connection, once each, where a body reaches
// one of the bytes in at.
type cutter struct {
	server
	mu sync.Mutex
	at []int // sorted
}

func (c *cutter) next(from int) (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, at := range c.at {
		if at > from {
			c.at = slices.Delete(c.at, i, i+1)
			return at - from
		}
	}
	return len(c.data)
}

// startCutter runs a cutter and returns a store on the real disk that asks it.
func startCutter(t *testing.T, c *cutter) (*store.Store, *atomic.Int64) {
	t.Helper()
	c.handle = func(_ *server, w http.ResponseWriter, r *http.Request) { c.serve(w, r, c.next(offset(r))) }
	c.path = sync.OnceValue(func() string {
		return "/targets/components/galss/3.43/any/" + artifact(c.data).SHA256 + ".galss.tar.gz"
	})
	var crossed atomic.Int64
	web := httptest.NewUnstartedServer(&c.server)
	web.Listener = wire{web.Listener, &crossed}
	web.Start()
	t.Cleanup(web.Close)
	remote, err := trust.NewHTTP(web.URL)
	must(t, err)
	d, err := durable.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return store.New(store.Config{Dir: d, Remote: remote, Stall: time.Minute, Pause: time.Microsecond}), &crossed
}

// seeded gives a source of chance whose seed the log shows.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// expectCheap fails when more than 1.05 times the bytes went over the wire.
func expectCheap(t *testing.T, crossed, wanted int64) {
	t.Helper()
	ratio := float64(crossed) / float64(wanted)
	t.Logf("%.4f times the bytes went over the wire", ratio)
	if ratio > 1.05 {
		t.Errorf("%.4f times the bytes went over the wire, want at most 1.05", ratio)
	}
}

// TestOneDownloadCutManyTimes cuts one download at random bytes.
func TestOneDownloadCutManyTimes(t *testing.T) {
	size, cuts := cutPlan()
	random := seeded(t)
	c := &cutter{server: server{data: content(size, 11)}}
	for range cuts {
		c.at = append(c.at, 1+random.IntN(size-1))
	}
	slices.Sort(c.at)
	st, crossed := startCutter(t, c)
	runs := 0
	for err := error(nil); runs == 0 || err != nil; runs++ {
		if err = st.Fetch(t.Context(), artifact(c.data), quiet); err != nil && code(err) != store.CodeCut {
			t.Fatal(err)
		}
	}
	checkHeld(t, st, c.data)
	t.Logf("%d cuts, %d requests, %d calls of Fetch", cuts, c.asked.Load(), runs)
	expectCheap(t, crossed.Load(), int64(size))
}

// TestManyDownloadsCutOnce cuts each of many downloads at one random byte.
func TestManyDownloadsCutOnce(t *testing.T) {
	size, cuts := cutPlan()
	random := seeded(t)
	c := &cutter{server: server{data: content(size, 12)}}
	a := artifact(c.data)
	st, crossed := startCutter(t, c)
	for range cuts {
		at := 1 + random.IntN(size-1)
		c.at = []int{at}
		if err := st.Fetch(t.Context(), a, quiet); err != nil {
			t.Fatalf("cut at byte %d: %v", at, err)
		}
		p, err := st.Package(a)
		must(t, err)
		f, err := p.Open() // hashes all of it
		if err != nil {
			t.Fatalf("cut at byte %d: %v", at, err)
		}
		must(t, f.Close())
		must(t, st.Prune(nil))
	}
	expectCheap(t, crossed.Load(), int64(size)*int64(cuts))
}
