package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/andybalholm/brotli"
)

// limited fails the test when more than left bytes are written.
type limited struct {
	t    testing.TB
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.t.Fatalf("%d bytes too many are written", -l.left)
	}
	return len(p), nil
}

// hostile is a patch by hand: a header, and streams that are compressed as
// they are. A length that the header has already stays.
func hostile(h header, raw [streams][]byte) []byte {
	var body []byte
	for i, stream := range raw {
		if h.streams[i].length == 0 {
			h.streams[i].length = int64(len(stream))
		}
		for part := range slices.Chunk(stream, 1<<windows[i]) {
			packed := squeezed(part, windows[i])
			h.streams[i].sizes = append(h.streams[i].sizes, int64(len(packed)))
			body = append(body, packed...)
		}
	}
	return append(h.append(nil), body...)
}

// squeezed compresses into memory, which cannot fail.
func squeezed(raw []byte, window int) []byte {
	var to bytes.Buffer
	w := brotli.NewWriterOptions(&to, brotli.WriterOptions{Quality: 1, LGWin: window})
	_, _ = w.Write(raw)
	_ = w.Close()
	return to.Bytes()
}

func numbers(n ...uint64) []byte {
	var b []byte
	for _, x := range n {
		b = binary.AppendUvarint(b, x)
	}
	return b
}

func TestHostilePatches(t *testing.T) {
	old := noise(7, 1000)
	const most = 1<<64 - 1
	bare := header{transform: None, oldSize: 1000, newSize: 500}
	x86 := header{transform: X86, oldSize: 1000, newSize: 500, shortest: 1}
	x86.old = image{sections: []section{{address: maxAddress - 1, size: 1000, memory: maxAddress - 1, code: true}}}
	x86.new = x86.old
	outside := x86
	outside.old = image{sections: []section{{offset: 500, size: 501, memory: 501}}}
	long := bare
	long.streams[inserts].length = maxFile
	for _, c := range []struct {
		name string
		h    header
		raw  [streams][]byte
	}{
		{"no-segments", bare, [streams][]byte{}},
		{"empty-segments", bare, [streams][]byte{numbers(0, 0, 0), numbers(0, 0, 0), numbers(0, 0, 0), numbers(0)}},
		{"copy-of-all-there-is", bare, [streams][]byte{numbers(most), numbers(0), numbers(0), numbers(0)}},
		{"sum-overflows", bare, [streams][]byte{numbers(most - 10), numbers(20), numbers(0), numbers(0)}},
		{"longer-than-the-file", bare, [streams][]byte{numbers(400), numbers(101), numbers(0), numbers(400)}},
		{"seek-before-the-start", bare, [streams][]byte{numbers(400), numbers(100), numbers(1), numbers(400)}},
		{"seek-behind-the-end", bare, [streams][]byte{numbers(400), numbers(100), numbers(2 * 601), numbers(400)}},
		{"seek-overflows", bare, [streams][]byte{numbers(0, 400), numbers(1, 99), numbers(2000, most-1), numbers(400)}},
		{"number-without-end", bare, [streams][]byte{bytes.Repeat([]byte{0x80}, 100), numbers(0), numbers(0), numbers(0)}},
		{"gap-goes-beyond", bare, [streams][]byte{numbers(500), numbers(0), numbers(0), numbers(most)}},
		{"gaps-without-bytes", bare, [streams][]byte{numbers(500), numbers(0), numbers(0), numbers(1, 1, 1)}},
		{"more-segments-than-file", bare, [streams][]byte{numbers(500, 1), numbers(0, 0), numbers(0, 0), numbers(500)}},
		{"endless-stream", long, [streams][]byte{numbers(0), numbers(500), numbers(0), numbers(0), nil, old}},
		{"section-outside", outside, [streams][]byte{numbers(500), numbers(0), numbers(0), numbers(500)}},
		{"correction-too-large", x86, [streams][]byte{numbers(500), numbers(0), numbers(0), numbers(500), nil, nil,
			bytes.Repeat(numbers(1<<40), 100), bytes.Repeat(numbers(1<<40), 100)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := apply(t.Context(), &limited{t, 500}, old, hostile(c.h, c.raw), 500)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
		})
	}
}

// TestWideWindow refuses a block whose decoder would need more memory than its
// stream is given.
func TestWideWindow(t *testing.T) {
	packed := squeezed(make([]byte, 500), 24)
	h := header{transform: None, oldSize: 0, newSize: 500}
	h.streams[inserts].length = 500
	h.streams[inserts].sizes = []int64{int64(len(packed))}
	patch := hostile(h, [streams][]byte{numbers(0), numbers(500), numbers(0), numbers(0)})
	err := apply(t.Context(), &limited{t, 500}, nil, append(patch, packed...), 500)
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want %v", err, ErrDamaged)
	}
}

// allocated returns how many bytes f allocates, more than it ever holds.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryIsBounded applies a patch that wants all there is: blocks as large as
// they may be, as many pieces as there may be, a file larger than the pages.
func TestMemoryIsBounded(t *testing.T) {
	const size = 8 << 20
	old := noise(8, size)
	h := header{transform: X86, oldSize: size, shortest: 1}
	h.old = image{sections: []section{{size: size, memory: maxAddress - 1}}}
	var raw [streams][]byte
	segment := func(copied, extra int) {
		raw[copies] = append(raw[copies], numbers(uint64(copied))...)
		raw[extras] = append(raw[extras], numbers(uint64(extra))...)
		raw[seeks] = append(raw[seeks], numbers(2)...)
		h.newSize += int64(copied + extra)
	}
	for range 1<<17 - 40 {
		segment(1, 1)
	}
	segment(2<<20, 4<<20)
	h.new = image{sections: []section{{size: uint32(h.newSize), memory: maxAddress - 1}}}
	raw[gaps], raw[diffs] = make([]byte, 2<<20+1<<17-40+1), noise(9, 2<<20+1<<17-40)
	raw[inserts] = noise(10, 4<<20+1<<17-40)
	patch := hostile(h, raw)
	used := allocated(func() {
		if err := apply(t.Context(), &limited{t, h.newSize}, old, patch, h.newSize); err != nil {
			t.Fatal(err)
		}
	})
	if used > 32<<20 {
		t.Errorf("got %d bytes of memory, want at most %d", used, 32<<20)
	}
}

func FuzzApply(f *testing.F) {
	old := sample(30).elf()
	for _, transform := range []Transform{None, X86} {
		var patch bytes.Buffer
		if err := Make(f.Context(), &patch, old, sample(30).next().elf(), Options{Transform: transform}); err != nil {
			f.Fatal(err)
		}
		f.Add(patch.Bytes(), uint32(len(sample(30).next().elf())))
	}
	f.Fuzz(func(t *testing.T, patch []byte, length uint32) {
		used := allocated(func() {
			w := &limited{t, int64(length)}
			if err := apply(t.Context(), w, old, patch, int64(length)); err == nil && w.left != 0 {
				t.Errorf("got %d bytes less and no error", w.left)
			}
		})
		if used > 32<<20 {
			t.Errorf("got %d bytes of memory, want at most %d", used, 32<<20)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	p := sample(20)
	f.Add(p.elf(), p.next().elf())
	f.Add(p.pe(), p.next().pe())
	f.Add(p.universal(), p.next().universal())
	narrow := p
	narrow.narrow = true
	f.Add(narrow.pe(), narrow.next().pe())
	f.Add([]byte("lecteur"), []byte("le lecteur PC/SC"))
	f.Fuzz(func(t *testing.T, old, new []byte) {
		for _, transform := range []Transform{Automatic, None, X86} {
			var patch bytes.Buffer
			if err := Make(t.Context(), &patch, old, new, Options{Transform: transform}); err != nil {
				if transform != X86 {
					t.Fatal(err)
				}
				continue
			}
			var got bytes.Buffer
			if err := apply(t.Context(), &got, old, patch.Bytes(), int64(len(new))); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), new) {
				t.Fatalf("transform %d: got another file", transform)
			}
		}
	})
}
