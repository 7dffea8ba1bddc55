package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"github.com/releve-sante/releve/manifest/delta"
)

// TestAnotherBase applies a delta to files that are not those it was made for.
func TestAnotherBase(t *testing.T) {
	program := noise(40_000, 1)
	old := pack(t, member{name: "a", content: program}, member{name: "b", content: noise(100, 2)})
	next := pack(t, member{name: "a", content: edited(program)}, member{name: "b", content: noise(100, 2)})
	d, _ := between(t, old, next)
	tests := []struct {
		name   string
		change func(files fstest.MapFS)
		want   error
	}{
		{"kept-file-missing", func(f fstest.MapFS) { delete(f, "b") }, delta.ErrBase},
		{"patched-file-missing", func(f fstest.MapFS) { delete(f, "a") }, delta.ErrBase},
		{"kept-file-longer", func(f fstest.MapFS) { f["b"].Data = append(f["b"].Data, 'x') }, delta.ErrBase},
		{"patched-file-shorter", func(f fstest.MapFS) { f["a"].Data = f["a"].Data[:39_000] }, delta.ErrBase},
		{"a-directory", func(f fstest.MapFS) { delete(f, "b"); f["b/c"] = &fstest.MapFile{} }, delta.ErrBase},
		{"a-link", func(f fstest.MapFS) { f["b"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("a")} }, delta.ErrBase},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := base(t, old).(fstest.MapFS)
			tt.change(files)
			if _, err := apply(t, files, d, len(next)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	files := base(t, old).(fstest.MapFS)
	files["b"].Data[0] ^= 1
	if got, err := apply(t, files, d, len(next)); err != nil || bytes.Equal(got, next) {
		t.Errorf("a byte of the base was changed: %v; the digest of the result has to tell", err)
	}
}

// TestDamagedDeltas cuts a delta everywhere, changes each of its bytes, and
// asks for another length: an error or other bytes, never too many.
func TestDamagedDeltas(t *testing.T) {
	program := noise(3_000, 1)
	old := pack(t, member{name: "a", content: program}, member{name: "b", content: noise(100, 2)})
	next := pack(t, member{name: "a", content: edited(program)}, member{name: "b", content: noise(100, 2)}, member{name: "c", content: "new"})
	d, _ := between(t, old, next)
	files := base(t, old)
	for n := range d {
		if _, err := apply(t, files, d[:n], len(next)); !errors.Is(err, delta.ErrDamaged) {
			t.Fatalf("cut at %d: got %v", n, err)
		}
		changed := bytes.Clone(d)
		changed[n] ^= 0x10
		if _, err := apply(t, files, changed, len(next)); err != nil && !known(err) {
			t.Fatalf("changed at %d: got %v", n, err)
		}
	}
	if _, err := apply(t, files, append(bytes.Clone(d), 0), len(next)); !errors.Is(err, delta.ErrDamaged) {
		t.Errorf("a byte more: got %v", err)
	}
	for _, length := range []int{0, 1, 511, len(next) - 1, len(next) + 1} {
		if _, err := apply(t, files, d, length); !errors.Is(err, delta.ErrDamaged) {
			t.Errorf("length %d: got %v", length, err)
		}
	}
}

// known reports whether err is one that Apply promises.
func known(err error) bool {
	return errors.Is(err, delta.ErrDamaged) || errors.Is(err, delta.ErrBase) || errors.Is(err, delta.ErrUnknown)
}

// TestHostilePrograms writes programs that Make would not write.
func TestHostilePrograms(t *testing.T) {
	old := pack(t, member{name: "a", content: noise(600, 1)})
	files := base(t, old)
	good := header(old[:blockSize])
	short := append(append([]byte{opHeader}, good[:sumAt]...), good[sumEnd:]...)
	resized := good
	copy(resized[sizeAt:sizeEnd], "77777777777\x00")
	large := append(append([]byte{opHeader}, resized[:sumAt]...), resized[sumEnd:]...)
	endless := bytes.Repeat([]byte{opLiteral, 0}, 1<<20)
	tests := []struct {
		name    string
		program []byte
		patches []byte
	}{
		{"nothing", nil, nil},
		{"only-an-end", []byte{opEnd}, nil},
		{"no-end", []byte{opLiteral, 1, 'x'}, nil},
		{"more-after-the-end", []byte{opEnd, opEnd}, nil},
		{"unknown-instruction", []byte{99}, nil},
		{"endless-empty-literals", endless, nil},
		{"literal-of-any-length", []byte{opLiteral, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, nil},
		{"number-that-overflows", append([]byte{opLiteral}, bytes.Repeat([]byte{0xff}, 20)...), nil},
		{"content-without-header", []byte{opKeep}, nil},
		{"content-twice", append(bytes.Clone(short), opKeep, opKeep), nil},
		{"content-beyond-the-end", append(bytes.Clone(large), opKeep), nil},
		{"path-leads-out", append(bytes.Clone(short), append([]byte{opKeepOther, 4}, "../a"...)...), nil},
		{"absolute-path", append(bytes.Clone(short), append([]byte{opKeepOther, 2}, "/a"...)...), nil},
		{"empty-path", append(bytes.Clone(short), opKeepOther, 0), nil},
		{"path-without-end", append(bytes.Clone(short), opKeepOther, 0xff, 0xff, 0xff, 0x7f), nil},
		{"patch-beyond-the-end", append(bytes.Clone(short), opPatch, 100), []byte("short")},
		{"patch-that-is-none", append(bytes.Clone(short), opPatch, 5, opEnd), []byte("short")},
		{"patch-for-nothing", append([]byte{opLiteral, 1, 'x'}, opEnd), []byte("patch")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packed, err := compressed(tt.program, 5)
			must(t, err)
			if _, err := apply(t, files, assemble(packed, tt.patches), 4096); !errors.Is(err, delta.ErrDamaged) {
				t.Errorf("got %v", err)
			}
		})
	}
	later := append([]byte(magic), version+1, 1, 0)
	if _, err := apply(t, files, later, 4096); !errors.Is(err, delta.ErrUnknown) {
		t.Errorf("a later form: got %v", err)
	}
	wide := append([]byte(magic), version, 4, 0x0f, 0, 0, 0) // a window of 2^24 bytes
	if _, err := apply(t, files, wide, 4096); !errors.Is(err, delta.ErrDamaged) {
		t.Errorf("a wide window: got %v", err)
	}
}

// assemble puts a delta together.
func assemble(program, patches []byte) []byte {
	d := binary.AppendUvarint(append([]byte(magic), version), uint64(len(program)))
	return append(append(d, program...), patches...)
}

// taken takes a delta apart.
func taken(t testing.TB, d []byte) (program, patches []byte) {
	t.Helper()
	n, used := binary.Uvarint(d[len(magic)+1:])
	d = d[len(magic)+1+used:]
	program, err := io.ReadAll(brotli.NewReader(bytes.NewReader(d[:n])))
	must(t, err)
	return program, d[n:]
}

// packAny packs one file, where archive/tar can.
func packAny(name string, content []byte) ([]byte, bool) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	err = errors.Join(err, w.Close())
	return out.Bytes(), err == nil
}

// errBroken is what breaks on the machine itself.
var errBroken = errors.New("broken")

type failingAt struct{ io.ReaderAt }

func (failingAt) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestTroubleOfTheMachine(t *testing.T) {
	old := pack(t, member{name: "a", content: noise(600, 1)})
	d, _ := between(t, old, old)
	ctx := context.Background()
	if err := Apply(ctx, failingWriter{}, base(t, old), bytes.NewReader(d), int64(len(d)), int64(len(old))); !errors.Is(err, errBroken) || known(err) {
		t.Errorf("writing: got %v", err)
	}
	if err := Apply(ctx, io.Discard, base(t, old), failingAt{}, int64(len(d)), int64(len(old))); !errors.Is(err, errBroken) || known(err) {
		t.Errorf("reading the delta: got %v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if err := Apply(ctx, io.Discard, base(t, old), bytes.NewReader(d), int64(len(d)), int64(len(old))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := Make(ctx, io.Discard, &Tree{}, bytes.NewReader(old)); !errors.Is(err, context.Canceled) {
		t.Errorf("making, cancelled: got %v", err)
	}
	if _, err := ReadTree(t.Context(), bytes.NewReader(old), 599); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("a tree that is too large: got %v", err)
	}
}

// TestPaddingOfStrangers refuses what Apply could not write.
func TestPaddingOfStrangers(t *testing.T) {
	old := pack(t, member{name: "a", content: "x"})
	next := bytes.Clone(old)
	next[blockSize+1] = 'y'
	tree, err := ReadTree(t.Context(), bytes.NewReader(old), 1<<20)
	must(t, err)
	if _, err := Make(t.Context(), io.Discard, tree, bytes.NewReader(next)); err == nil {
		t.Error("accepted a padding that is not zeros")
	}
}
