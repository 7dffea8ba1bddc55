package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

func unpackTo(d durable.Dir, name string, data []byte, limits Limits) ([]Entry, error) {
	return Archive(context.Background(), d, "tree", bytes.NewReader(data), name, limits, func(int64) {})
}

func TestUnpack(t *testing.T) {
	large := strings.Repeat("0123456789", 100_000)
	members := []member{
		dir("./"),
		dir("bin/"), {name: "bin/galss", content: "#!", kind: tar.TypeReg, mode: 0o4755}, dir("bin/"),
		file("./share/doc/lisez-moi é.txt", "bonjour"), file("large", large), file("empty", ""), dir("share/none"),
	}
	want := map[string]string{
		"tree/": "", "tree/bin/": "", "tree/bin/galss": "#!", "tree/share/": "", "tree/share/doc/": "", "tree/share/none/": "",
		"tree/share/doc/lisez-moi é.txt": "bonjour", "tree/large": large, "tree/empty": "",
	}
	for name, pack := range formats {
		t.Run(name, func(t *testing.T) {
			d := durabletest.NewDisk()
			var done []int64
			entries, err := Archive(t.Context(), d, "tree", bytes.NewReader(pack(t, members)), name,
				Limits{Bytes: int64(len(large)) + 9, Entries: 8}, func(n int64) { done = append(done, n) })
			must(t, err)
			if got := d.Snapshot(); !maps.Equal(got, want) {
				t.Errorf("got %q", slices.Sorted(maps.Keys(got)))
			}
			if !slices.IsSorted(done) || done[len(done)-1] != int64(len(large))+9 {
				t.Errorf("progress: %v", done)
			}
			checkEntries(t, d, entries)
		})
	}
}

// checkEntries compares what was reported with what is there.
func checkEntries(t *testing.T, d durable.Dir, entries []Entry) {
	t.Helper()
	if len(entries) != 8 || !slices.IsSortedFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }) {
		t.Fatalf("got entries %+v", entries)
	}
	for _, e := range entries {
		info, err := d.Lstat("tree/" + e.Path)
		must(t, err)
		if info.Mode() != e.Mode || e.Mode.Perm() == 0o755 != (e.Path == "bin/galss" || e.Mode.IsDir()) {
			t.Errorf("%s: mode %v on disk, %v reported", e.Path, info.Mode(), e.Mode)
		}
		if e.Mode.IsDir() {
			continue
		}
		data, err := durable.ReadFile(d, "tree/"+e.Path, 2<<20)
		must(t, err)
		if sum := sha256.Sum256(data); e.SHA256 != hex.EncodeToString(sum[:]) || e.Size != int64(len(data)) {
			t.Errorf("%s: got size %d, digest %s", e.Path, e.Size, e.SHA256)
		}
	}
}

// refused is the corpus of hostile archives.
var refused = []struct {
	name    string
	members []member
	want    string
}{
	{"parent", []member{file("../evil", "x")}, CodeBadName},
	{"parent-inside", []member{file("a/../../evil", "x")}, CodeBadName},
	{"parent-that-stays", []member{file("a/../b", "x")}, CodeBadName},
	{"parent-with-backslash", []member{file(`..\evil`, "x")}, CodeBadName},
	{"absolute", []member{file("/etc/evil", "x")}, CodeBadName},
	{"absolute-after-dot", []member{file(".//etc/evil", "x")}, CodeBadName},
	{"drive", []member{file("C:/evil", "x")}, CodeBadName},
	{"drive-relative", []member{file("C:evil", "x")}, CodeBadName},
	{"unc", []member{file(`\\server\share\evil`, "x")}, CodeBadName},
	{"unc-with-slashes", []member{file("//server/share/evil", "x")}, CodeBadName},
	{"nt-object", []member{file(`\??\C:\evil`, "x")}, CodeBadName},
	{"nt-object-with-slashes", []member{file("/??/C/evil", "x")}, CodeBadName},
	{"stream", []member{file("a:b", "x")}, CodeBadName},
	{"stream-of-directory", []member{file("a::$INDEX_ALLOCATION/b", "x")}, CodeBadName},
	{"device", []member{file("NUL", "x")}, CodeBadName},
	{"device-with-ending", []member{file("dir/com1.txt", "x")}, CodeBadName},
	{"device-superscript", []member{file("LPT².log", "x")}, CodeBadName},
	{"device-as-directory", []member{file("aux/x", "x")}, CodeBadName},
	{"trailing-dot", []member{file("evil.", "x")}, CodeBadName},
	{"trailing-space", []member{file("evil ", "x")}, CodeBadName},
	{"trailing-dot-directory", []member{file("evil./x", "x")}, CodeBadName},
	{"dots", []member{file("a/.../b", "x")}, CodeBadName},
	{"newline", []member{file("a\nb", "x")}, CodeBadName},
	{"escape", []member{file("a\x1b[31mb", "x")}, CodeBadName},
	{"right-to-left", []member{file("a\u202egpj.exe", "x")}, CodeBadName},
	{"zero-width", []member{file("a\u200bb", "x")}, CodeBadName},
	{"not-utf8", []member{file("a\xff", "x")}, CodeBadName},
	{"wildcard", []member{file("a*b", "x")}, CodeBadName},
	{"empty-element", []member{file("a//b", "x")}, CodeBadName},
	{"long-element", []member{file(strings.Repeat("x", 256), "x")}, CodeBadName},
	{"long-path", []member{file(strings.Repeat("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/", 20)+"x", "x")}, CodeBadName},
	{"deep-path", []member{file(strings.Repeat("x/", 40)+"x", "x")}, CodeBadName},

	{"same-twice", []member{file("a", "x"), file("a", "y")}, CodeTwinName},
	{"same-twice-with-dot", []member{file("a", "x"), file("./a", "y")}, CodeTwinName},
	{"case-twins", []member{file("Galss.ini", "x"), file("galss.INI", "y")}, CodeTwinName},
	{"case-twins-accented", []member{file("é", "x"), file("É", "y")}, CodeTwinName},
	{"composed-twins", []member{file("\u00e9", "x"), file("e\u0301", "y")}, CodeTwinName},
	{"kelvin-twin", []member{file("k", "x"), file("\u212a", "y")}, CodeTwinName},
	{"dotless-twin", []member{file("i", "x"), file("\u0131", "y")}, CodeTwinName},
	{"long-s-twin", []member{file("s", "x"), file("\u017f", "y")}, CodeTwinName},
	{"sigma-twins", []member{file("\u03c3", "x"), file("\u03c2", "y")}, CodeTwinName},
	{"directory-twins", []member{file("Bin/a", "x"), file("bin/b", "y")}, CodeTwinName},
	{"file-then-directory", []member{file("a", "x"), file("a/b", "y")}, CodeTwinName},
	{"directory-then-file", []member{dir("a"), file("a", "y")}, CodeTwinName},
	{"implied-directory-then-file", []member{file("a/b", "x"), file("A", "y")}, CodeTwinName},

	{"symbolic-link", []member{{name: "a", kind: tar.TypeSymlink, link: "../../evil"}}, CodeBadType},
	{"symbolic-link-inside", []member{file("b", ""), {name: "a", kind: tar.TypeSymlink, link: "b"}}, CodeBadType},
	{"symbolic-link-then-file", []member{{name: "a", kind: tar.TypeSymlink, link: "/tmp/evil"}, file("a", "x")}, CodeBadType},
	{"symbolic-link-then-file-below", []member{{name: "a", kind: tar.TypeSymlink, link: "/tmp"}, file("a/evil", "x")}, CodeBadType},
	{"hard-link", []member{file("b", ""), {name: "a", kind: tar.TypeLink, link: "b"}}, CodeBadType},
	{"character-device", []member{{name: "a", kind: tar.TypeChar}}, CodeBadType},
	{"block-device", []member{{name: "a", kind: tar.TypeBlock}}, CodeBadType},
	{"pipe", []member{{name: "a", kind: tar.TypeFifo}}, CodeBadType},
}

func TestHostileArchivesAreRefused(t *testing.T) {
	for _, test := range refused {
		for name, pack := range formats {
			t.Run(test.name+"-"+name[2:], func(t *testing.T) {
				d := durabletest.NewDisk()
				_, err := unpackTo(d, name, pack(t, test.members), Limits{})
				var refusal *Error
				if !errors.As(err, &refusal) || refusal.Code() != test.want {
					t.Fatalf("got %v, want %s", err, test.want)
				}
				for key, value := range refusal.Args() {
					if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == '\u202e' }) {
						t.Errorf("argument %s would disturb a screen: %q", key, value)
					}
				}
				for path := range d.Snapshot() {
					if !strings.HasPrefix(path, "tree/") || strings.Contains(path, "evil") {
						t.Errorf("%q was written", path)
					}
				}
			})
		}
	}
}

func TestLimits(t *testing.T) {
	files := []member{file("d/a", "12345"), file("d/b", "67890")}
	tests := []struct {
		name   string
		limits Limits
		want   string
	}{
		{"exact", Limits{Bytes: 10, Entries: 3}, ""},
		{"one-byte-less", Limits{Bytes: 9, Entries: 3}, CodeTooLarge},
		{"one-entry-less", Limits{Bytes: 10, Entries: 2}, CodeTooMany},
		{"none-given", Limits{}, ""},
	}
	for _, test := range tests {
		for name, pack := range formats {
			t.Run(test.name+"-"+name[2:], func(t *testing.T) {
				d := durabletest.NewDisk()
				_, err := unpackTo(d, name, pack(t, files), test.limits)
				var refusal *Error
				if errors.As(err, &refusal); err != nil && (refusal == nil || refusal.Code() != test.want) || err == nil && test.want != "" {
					t.Fatalf("got %v, want %q", err, test.want)
				}
				var size int
				for _, content := range d.Snapshot() {
					size += len(content)
				}
				if test.limits.Bytes > 0 && int64(size) > test.limits.Bytes {
					t.Errorf("%d bytes were written, %d allowed", size, test.limits.Bytes)
				}
			})
		}
	}
}

// TestDamagedArchives cuts and flips every archive at many places: an error,
// always the same kind of it, and never success with other bytes. A tar that
// is not compressed has no checksum: whoever hands it over has hashed it.
func TestDamagedArchives(t *testing.T) {
	content := strings.Repeat("abcdefgh", 300)
	for name, pack := range formats {
		if name == "a.tar" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			whole := pack(t, []member{file("a/b", content), file("c", "x")})
			good, err := unpackTo(durabletest.NewDisk(), name, whole, Limits{})
			must(t, err)
			for n := range whole {
				flipped := bytes.Clone(whole)
				flipped[n] ^= 0x10
				for what, data := range map[string][]byte{"cut": whole[:n], "flipped": flipped} {
					got, err := unpackTo(durabletest.NewDisk(), name, data, Limits{})
					var refusal *Error
					switch {
					case err != nil && !errors.As(err, &refusal):
						t.Fatalf("%s at %d: got %v", what, n, err)
					case err == nil && what == "cut":
						t.Fatalf("%s at %d of %d: accepted", what, n, len(whole))
					case err == nil && name != "a.zip" && !slices.Equal(got, good):
						t.Fatalf("%s at %d: other content accepted", what, n)
					}
				}
			}
		})
	}
}

func TestMoreDamage(t *testing.T) {
	plain := tarred(t, []member{file("a", "x")})
	var wide bytes.Buffer
	z, err := zstd.NewWriter(&wide, zstd.WithWindowSize(64<<20))
	must(t, err)
	_, err = z.Write(tarred(t, []member{file("a", strings.Repeat("x", 65<<20))}))
	must(t, err)
	must(t, z.Close())
	encryptedZip := zipOf(t, []member{file("a", "x")})
	encryptedZip[bytes.Index(encryptedZip, []byte("PK\x01\x02"))+8] |= encrypted
	tests := []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"unknown-ending", "a.rar", plain, CodeUnknownFormat},
		{"no-ending", "tar.gz", plain, CodeUnknownFormat},
		{"html-for-gzip", "a.tar.gz", []byte("<!doctype html>"), CodeDamaged},
		{"html-for-zstd", "a.tar.zst", []byte("<!doctype html>"), CodeDamaged},
		{"html-for-zip", "a.zip", []byte("<!doctype html>"), CodeDamaged},
		{"html-for-tar", "a.tar", []byte("<!doctype html>"), CodeDamaged},
		{"tar-cut", "a.tar", plain[:512], CodeDamaged},
		{"empty-gzip", "a.tar.gz", nil, CodeDamaged},
		{"empty-zstd", "a.tar.zst", nil, CodeDamaged},
		{"no-entries", "a.zip", zipOf(t, nil), CodeDamaged},
		{"data-after-the-end", "a.tar.gz", gzipped(t, append(plain, make([]byte, maxPadding+1)...)), CodeDamaged},
		{"window-of-64-MiB", "a.tar.zst", wide.Bytes(), CodeDamaged},
		{"file-with-holes", "a.tar.gz", gzipped(t, withHoles(t)), CodeBadType},
		{"encrypted-zip", "a.zip", encryptedZip, CodeBadType},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := unpackTo(durabletest.NewDisk(), test.file, test.data, Limits{})
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Code() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// withHoles returns a tar with a file of a gigabyte in a kilobyte. The tar
// writer does not make such files, so the key is changed afterwards.
func withHoles(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	holes := "1\n1073741823\n1\n" // one piece of one byte, at the end
	data := holes + strings.Repeat("\x00", 512-len(holes)) + "x"
	must(t, w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: "a", Size: int64(len(data)), Mode: 0o644, Format: tar.FormatPAX,
		PAXRecords: map[string]string{
			"XNU.sparse.major": "1", "XNU.sparse.minor": "0", "XNU.sparse.name": "a", "XNU.sparse.realsize": "1073741824",
		},
	}))
	_, err := w.Write([]byte(data))
	must(t, err)
	must(t, w.Close())
	return bytes.ReplaceAll(out.Bytes(), []byte("XNU.sparse"), []byte("GNU.sparse"))
}

// TestLimitsDoNotRelyOnFormats gives content that is longer than declared,
// and declares more than allowed: the decoders refuse both first, as yet.
func TestLimitsDoNotRelyOnFormats(t *testing.T) {
	for name, it := range map[string]item{
		"content-longer-than-declared": {name: "a", regular: true, size: 1},
		"declared-more-than-allowed":   {name: "a", regular: true, size: 1001},
	} {
		d := durabletest.NewDisk()
		must(t, d.Mkdir("tree", 0o700))
		tr := &tree{
			ctx: t.Context(), dst: d, into: "tree", limits: Limits{Bytes: 1000, Entries: 9}, progress: func(int64) {},
			seen: map[string]*Entry{}, buffer: make([]byte, 64),
		}
		content := strings.NewReader(strings.Repeat("x", 1<<20))
		var refusal *Error
		if err := tr.add(it, content); !errors.As(err, &refusal) || refusal.Code() != CodeTooLarge {
			t.Errorf("%s: got %v", name, err)
		}
		if read := 1<<20 - content.Len(); it.size > 1000 && read > 0 || read > 1064 || len(d.Snapshot()["tree/a"]) > 1000 {
			t.Errorf("%s: %d bytes were read", name, read)
		}
	}
}

func TestALongIndexIsTooMany(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for range 60_000 {
		_, err := w.CreateHeader(&zip.FileHeader{Name: strings.Repeat("n", 100)})
		must(t, err)
	}
	must(t, w.Close())
	_, err := unpackTo(durabletest.NewDisk(), "a.zip", out.Bytes(), Limits{Entries: 1_000_000})
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code() != CodeTooMany {
		t.Errorf("got %v", err)
	}
}

func TestTroubleOfTheDiskIsNotTheArchives(t *testing.T) {
	data := formats["a.tar.gz"](t, []member{file("a/b", "x"), file("a/c", "y")})
	whole := durabletest.NewDisk()
	_, err := unpackTo(whole, "a.tar.gz", data, Limits{})
	must(t, err)
	for n := 1; n <= whole.Ops(); n++ {
		d := durabletest.NewDisk()
		d.FailAt(n, syscall.ENOSPC)
		_, err := unpackTo(d, "a.tar.gz", data, Limits{})
		var refusal *Error
		if !errors.Is(err, syscall.ENOSPC) || errors.As(err, &refusal) {
			t.Errorf("%s: got %v", whole.Op(n), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Archive(ctx, durabletest.NewDisk(), "tree", bytes.NewReader(data), "a.tar.gz", Limits{}, func(int64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	d := durabletest.NewDisk()
	must(t, d.MkdirAll("tree/a", 0o700))
	if _, err := unpackTo(d, "a.tar.gz", data, Limits{}); !errors.Is(err, syscall.EEXIST) && err == nil {
		t.Errorf("directory not empty: got %v", err)
	}
}
