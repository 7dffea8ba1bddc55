package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// member is one entry of an archive made for a test. kind is a tar type flag.
type member struct {
	name    string
	content string
	kind    byte
	link    string
	mode    int64
}

func file(name, content string) member {
	return member{name: name, content: content, kind: tar.TypeReg}
}
func dir(name string) member { return member{name: name, kind: tar.TypeDir} }

// formats make an archive of members, without any of the checks.
var formats = map[string]func(t testing.TB, members []member) []byte{
	"a.tar":     tarred,
	"a.tar.gz":  func(t testing.TB, m []member) []byte { return gzipped(t, tarred(t, m)) },
	"a.tgz":     func(t testing.TB, m []member) []byte { return gzipped(t, tarred(t, m)) },
	"a.tar.zst": func(t testing.TB, m []member) []byte { return zstandard(t, tarred(t, m)) },
	"a.zip":     zipOf,
}

func tarred(t testing.TB, members []member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		mode := m.mode
		if mode == 0 {
			mode = 0o644
		}
		must(t, w.WriteHeader(&tar.Header{Typeflag: m.kind, Name: m.name, Linkname: m.link, Size: int64(len(m.content)), Mode: mode}))
		_, err := io.WriteString(w, m.content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func zstandard(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	must(t, err)
	_, err = w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func zipOf(t testing.TB, members []member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		content := m.content
		switch m.kind {
		case tar.TypeDir:
			h.SetMode(fs.ModeDir | 0o755)
			if !strings.HasSuffix(h.Name, "/") {
				h.Name += "/"
			}
		case tar.TypeSymlink, tar.TypeLink: // a zip knows no hard links
			h.SetMode(fs.ModeSymlink | 0o777)
			content = m.link
		case tar.TypeChar, tar.TypeBlock:
			h.SetMode(fs.ModeDevice)
		case tar.TypeFifo:
			h.SetMode(fs.ModeNamedPipe)
		default:
			h.SetMode(fs.FileMode(m.mode))
		}
		f, err := w.CreateHeader(h)
		must(t, err)
		if m.kind != tar.TypeDir {
			_, err = io.WriteString(f, content)
			must(t, err)
		}
	}
	must(t, w.Close())
	return out.Bytes()
}
