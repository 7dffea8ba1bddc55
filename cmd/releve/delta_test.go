package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// makeVersion packs a version of a made-up component that differs from the
// others in a few bytes: version FILE N.
func makeVersion(ts *testscript.TestScript, _ bool, args []string) {
	random := rand.New(rand.NewPCG(1, 5))
	noise := func(size int) []byte {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		return data
	}
	program, data := noise(200_000), noise(100_000)
	copy(program[70_000:], "version "+args[1])
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for _, file := range []struct {
		name string
		data []byte
	}{{"VERSION", []byte(args[1] + "\n")}, {"bin/program.exe", program}, {"lib/data.bin", data}} {
		ts.Check(w.WriteHeader(&tar.Header{Name: file.name, Mode: 0o755, Size: int64(len(file.data))}))
		_, err := w.Write(file.data)
		ts.Check(err)
	}
	ts.Check(errors.Join(w.Close(), z.Close(), f.Close()))
}

// tariff counts what a server sent of packages and deltas since it was asked.
type tariff struct{ bytes atomic.Int64 }

// countServed serves a folder and counts: counted FOLDER; $COUNTED is its
// address.
func countServed(ts *testscript.TestScript, _ bool, args []string) {
	count := ts.Value("tariff").(*tariff)
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/targets/") && path.Ext(r.URL.Path) != ".json" {
			w = &meteredWriter{w, count}
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("COUNTED", server.URL)
}

// meteredWriter counts the bytes of a body.
type meteredWriter struct {
	http.ResponseWriter
	count *tariff
}

func (w *meteredWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if w.Header().Get("Content-Type") != "text/plain; charset=utf-8" { // of an error
		w.count.bytes.Add(int64(n))
	}
	return n, err
}

// wantServed requires how many bytes of packages and deltas were sent since
// the last time: served LEAST MOST.
func wantServed(ts *testscript.TestScript, _ bool, args []string) {
	least, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	most, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	sent := ts.Value("tariff").(*tariff).bytes.Swap(0)
	ts.Logf("%d bytes were sent", sent)
	if sent < least || sent > most {
		ts.Fatalf("%d bytes were sent, want %d to %d", sent, least, most)
	}
}

// eachFile calls do for the files that match a pattern, of which there is one
// at least.
func eachFile(ts *testscript.TestScript, pattern string, do func(name string) error) {
	found, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no file %s", pattern)
	}
	for _, name := range found {
		ts.Check(do(name))
	}
}

// spoilMiddle flips a byte in the middle of files: middle PATTERN.
func spoilMiddle(ts *testscript.TestScript, _ bool, args []string) {
	eachFile(ts, args[0], func(name string) error {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		return os.WriteFile(name, data, 0o600)
	})
}

// removeFiles removes files: removeall PATTERN.
func removeFiles(ts *testscript.TestScript, _ bool, args []string) {
	eachFile(ts, args[0], os.Remove)
}
