package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// makeRelease: release FILE N packs a version of a made-up component, of which
// only a few bytes differ from those of other numbers. FILE ends in .tar.gz,
// .tar.zst or .zip.
func makeRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: release FILE N")
	}
	program := noise(60_000, 1)
	copy(program[30_000:], "version "+args[1])
	files := []struct {
		name string
		data []byte
	}{
		{"VERSION", []byte(args[1] + "\n")},
		{"lib/data.bin", noise(20_000, 2)},
		{"lib/more.bin", noise(20_000, 3)},
		{"program.exe", program},
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	var z io.WriteCloser
	switch {
	case strings.HasSuffix(args[0], ".zip"):
		w := zip.NewWriter(f)
		for _, file := range files {
			entry, err := w.Create(file.name)
			ts.Check(err)
			_, err = entry.Write(file.data)
			ts.Check(err)
		}
		ts.Check(errors.Join(w.Close(), f.Close()))
		return
	case strings.HasSuffix(args[0], ".tar.zst"):
		z, err = zstd.NewWriter(f)
		ts.Check(err)
	default:
		z = gzip.NewWriter(f)
	}
	w := tar.NewWriter(z)
	for _, file := range files {
		ts.Check(w.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.data))}))
		_, err := w.Write(file.data)
		ts.Check(err)
	}
	ts.Check(errors.Join(w.Close(), z.Close(), f.Close()))
}

// noise returns bytes that do not repeat.
func noise(size int, seed uint64) []byte {
	data := make([]byte, size)
	random := rand.New(rand.NewPCG(seed, 5))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}
