package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

// child, set to an order, makes the test binary fetch one package and print
// its peak memory, as a process of its own.
const child = "STORE_BENCH_CHILD"

type order struct {
	URL, Dir string
	Artifact manifest.Artifact
	Delta    manifest.Delta // with Base: the package is made from both
	Base     string         // a directory
}

func TestMain(m *testing.M) {
	if text := os.Getenv(child); text != "" {
		if err := fetchAlone(text); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func fetchAlone(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	remote, err := trust.NewHTTP(o.URL)
	if err != nil {
		return err
	}
	d, err := durable.Open(o.Dir)
	if err != nil {
		return err
	}
	st := store.New(store.Config{Dir: d, Remote: remote})
	if o.Base == "" {
		err = st.Fetch(context.Background(), o.Artifact, quiet)
	} else {
		err = st.Rebuild(context.Background(), o.Artifact, o.Delta, os.DirFS(o.Base), quiet)
	}
	if err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			_, err = os.Stdout.WriteString(strings.Fields(value)[0])
		}
	}
	return errors.Join(err, d.Close())
}

// generator is a body of any size that lies nowhere: one block of noise, each
// time with its number in it.
type generator struct{ size int64 }

const block = 1 << 20

func (g generator) writeTo(w io.Writer) error {
	noise := content(block, 42)
	for n := int64(0); n < g.size; n += block {
		binary.LittleEndian.PutUint64(noise, uint64(n))
		if _, err := w.Write(noise[:min(block, g.size-n)]); err != nil {
			return err
		}
	}
	return nil
}

func (g generator) artifact(b *testing.B) manifest.Artifact {
	b.Helper()
	var sum hash.Hash = sha256.New()
	must(b, g.writeTo(sum))
	return manifest.Artifact{
		Path: "components/large/1/any/large.zip", Length: g.size, SHA256: hex.EncodeToString(sum.Sum(nil)),
	}
}

// BenchmarkFetch fetches in a process of its own, over loopback and onto the
// disk, and prints the peak of its resident memory (goal: at most 32 MiB, the
// same for any size) and its time as a ratio of "curl -o && sha256sum" on the
// same bytes (goal: at most 0.50).
func BenchmarkFetch(b *testing.B) {
	for _, mib := range []int64{100, 1024} {
		b.Run(strconv.FormatInt(mib, 10)+"-MiB", func(b *testing.B) {
			g := generator{mib << 20}
			a := g.artifact(b)
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.FormatInt(g.size, 10))
				_ = g.writeTo(w)
			}))
			defer web.Close()
			var peak int
			var ours, curls time.Duration
			for b.Loop() {
				curls += peer(b, web.URL, a)
				kib, took := alone(b, order{URL: web.URL, Artifact: a})
				peak, ours = max(peak, kib), ours+took
			}
			b.SetBytes(g.size)
			b.ReportMetric(float64(peak)/1024, "peak-MiB")
			b.ReportMetric(ours.Seconds()/float64(b.N), "s/fetch")
			if curls > 0 {
				b.ReportMetric(curls.Seconds()/float64(b.N), "s/curl+sha256sum")
				b.ReportMetric(ours.Seconds()/curls.Seconds(), "ratio")
			}
		})
	}
}

// alone carries out an order in a new process, in a directory of its own, and
// returns the peak memory of that process in KiB.
func alone(b *testing.B, o order) (kib int, took time.Duration) {
	b.Helper()
	dir := b.TempDir()
	o.Dir = dir
	text, err := json.Marshal(o)
	must(b, err)
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), child+"="+string(text))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, os.Stderr
	begin := time.Now()
	must(b, cmd.Run())
	took = time.Since(begin)
	kib, err = strconv.Atoi(said.String())
	must(b, errors.Join(err, os.RemoveAll(dir)))
	return kib, took
}

// peer does the same with the programs of every system, or nothing where
// they are missing.
func peer(b *testing.B, url string, a manifest.Artifact) time.Duration {
	b.Helper()
	for _, program := range []string{"curl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			return 0
		}
	}
	dir := b.TempDir()
	name := filepath.Join(dir, "large.zip")
	begin := time.Now()
	must(b, exec.CommandContext(b.Context(), "curl", "-sS", "-o", name, url).Run())
	sum, err := exec.CommandContext(b.Context(), "sha256sum", name).Output()
	took := time.Since(begin)
	if must(b, err); !strings.HasPrefix(string(sum), a.SHA256) {
		b.Fatalf("sha256sum says %s", sum)
	}
	must(b, os.RemoveAll(dir))
	return took
}
