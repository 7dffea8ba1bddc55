package trust_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// bundled writes files into a bundle, in the order of their names.
func bundled(t testing.TB, files map[string][]byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bundle.zip")
	writeBundle(t, name, func(w *zip.Writer) {
		for _, file := range slices.Sorted(maps.Keys(files)) {
			entry(t, w, zip.FileHeader{Name: file, Method: zip.Store}, files[file])
		}
	})
	return name
}

func writeBundle(t testing.TB, name string, fill func(w *zip.Writer)) {
	t.Helper()
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	fill(w)
	if err := errors.Join(w.Close(), os.WriteFile(name, data.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func entry(t testing.TB, w *zip.Writer, h zip.FileHeader, content []byte) {
	t.Helper()
	out, err := w.CreateHeader(&h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(content); err != nil {
		t.Fatal(err)
	}
}

func bundleInfo(platforms string) []byte {
	return []byte(`{"schema":1,"channels":["stable"],"platforms":["` + platforms + `"]}`)
}

func TestABundleIsARepository(t *testing.T) {
	r := trusttest.New(t)
	r.PublishRoot()
	remote, err := trust.NewRemote(bundled(t, r.Files()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: trusttest.Start})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.Status().Roles[0].Version; got != 2 {
		t.Errorf("root: got version %d, want 2", got)
	}
	blob, err := c.Authenticated(t.Context(), trusttest.DocANS)
	if err != nil || string(blob.Data) != `{"of":"ans"}` {
		t.Errorf("document: got %q, %v", blob.Data, err)
	}
}

func TestABundleIsReadFromAnyOffset(t *testing.T) {
	remote, err := trust.NewRemote(bundled(t, map[string][]byte{
		"metadata/timestamp.json": []byte("ts"), "targets/a/b.zip": []byte("0123456789"), "targets/z": {},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		file   string
		offset int64
		want   string
	}{
		{"from-the-beginning", "targets/a/b.zip", 0, "0123456789"},
		{"from-the-middle", "targets/a/b.zip", 4, "456789"},
		{"from-the-end", "targets/a/b.zip", 10, ""},
		{"beyond-the-end", "targets/a/b.zip", 11, ""},
		{"an-empty-file", "targets/z", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			body, start, err := remote.Open(t.Context(), test.file, test.offset)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close()); err != nil || string(got) != test.want || start != test.offset {
				t.Errorf("got %q from %d, %v; want %q", got, start, err, test.want)
			}
		})
	}
}

// TestWhatIsMissingInABundle tells a file that no bundle holds from one that
// this bundle was not made for.
func TestWhatIsMissingInABundle(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, trust.BundleInfoName), bundleInfo("windows"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, source, file, found string }{
		{"a-package-in-a-file", bundled(t, map[string][]byte{"bundle.json": bundleInfo("windows")}), "targets/components/galss/1/macos/x.zip", "windows, stable"},
		{"a-package-in-a-folder", folder, "targets/components/galss/1/macos/x.zip", "windows, stable"},
		{"words-of-others-are-not-said", bundled(t, map[string][]byte{"bundle.json": bundleInfo("<b>\\u001b[2J")}), "targets/x", "stable"},
		{"metadata", bundled(t, map[string][]byte{"bundle.json": bundleInfo("windows")}), "metadata/2.root.json", ""},
		{"no-word-about-itself", bundled(t, map[string][]byte{"metadata/x": nil}), "targets/x", ""},
		{"a-word-that-cannot-be-read", bundled(t, map[string][]byte{"bundle.json": []byte("{")}), "targets/x", ""},
		{"a-word-without-end", bundled(t, map[string][]byte{"bundle.json": bytes.Repeat([]byte(" "), 1<<20)}), "targets/x", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote, err := trust.NewRemote(test.source)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = remote.Open(t.Context(), test.file, 0)
			if !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("got %v, want %v", err, fs.ErrNotExist)
			}
			var coded *trust.Error
			switch {
			case test.found == "" && errors.As(err, &coded):
				t.Errorf("got %v, want no code", err)
			case test.found != "" && (!errors.As(err, &coded) || coded.Reason != trust.CodeNotBundled || coded.Found != test.found):
				t.Errorf("got %v, want what it was made for: %q", err, test.found)
			}
		})
	}
}

func TestADocumentThatIsNotBundledIsNamed(t *testing.T) {
	r := trusttest.New(t)
	files := r.Files()
	files["bundle.json"] = bundleInfo("windows")
	delete(files, r.TargetFile(trusttest.DocGIE))
	remote, err := trust.NewRemote(bundled(t, files))
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: trusttest.Start})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Authenticated(t.Context(), trusttest.DocGIE); codeOf(err) != trust.CodeNotBundled || errors.Is(err, manifest.ErrNoDocument) {
		t.Errorf("got %v, want %s", err, trust.CodeNotBundled)
	}
}

// TestAnOldBundle tells that somebody has to bring a new one.
func TestAnOldBundle(t *testing.T) {
	r := trusttest.New(t)
	folder := func(marked bool) string {
		dir := t.TempDir()
		for name, data := range r.Files() {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if marked {
			if err := os.WriteFile(filepath.Join(dir, "bundle.json"), bundleInfo("windows"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for _, test := range []struct{ name, source, want string }{
		{"a-file", bundled(t, r.Files()), trust.CodeBundleExpired},
		{"a-folder-of-a-bundle", folder(true), trust.CodeBundleExpired},
		{"another-folder", folder(false), trust.CodeExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote, err := trust.NewRemote(test.source)
			if err != nil {
				t.Fatal(err)
			}
			later := func() time.Time { return trusttest.Start().AddDate(0, 0, 5) }
			c, err := trust.New(trust.Config{Root: r.Root(), Remote: remote, Cache: trusttest.NewCache(), Now: later})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Refresh(t.Context())
			var e *trust.Error
			if !errors.As(err, &e) || e.Reason != test.want || e.Args()["Days"] != "4" {
				t.Errorf("got %v, want %s of 4 days ago", err, test.want)
			}
		})
	}
}

func TestAStickThatIsPulledAndPutBack(t *testing.T) {
	r := trusttest.New(t)
	file := bundled(t, r.Files())
	remote, err := trust.NewRemote(file)
	if err != nil {
		t.Fatal(err)
	}
	away := file + ".away"
	if err := os.Rename(file, away); err != nil {
		t.Fatal(err)
	}
	_, _, err = remote.Open(t.Context(), "metadata/timestamp.json", 0)
	if codeOf(err) != trust.CodeUnreachable || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pulled: got %v, want %s", err, trust.CodeUnreachable)
	}
	// Another bundle under the same name is read anew.
	if err := os.Rename(bundled(t, map[string][]byte{"targets/other": []byte("other")}), file); err != nil {
		t.Fatal(err)
	}
	body, _, err := remote.Open(t.Context(), "targets/other", 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(got) != "other" {
		t.Errorf("put back: got %q, %v", got, err)
	}
}

// TestAStickThatIsGoneWhileItIsRead tells so, and not of a cut line.
func TestAStickThatIsGoneWhileItIsRead(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "targets"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "targets", "x"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{"bundle": bundled(t, map[string][]byte{"targets/x": []byte("content")}), "folder": folder} {
		t.Run(name, func(t *testing.T) {
			remote, err := trust.NewRemote(source)
			if err != nil {
				t.Fatal(err)
			}
			body, _, err := remote.Open(t.Context(), "targets/x", 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := body.Close(); err != nil { // the nearest to a device that is gone
				t.Fatal(err)
			}
			_, err = body.Read(make([]byte, 10))
			if got := codeOf(err); got != trust.CodeGone {
				t.Errorf("got %v, want %s", err, trust.CodeGone)
			}
		})
	}
}

// FuzzBundle opens whatever bytes as a bundle: no panic, and what is read is
// never more than the file holds.
func FuzzBundle(f *testing.F) {
	f.Add([]byte("PK\x05\x06"))
	good, err := os.ReadFile(bundled(f, map[string][]byte{"metadata/timestamp.json": []byte("{}"), "targets/x": []byte("content")}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	file := filepath.Join(f.TempDir(), "bundle.zip")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		remote, err := trust.NewBundle(file)
		if err != nil {
			return
		}
		body, _, err := remote.Open(t.Context(), "targets/x", 0)
		if err != nil {
			return
		}
		got, err := io.ReadAll(io.LimitReader(body, int64(len(data))+1))
		if err := errors.Join(err, body.Close()); err != nil || len(got) > len(data) {
			t.Errorf("got %d bytes of %d, %v", len(got), len(data), err)
		}
	})
}
