package trust_test

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
)

// hole is a block of zeros that takes no room on the disk.
const hole = 1 << 20

// holes writes a file and steps over blocks of that length.
type holes struct{ *os.File }

func (h holes) Write(p []byte) (int, error) {
	if len(p) != hole {
		return h.File.Write(p)
	}
	_, err := h.Seek(hole, io.SeekCurrent)
	return len(p), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestALargeBundle reads on both sides of the 4 GiB that the first form of the
// zip format ends at.
func TestALargeBundle(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file with holes has to be asked for there, and 5 GiB are too much for a test")
	}
	const size = 5 << 30
	file := filepath.Join(t.TempDir(), "bundle.zip")
	f, err := os.Create(file)
	must(t, err)
	w := zip.NewWriter(holes{f})
	raw := func(name string, length uint64) io.Writer {
		out, err := w.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CompressedSize64: length, UncompressedSize64: length,
		})
		must(t, err)
		return out
	}
	out, block := raw("targets/large", size), make([]byte, hole)
	must(t, w.Flush())
	for range size/hole - 1 {
		_, err := out.Write(block)
		must(t, err)
	}
	_, err = out.Write(block[3:])
	must(t, err)
	_, err = out.Write([]byte("end"))
	must(t, err)
	_, err = raw("targets/last", 4).Write([]byte("last"))
	must(t, err)
	must(t, errors.Join(w.Close(), f.Close()))
	remote, err := trust.NewRemote(file)
	must(t, err)
	for _, test := range []struct {
		name   string
		offset int64
		want   string
	}{{"targets/large", size - 3, "end"}, {"targets/last", 1, "ast"}} {
		body, start, err := remote.Open(t.Context(), test.name, test.offset)
		must(t, err)
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || string(got) != test.want || start != test.offset {
			t.Errorf("%s from %d: got %q from %d, %v", test.name, test.offset, got, start, err)
		}
	}
}
