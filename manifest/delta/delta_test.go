package delta

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// noise is n random bytes, the same in each run.
func noise(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

// patched makes a patch and applies it.
func patched(t *testing.T, old, new []byte, o Options) (patch, got []byte) {
	t.Helper()
	var to, result bytes.Buffer
	if err := Make(t.Context(), &to, old, new, o); err != nil {
		t.Fatal(err)
	}
	if err := apply(t.Context(), &result, old, to.Bytes(), int64(len(new))); err != nil {
		t.Fatal(err)
	}
	return to.Bytes(), result.Bytes()
}

func apply(ctx context.Context, w io.Writer, old, patch []byte, length int64) error {
	return Apply(ctx, w, bytes.NewReader(old), int64(len(old)), bytes.NewReader(patch), int64(len(patch)), length)
}

// edited is b with parts replaced, put in, taken out and moved.
func edited(b []byte) []byte {
	var to []byte
	at := len(b) / 3
	to = append(to, b[at:2*at]...)
	to = append(to, noise(99, 1000)...)
	to = append(to, b[:at-500]...)
	to = append(to, b[2*at:]...)
	for i := 700; i < len(to); i += 97 {
		to[i]++
	}
	return to
}

func TestRoundTrip(t *testing.T) {
	random, text := noise(1, 100_000), bytes.Repeat([]byte("Carte Vitale, lecteur bi-fente. "), 3000)
	for _, c := range []struct {
		name     string
		old, new []byte
		limit    int // of the patch
	}{
		{"both-empty", nil, nil, 100},
		{"old-empty", nil, random[:5000], 5200},
		{"new-empty", random, nil, 100},
		{"one-byte", []byte{1}, []byte{2}, 100},
		{"one-byte-equal", []byte{7}, []byte{7}, 100},
		{"equal", random, random, 120},
		{"one-byte-changed", random, append(append(bytes.Clone(random[:50_000]), random[50_000]+1), random[50_001:]...), 130},
		{"first-byte-missing", random, random[1:], 120},
		{"first-byte-new", random, append([]byte{9}, random...), 120},
		{"half", random, random[:50_000], 120},
		{"twice", random, append(bytes.Clone(random), random...), 150},
		{"edited", random, edited(random), 5000},
		{"nothing-in-common", random[:50_000], noise(2, 30_000), 30_500},
		{"repeated-text", text, text[11:], 150},
		{"long-runs", make([]byte, 3_000_000), make([]byte, 2_000_001), 150},
		{"runs-and-noise", append(make([]byte, 300_000), random...), append(bytes.Clone(random), make([]byte, 300_000)...), 200},
		{"run-broken-often", make([]byte, 400_000), edited(make([]byte, 400_000)), 2500},
	} {
		t.Run(c.name, func(t *testing.T) {
			patch, got := patched(t, c.old, c.new, Options{})
			if !bytes.Equal(got, c.new) {
				t.Fatalf("got %d other bytes", len(got))
			}
			if len(patch) > c.limit {
				t.Errorf("got a patch of %d bytes, want at most %d", len(patch), c.limit)
			}
			again, _ := patched(t, c.old, c.new, Options{})
			if !bytes.Equal(again, patch) {
				t.Error("got another patch the second time")
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	old := noise(3, 20_000)
	new := edited(old)
	patch, _ := patched(t, old, new, Options{})
	with := func(at int, b byte) []byte {
		p := bytes.Clone(patch)
		p[at] = b
		return p
	}
	for _, c := range []struct {
		name       string
		old, patch []byte
		length     int
		want       error
	}{
		{"empty", old, nil, len(new), ErrDamaged},
		{"other-magic", old, with(0, 'r'), len(new), ErrDamaged},
		{"later-version", old, with(8, 2), len(new), ErrUnknown},
		{"later-codec", old, with(9, 2), len(new), ErrUnknown},
		{"later-transform", old, with(10, 9), len(new), ErrUnknown},
		{"cut-in-the-header", old, patch[:15], len(new), ErrDamaged},
		{"cut-at-the-end", old, patch[:len(patch)-1], len(new), ErrDamaged},
		{"longer", old, append(bytes.Clone(patch), 0), len(new), ErrDamaged},
		{"other-base", old[1:], patch, len(new), ErrBase},
		{"less-expected", old, patch, len(new) - 1, ErrDamaged},
		{"more-expected", old, patch, len(new) + 1, ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := apply(t.Context(), &got, c.old, c.patch, int64(c.length)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if got.Len() > c.length {
				t.Errorf("got %d bytes written, want at most %d", got.Len(), c.length)
			}
		})
	}
}

// TestEveryByteDamaged changes each byte of a patch: the result may be wrong,
// never too long, and nothing fails but with an error.
func TestEveryByteDamaged(t *testing.T) {
	old := noise(4, 3000)
	new := edited(old)
	patch, _ := patched(t, old, new, Options{})
	for i := range patch {
		for _, by := range []byte{1, 0x80, 0xFF} {
			p := bytes.Clone(patch)
			p[i] ^= by
			var got bytes.Buffer
			if err := apply(t.Context(), &got, old, p, int64(len(new))); err == nil && got.Len() != len(new) {
				t.Errorf("byte %d: got %d bytes and no error, want %d", i, got.Len(), len(new))
			}
			if got.Len() > len(new) {
				t.Errorf("byte %d: got %d bytes, want at most %d", i, got.Len(), len(new))
			}
		}
	}
}

func TestOldFileIsShorterThanSaid(t *testing.T) {
	old := noise(5, 50_000)
	patch, _ := patched(t, old, old, Options{})
	err := Apply(t.Context(), io.Discard, bytes.NewReader(old[:49_000]), int64(len(old)),
		bytes.NewReader(patch), int64(len(patch)), int64(len(old)))
	if !errors.Is(err, ErrBase) {
		t.Errorf("got %v, want %v", err, ErrBase)
	}
}

func TestCancelled(t *testing.T) {
	old := noise(6, 50_000)
	patch, _ := patched(t, old, old, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Make(ctx, io.Discard, old, old, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("make: got %v, want %v", err, context.Canceled)
	}
	if err := apply(ctx, io.Discard, old, patch, int64(len(old))); !errors.Is(err, context.Canceled) {
		t.Errorf("apply: got %v, want %v", err, context.Canceled)
	}
}
