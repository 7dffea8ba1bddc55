package unpack

import (
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// FuzzArchive gives Archive any bytes: it refuses with a code, or what it
// reports is what is there, inside the directory and the limits.
func FuzzArchive(f *testing.F) {
	endings := []string{"a.tar.gz", "a.tar.zst", "a.zip", "a.tar"}
	for i, name := range endings {
		f.Add(uint8(i), formats[name](f, []member{file("a/b", "content"), dir("c"), {name: "d", content: "x", kind: '0', mode: 0o755}}))
		for _, test := range refused[:12] {
			f.Add(uint8(i), formats[name](f, test.members))
		}
	}
	limits := Limits{Bytes: 1 << 16, Entries: 20}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		d := durabletest.NewDisk()
		entries, err := unpackTo(d, endings[int(kind)%len(endings)], data, limits)
		var refusal *Error
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("neither accepted nor refused: %v", err)
		}
		checkInside(t, d, limits)
		if err != nil {
			return
		}
		for _, e := range entries {
			if info, err := d.Lstat("tree/" + e.Path); err != nil || info.Mode() != e.Mode || !e.Mode.IsDir() && info.Size() != e.Size {
				t.Fatalf("reported %+v, found %v, %v", e, info, err)
			}
		}
	})
}

// checkInside looks at everything on the disk.
func checkInside(t *testing.T, d *durabletest.Disk, limits Limits) {
	t.Helper()
	var size, count int64
	for name, content := range d.Snapshot() {
		info, err := d.Lstat(strings.TrimSuffix(name, "/"))
		if err != nil || !strings.HasPrefix(name, "tree/") || !info.IsDir() && !info.Mode().IsRegular() {
			t.Fatalf("%q was written: %v, %v", name, info, err)
		}
		size += int64(len(content))
		count++
	}
	if size > limits.Bytes || count > limits.Entries+1 {
		t.Fatalf("%d bytes in %d entries were written", size, count)
	}
}

// FuzzName holds the rule of names: what it accepts is one clean path of
// names that durable.CheckPath would let pass, on any system.
func FuzzName(f *testing.F) {
	for _, test := range refused {
		for _, m := range test.members {
			f.Add(m.name)
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, ok := cleanName(name)
		if !ok {
			return
		}
		if clean != path.Clean(clean) || durable.CheckPath(clean) != nil {
			t.Fatalf("%q became %q", name, clean)
		}
		if again, ok := cleanName(clean); !ok || again != clean {
			t.Fatalf("%q became %q and then %q", name, clean, again)
		}
		for _, twin := range []string{strings.ToUpper(clean), strings.ToLower(clean)} {
			if len(twin) == len(clean) && twinKey(twin) != twinKey(clean) && strings.EqualFold(twin, clean) {
				t.Fatalf("%q and %q are not twins", clean, twin)
			}
		}
	})
}
