package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/delta/archive"
)

// A componentChange makes the second version of a component from the first.
type componentChange struct {
	name  string
	files func(b *testing.B) map[string]string
	next  func(files map[string]string)
}

// componentChanges are a component of many files, those of the Go library,
// and one of few that are large.
var componentChanges = []componentChange{
	{"1500-files-10-changed", libraryFiles, func(files map[string]string) {
		names := slices.Sorted(maps.Keys(files))
		for i := range 10 {
			name := names[i*len(names)/10]
			text := files[name]
			files[name] = text[:len(text)/2] + "// a line that is new\n" + text[len(text)/2:]
		}
	}},
	{"256-MiB-1-changed", func(*testing.B) map[string]string {
		files := map[string]string{}
		for i := range 8 {
			files[fmt.Sprintf("large-%d.bin", i)] = string(content(31<<20, uint64(i)))
		}
		files["program.exe"] = string(content(8<<20, 99))
		return files
	}, func(files map[string]string) {
		data := []byte(files["program.exe"])
		random := rand.New(rand.NewPCG(1, 1))
		for range 1000 {
			data[random.IntN(len(data))]++
		}
		files["program.exe"] = string(data)
	}},
}

// libraryFiles are the first 1,500 source files of the Go that runs the test.
func libraryFiles(b *testing.B) map[string]string {
	b.Helper()
	files := map[string]string{}
	goroot, err := exec.CommandContext(b.Context(), "go", "env", "GOROOT").Output()
	must(b, err)
	root := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	must(b, filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || len(files) == 1500 || !e.Type().IsRegular() || !strings.HasSuffix(name, ".go") {
			return err
		}
		data, err := os.ReadFile(name)
		files[filepath.ToSlash(strings.TrimPrefix(name, root+"/"))] = string(data)
		return err
	}))
	return files
}

// BenchmarkRebuild updates a component from a delta and, in turns, from its
// whole package (zstd, the best its encoder does), each in a process of its
// own, over loopback and onto the disk. It prints both sizes, both times and
// the peak memory (goal: at most 32 MiB at any size).
func BenchmarkRebuild(b *testing.B) {
	for _, c := range componentChanges {
		b.Run(c.name, func(b *testing.B) {
			files := c.files(b)
			base := b.TempDir()
			for name, data := range files {
				must(b, os.MkdirAll(filepath.Dir(filepath.Join(base, name)), 0o700))
				must(b, os.WriteFile(filepath.Join(base, name), []byte(data), 0o600))
			}
			tree, err := archive.ReadTree(b.Context(), bytes.NewReader(tarOf(b, files)), 1<<40)
			must(b, err)
			c.next(files)
			o, made := published(b, tree, tarOf(b, files))
			var whole, rebuilt time.Duration
			var peak int
			for b.Loop() {
				_, took := alone(b, order{URL: o.URL, Artifact: o.Artifact})
				whole += took
				o.Base = base
				kib, took := alone(b, o)
				peak, rebuilt = max(peak, kib), rebuilt+took
			}
			b.ReportMetric(float64(o.Delta.Length), "B/delta")
			b.ReportMetric(float64(o.Artifact.Length), "B/package")
			b.ReportMetric(float64(o.Delta.Length)/float64(o.Artifact.Length), "ratio-bytes")
			b.ReportMetric(made.Seconds(), "s/make")
			b.ReportMetric(rebuilt.Seconds()/float64(b.N), "s/rebuild")
			b.ReportMetric(whole.Seconds()/float64(b.N), "s/fetch-whole")
			b.ReportMetric(float64(peak)/1024, "peak-MiB")
		})
	}
}

// published serves a package and a delta, and says how to ask for them.
func published(b *testing.B, old *archive.Tree, plain []byte) (o order, made time.Duration) {
	b.Helper()
	var packed, d bytes.Buffer
	z, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	must(b, err)
	_, err = z.Write(plain)
	must(b, err)
	must(b, z.Close())
	begin := time.Now()
	_, err = archive.Make(b.Context(), &d, old, bytes.NewReader(plain))
	made = time.Since(begin)
	must(b, err)
	remote := shelf{}
	sum := sha256.Sum256(plain)
	o.Artifact = manifest.Artifact{
		Path:  "components/sample/2/any/sample.tar.zst",
		Plain: &manifest.Plain{Length: int64(len(plain)), SHA256: hex.EncodeToString(sum[:])},
	}
	o.Delta = manifest.Delta{From: "1", Path: "components/sample/2/any/from-1.delta"}
	o.Artifact.Length, o.Artifact.SHA256 = remote.put(o.Artifact.Path, packed.Bytes())
	o.Delta.Length, o.Delta.SHA256 = remote.put(o.Delta.Path, d.Bytes())
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data := remote[strings.TrimPrefix(r.URL.Path, "/")]
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = io.Copy(w, bytes.NewReader(data))
	}))
	b.Cleanup(web.Close)
	o.URL = web.URL
	return o, made
}
