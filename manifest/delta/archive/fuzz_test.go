package archive

import (
	"bufio"
	"bytes"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/releve-sante/releve/manifest/delta"
)

// FuzzApply gives Apply any program and any patches: it refuses with an error
// of the package, or writes exactly what it was allowed to.
func FuzzApply(f *testing.F) {
	old := pack(f, member{name: "a", content: noise(700, 1)}, member{name: "b/c", content: noise(100, 2)})
	files := base(f, old)
	for _, next := range [][]byte{
		old,
		pack(f, member{name: "a", content: edited(noise(700, 1))}, member{name: "d", content: noise(100, 2)}),
		pack(f, member{name: "x", content: "new"}),
	} {
		d, _ := between(f, old, next)
		program, patches := taken(f, d)
		f.Add(program, patches, uint16(len(next)))
	}
	f.Fuzz(func(t *testing.T, program, patches []byte, length uint16) {
		var out bytes.Buffer
		a := applier{
			ctx: t.Context(), w: &out, left: int64(length), base: files, buffer: make([]byte, bufferSize),
			delta: bytes.NewReader(patches), size: int64(len(patches)),
			program: bufio.NewReader(bytes.NewReader(program)), // what brotli does is its own affair
		}
		err := a.run()
		if err != nil && !known(err) {
			t.Fatalf("neither made nor refused: %v", err)
		}
		if out.Len() > int(length) || err == nil && out.Len() != int(length) {
			t.Fatalf("made %d bytes of %d, %v", out.Len(), length, err)
		}
	})
}

// FuzzDelta gives Apply any bytes at all.
func FuzzDelta(f *testing.F) {
	old := pack(f, member{name: "a", content: noise(700, 1)})
	d, _ := between(f, old, old)
	f.Add(d)
	f.Fuzz(func(t *testing.T, d []byte) {
		if _, err := apply(t, base(t, old), d, len(old)); err != nil && !known(err) {
			t.Fatalf("neither made nor refused: %v", err)
		}
	})
}

// FuzzRoundTrip makes a delta between archives of any files.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a", []byte("one"), "a", []byte("two"), uint8(0))
	f.Add("lib/1.2/x.dll", []byte(noise(3000, 1)), "lib/1.3/x.dll", []byte(edited(noise(3000, 1))), uint8(3))
	f.Fuzz(func(t *testing.T, name string, before []byte, later string, after []byte, padding uint8) {
		if installed(name) == "" || installed(later) == "" {
			t.Skip("no name that can be installed")
		}
		old, ok := packAny(name, before)
		next, fits := packAny(later, after)
		if !ok || !fits {
			t.Skip("no name that archive/tar writes")
		}
		next = append(next, make([]byte, int(padding)*100)...)
		tree, err := ReadTree(t.Context(), bytes.NewReader(old), 1<<30)
		must(t, err)
		var d bytes.Buffer
		_, err = Make(t.Context(), &d, tree, bytes.NewReader(next))
		must(t, err)
		got, err := apply(t, fstest.MapFS{installed(name): &fstest.MapFile{Data: before}}, d.Bytes(), len(next))
		if errors.Is(err, delta.ErrBase) && tree.files[installed(name)] == nil {
			return
		}
		if err != nil || !bytes.Equal(got, next) {
			t.Fatalf("made %d bytes of %d: %v", len(got), len(next), err)
		}
	})
}
