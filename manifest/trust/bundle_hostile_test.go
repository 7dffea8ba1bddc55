package trust_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
)

// hostile are bundles that somebody made to do harm.
func hostile(t *testing.T) map[string][]byte {
	t.Helper()
	made := map[string][]byte{}
	add := func(name string, fill func(w *zip.Writer)) {
		file := filepath.Join(t.TempDir(), "hostile.zip")
		writeBundle(t, file, fill)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = data
	}
	for name, path := range map[string]string{
		"a-name-outside": "../metadata/x", "a-name-further-down": "targets/../../x", "an-absolute-name": "/etc/passwd",
		"a-drive": `targets/C:\x`, "a-hidden-name": "targets/.ssh", "an-empty-part": "targets//x", "another-folder": "keys/ans.key",
		"a-folder": "targets/x/",
	} {
		add(name, func(w *zip.Writer) { entry(t, w, zip.FileHeader{Name: path, Method: zip.Store}, nil) })
	}
	add("a-name-twice", func(w *zip.Writer) {
		entry(t, w, zip.FileHeader{Name: "targets/x", Method: zip.Store}, []byte("1"))
		entry(t, w, zip.FileHeader{Name: "targets/X", Method: zip.Store}, []byte("2"))
	})
	add("compressed", func(w *zip.Writer) {
		entry(t, w, zip.FileHeader{Name: "targets/x", Method: zip.Deflate}, make([]byte, 1<<20))
	})
	add("too-many-files", func(w *zip.Writer) {
		for i := range 50_001 {
			entry(t, w, zip.FileHeader{Name: "targets/" + strings.Repeat("x", i%20+1), Method: zip.Store}, nil)
		}
	})
	link := zip.FileHeader{Name: "targets/x", Method: zip.Store}
	link.SetMode(fs.ModeSymlink | 0o777)
	add("a-link", func(w *zip.Writer) { entry(t, w, link, []byte("/etc/passwd")) })
	add("good", func(w *zip.Writer) {
		entry(t, w, zip.FileHeader{Name: "targets/x", Method: zip.Store}, []byte("content"))
	})
	for name, data := range edited(made["good"]) {
		made[name] = data
	}
	delete(made, "good")
	made["empty"] = nil
	made["an-endless-directory"] = endlessDirectory()
	return made
}

// edited are changes to the bytes of a good bundle.
func edited(good []byte) map[string][]byte {
	made := map[string][]byte{}
	// change edits the directory of the good one, whose entry begins at header
	// and whose last record at end.
	change := func(name string, edit func(data []byte, header, end int) []byte) {
		header, end := bytes.LastIndex(good, []byte("PK\x01\x02")), bytes.LastIndex(good, []byte("PK\x05\x06"))
		made[name] = edit(slices.Clone(good), header, end)
	}
	put32 := func(data []byte, at int, v uint32) []byte {
		binary.LittleEndian.PutUint32(data[at:], v)
		return data
	}
	change("a-length-beyond-the-file", func(d []byte, h, _ int) []byte { return put32(put32(d, h+20, 1<<30), h+24, 1<<30) })
	change("a-length-beyond-the-end", func(d []byte, h, e int) []byte {
		n := uint32(e + 20)
		return put32(put32(d, h+20, n), h+24, n)
	})
	change("two-lengths", func(d []byte, h, _ int) []byte { return put32(d, h+24, 3) })
	change("encrypted", func(d []byte, h, _ int) []byte { d[h+8] |= 1; return d })
	change("an-offset-beyond-the-file", func(d []byte, h, _ int) []byte { return put32(d, h+42, 1<<30) })
	change("an-offset-into-nothing", func(d []byte, h, _ int) []byte { return put32(d, h+42, 5) })
	change("more-entries-than-there-are", func(d []byte, _, e int) []byte { d[e+10], d[e+11] = 0xf0, 0x0f; return d })
	change("a-comment", func(d []byte, _, e int) []byte { d[e+20] = 4; return append(d, "text"...) })
	change("cut", func(d []byte, _, e int) []byte { return d[:e+10] })
	change("half", func(d []byte, _, _ int) []byte { return d[:len(d)/2] })
	change("zeros", func(d []byte, _, _ int) []byte { clear(d); return d })
	return made
}

// endlessDirectory has a directory of 40 MiB for one announced entry.
func endlessDirectory() []byte {
	one := make([]byte, 46+9)
	copy(one, "PK\x01\x02")
	binary.LittleEndian.PutUint16(one[28:], 9)
	copy(one[46:], "targets/x")
	data := bytes.Repeat(one, 40<<20/len(one))
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	binary.LittleEndian.PutUint16(end[10:], uint16(len(data)/len(one)&0xffff))
	binary.LittleEndian.PutUint32(end[12:], uint32(len(data)))
	return append(data, end...)
}

// TestEntriesWithoutNumber opens a bundle that announces, in the records for
// large files, as many entries as its gibibyte has room for.
func TestEntriesWithoutNumber(t *testing.T) {
	const size = 1 << 30
	tail := make([]byte, 98)
	copy(tail, "PK\x06\x06")
	binary.LittleEndian.PutUint64(tail[32:], size/31)
	copy(tail[56:], "PK\x06\x07")
	binary.LittleEndian.PutUint64(tail[64:], size-98)
	tail[72] = 1 // disk
	copy(tail[76:], "PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	file := filepath.Join(t.TempDir(), "bundle.zip")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(tail, size-98)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	refuses(t, file)
}

// TestHostileBundles opens each and reads the one file that some of them seem
// to have: it is refused, and neither memory nor time runs away.
func TestHostileBundles(t *testing.T) {
	for name, data := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bundle.zip")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, file)
		})
	}
}

// refuses opens a file that is no bundle, and watches what that costs.
func refuses(t *testing.T, file string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	remote, err := trust.NewRemote(file)
	if err == nil {
		_, _, err = remote.Open(t.Context(), "targets/x", 0)
	}
	runtime.ReadMemStats(&after)
	if got := codeOf(err); got != trust.CodeBadBundle {
		t.Errorf("got %v, want %s", err, trust.CodeBadBundle)
	}
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 200 {
		t.Errorf("%d MiB were allocated", got)
	}
}

// TestEntriesOverEachOther shows that what overlaps is read up to its length
// and no further.
func TestEntriesOverEachOther(t *testing.T) {
	data, err := os.ReadFile(bundled(t, map[string][]byte{"targets/x": []byte("0123456789"), "targets/y": []byte("abcdefghij")}))
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[second+42:], 0) // where the first one begins
	file := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	remote, err := trust.NewRemote(file)
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := remote.Open(t.Context(), "targets/y", 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(got) != "0123456789" {
		t.Errorf("got %q, %v", got, err)
	}
}
