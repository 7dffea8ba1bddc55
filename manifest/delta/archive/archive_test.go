package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// member is an entry of an archive. The zero format is archive/tar's choice.
type member struct {
	name, content string
	dir           bool
	format        tar.Format
}

func pack(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i, m := range members {
		h := &tar.Header{
			Name: m.name, Mode: 0o644, Size: int64(len(m.content)), Format: m.format,
			ModTime: time.Unix(1_790_000_000+int64(i), 0),
		}
		if m.dir {
			h.Typeflag = tar.TypeDir
		}
		must(t, w.WriteHeader(h))
		_, err := io.WriteString(w, m.content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// noise returns size bytes that do not repeat.
func noise(size int, seed uint64) string {
	data := make([]byte, size)
	random := rand.New(rand.NewPCG(seed, 3))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return string(data)
}

// edited returns text with a few bytes changed and some inserted.
func edited(text string) string {
	data := []byte(text)
	for i := 100; i < len(data); i += len(data) / 10 {
		data[i] ^= 0x55
	}
	return string(data[:len(data)/2]) + "inserted" + string(data[len(data)/2:])
}

// base is what the files of an archive are once it is installed.
func base(t testing.TB, data []byte) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		if h.Typeflag == tar.TypeReg {
			files[strings.TrimPrefix(h.Name, "./")] = &fstest.MapFile{Data: content}
		}
	}
}

// between makes a delta between two archives.
func between(t testing.TB, old, next []byte) ([]byte, Stats) {
	t.Helper()
	tree, err := ReadTree(t.Context(), bytes.NewReader(old), 1<<30)
	must(t, err)
	var out bytes.Buffer
	stats, err := Make(t.Context(), &out, tree, bytes.NewReader(next))
	must(t, err)
	return out.Bytes(), stats
}

// apply applies a delta.
func apply(t testing.TB, files fs.FS, d []byte, length int) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	err := Apply(t.Context(), &out, files, bytes.NewReader(d), int64(len(d)), int64(length))
	if out.Len() > length {
		t.Errorf("%d bytes were written, %d allowed", out.Len(), length)
	}
	return out.Bytes(), err
}

// app is a version as most look: a few files, one of them with a long name.
func app() []member {
	return []member{
		{name: "app/", dir: true},
		{name: "app/program.exe", content: noise(40_000, 1)},
		{name: "app/readme.txt", content: strings.Repeat("une ligne\n", 300)},
		{name: "app/empty"},
		{name: "app/lib/other.dll", content: noise(10_000, 2)},
		{name: strings.Repeat("directory-with-a-long-name/", 6) + "file.bin", content: noise(5_000, 3)},
	}
}

// each returns app with every member changed.
func each(change func(m *member)) []member {
	all := app()
	for i := range all {
		change(&all[i])
	}
	return all
}

// with returns app with the content of one member replaced.
func with(i int, content string) []member {
	all := app()
	all[i].content = content
	return all
}

func TestRoundTrip(t *testing.T) {
	old := app()
	moved := with(1, edited(old[1].content))
	moved[1].name = "bin/program.exe"
	tests := []struct {
		name string
		next []member
		want Stats
	}{
		{"nothing-changed", old, Stats{Kept: 4}},
		{"one-file-changed", with(1, edited(old[1].content)), Stats{Kept: 3, Patched: 1}},
		{"one-file-emptied", with(1, ""), Stats{Kept: 3}},
		{"one-file-filled", with(3, "a"), Stats{Kept: 4, New: 1}},
		{"a-short-text-changed", with(2, "two words"), Stats{Kept: 3, New: 1}},
		{"a-file-added", append([]member{{name: "new.bin", content: noise(3_000, 9)}}, old...), Stats{Kept: 4, New: 1}},
		{"files-removed", old[:2], Stats{Kept: 1}},
		{"another-order", []member{old[4], old[1], old[2]}, Stats{Kept: 3}},
		{"directory-renamed", each(func(m *member) { m.name = strings.Replace(m.name, "app/", "app-5.1.8/", 1) }), Stats{Kept: 4}},
		{"moved-and-changed", moved, Stats{Kept: 3, Patched: 1}},
		{"with-dots", each(func(m *member) { m.name = "./" + m.name }), Stats{Kept: 4}},
		{"gnu-format", each(func(m *member) { m.format = tar.FormatGNU }), Stats{Kept: 4}},
		{"everything-new", []member{{name: "z", content: noise(30_000, 8)}}, Stats{New: 1}},
		{"no-entries", nil, Stats{}},
	}
	before := pack(t, old...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next := append(pack(t, tt.next...), make([]byte, 7168)...) // as tapes were padded
			d, stats := between(t, before, next)
			if stats != tt.want {
				t.Errorf("got %+v, want %+v", stats, tt.want)
			}
			again, _ := between(t, before, next)
			if !bytes.Equal(d, again) {
				t.Error("the same archives gave another delta")
			}
			got, err := apply(t, base(t, before), d, len(next))
			if err != nil || !bytes.Equal(got, next) {
				t.Errorf("from the installed files: got %d other bytes, %v", len(got), err)
			}
			tree, err := ReadTree(t.Context(), bytes.NewReader(before), 1<<30)
			must(t, err)
			if got, err := apply(t, tree, d, len(next)); err != nil || !bytes.Equal(got, next) {
				t.Errorf("from the tree of the publisher: %d bytes, %v", len(got), err)
			}
		})
	}
}

// TestUnchangedFilesCostNothing holds the size of a delta against what it
// has to say.
func TestUnchangedFilesCostNothing(t *testing.T) {
	var old []member
	for i := range 200 {
		old = append(old, member{name: fmt.Sprintf("lib/%02d/file-%d.dll", i%7, i), content: noise(20_000, uint64(i))})
	}
	next := append([]member(nil), old...)
	next[100].content = edited(next[100].content)
	d, _ := between(t, pack(t, old...), pack(t, next...))
	if len(d) > 3<<10 {
		t.Errorf("a delta of %d bytes for one file of 200 that changed in 18 bytes", len(d))
	}
	t.Logf("%d bytes", len(d))
}
