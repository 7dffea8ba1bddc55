package publish_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// file is an entry of an archive to be made.
type file struct {
	name string
	kind byte // of tar; 0 is a file
	body string
}

func tarOf(t testing.TB, compress func(io.Writer) io.WriteCloser, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	z := compress(&out)
	w := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: 0o644, Size: int64(len(f.body)), Linkname: "elsewhere"}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gz(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func zst(t testing.TB) func(w io.Writer) io.WriteCloser {
	return func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
}

func zipOf(t testing.TB, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		entry, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(f.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestArchivesAreCounted(t *testing.T) {
	files := []file{{name: "VERSION", body: "1"}, {name: "lib/a/x.dll", body: "12345"}, {name: "lib/y.dll"}}
	whole := tarOf(t, gz, files)
	tests := []struct {
		name, file string
		data       []byte
		bytes      int64
		entries    int64
		wantErr    bool
	}{
		{"gzip", "a.tar.gz", whole, 6, 5, false},
		{"zstd", "a.tar.zst", tarOf(t, zst(t), files), 6, 5, false},
		{"zip", "a.zip", zipOf(t, files), 6, 5, false},
		{"directories-named", "a.tgz", tarOf(t, gz, append([]file{{name: "./", kind: tar.TypeDir}, {name: "lib/", kind: tar.TypeDir}}, files...)), 6, 5, false},
		{"cut", "a.tar.gz", whole[:len(whole)-10], 0, 0, true},
		{"other-format", "a.rar", whole, 0, 0, true},
		{"wrong-ending", "a.zip", whole, 0, 0, true},
		{"symbolic-link", "a.tar.gz", tarOf(t, gz, []file{{name: "x", kind: tar.TypeSymlink}}), 0, 0, true},
		{"hard-link", "a.tar.gz", tarOf(t, gz, []file{{name: "x", kind: tar.TypeLink}}), 0, 0, true},
		{"parent", "a.tar.gz", tarOf(t, gz, []file{{name: "../x"}}), 0, 0, true},
		{"parent-inside", "a.zip", zipOf(t, []file{{name: "a/../x"}}), 0, 0, true},
		{"absolute", "a.tar.gz", tarOf(t, gz, []file{{name: "/x"}}), 0, 0, true},
		{"drive", "a.zip", zipOf(t, []file{{name: "C:/x"}}), 0, 0, true},
		{"backslash", "a.zip", zipOf(t, []file{{name: `a\x`}}), 0, 0, true},
		{"much-after-its-end", "a.tar.gz", gzipped(t, append(plain(t, files), make([]byte, 2<<20)...)), 0, 0, true},
		{"twice", "a.tar.gz", tarOf(t, gz, []file{{name: "x"}, {name: "x"}}), 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := publish.Measure(t.Context(), tt.file, tt.data)
			if (err != nil) != tt.wantErr {
				t.Fatalf("got error %v, want error: %t", err, tt.wantErr)
			}
			if err == nil && (got.Unpacked != tt.bytes || got.Entries != tt.entries) {
				t.Errorf("got %d bytes, %d entries, want %d, %d", got.Unpacked, got.Entries, tt.bytes, tt.entries)
			}
		})
	}
}

// plain is the tar of files, not compressed.
func plain(t testing.TB, files []file) []byte {
	t.Helper()
	return tarOf(t, func(w io.Writer) io.WriteCloser { return open{w} }, files)
}

// open is a writer that needs no end.
type open struct{ io.Writer }

func (open) Close() error { return nil }

// gzipped compresses data.
func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(data)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestTheTarInsideIsNamed wants the digest of everything in the stream, what
// an archiver puts after the end of the tar included.
func TestTheTarInsideIsNamed(t *testing.T) {
	files := []file{{name: "VERSION", body: "1"}, {name: "lib/x.dll", body: "12345"}}
	inside := plain(t, files)
	padded := append(slices.Clone(inside), make([]byte, 10<<10)...)
	for _, tt := range []struct {
		name, file string
		data, want []byte
	}{
		{"gzip", "a.tar.gz", tarOf(t, gz, files), inside},
		{"zstd", "a.tar.zst", tarOf(t, zst(t), files), inside},
		{"padded", "a.tgz", gzipped(t, padded), padded},
		{"zip", "a.zip", zipOf(t, files), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := publish.Measure(t.Context(), tt.file, tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == nil {
				if got.Plain != nil {
					t.Errorf("got %+v, want nothing", got.Plain)
				}
				return
			}
			sum := sha256.Sum256(tt.want)
			if want := (manifest.Plain{Length: int64(len(tt.want)), SHA256: hex.EncodeToString(sum[:])}); got.Plain == nil || *got.Plain != want {
				t.Errorf("got %+v, want %+v", got.Plain, want)
			}
		})
	}
}

func TestPathsOfADelegation(t *testing.T) {
	tests := []struct {
		in   string
		want []string
		ok   bool
	}{
		{"advisories.json", []string{"advisories.json"}, true},
		{"components/x/**", []string{
			"components/x/*", "components/x/*/*", "components/x/*/*/*", "components/x/*/*/*/*", "components/x/*/*/*/*/*",
		}, true},
		{"**", nil, false},
		{"components/*", nil, false},
		{"components/*/x", nil, false},
		{"../x/**", nil, false},
		{"/x", nil, false},
		{`a\b`, nil, false},
		{"a/[b]", nil, false},
		{"", nil, false},
	}
	for _, tt := range tests {
		got, ok := publish.Expand(tt.in)
		if ok != tt.ok || !slices.Equal(got, tt.want) {
			t.Errorf("Expand(%q): got %q, %t, want %q, %t", tt.in, got, ok, tt.want, tt.ok)
		}
	}
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"a/*", "a/b", true}, {"a/b", "a/b", true}, {"*/b", "a/*", true},
		{"a/*", "a/b/c", false}, {"a/b", "a/c", false}, {"a", "b", false},
	} {
		if got := publish.Overlap(tt.a, tt.b); got != tt.want {
			t.Errorf("Overlap(%q, %q): got %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
}
