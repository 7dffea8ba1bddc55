package publish_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// archive makes a .tar.gz of files.
func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, content := range files {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func newRepo(t testing.TB) (*publish.Repo, publish.Config) {
	t.Helper()
	c := publish.Config{Dir: t.TempDir(), Keys: publish.NewMemoryKeys(), Now: now}
	r, err := publish.Init(c)
	if err != nil {
		t.Fatalf("Init: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, c
}

func addition(t testing.TB, component, version string) publish.Addition {
	t.Helper()
	data := archive(t, map[string]string{"VERSION": version, "bin/" + component: "program"})
	return publish.Addition{
		Component: component,
		Release:   manifest.Release{Version: version, Platform: manifest.MacOS, Backend: "bundle"},
		File:      component + ".tar.gz", Payload: bytes.NewReader(data), Size: int64(len(data)),
	}
}

func TestARepositoryLives(t *testing.T) {
	ctx := context.Background()
	r, _ := newRepo(t)
	if err := r.Delegate("ans", []string{"components/cryptolib-cps/**"}); err != nil {
		t.Fatal(err)
	}
	release, err := r.Add(ctx, addition(t, "cryptolib-cps", "5.1.8"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := release.Artifact.Entries, int64(3); got != want {
		t.Errorf("entries: got %d, want %d", got, want)
	}
	if _, err := r.Add(ctx, addition(t, "galss", "3.43.02")); err != nil {
		t.Fatal(err)
	}
	if err := r.SetChannel("stable", "cryptolib-cps", []string{"5.1.8"}); err != nil {
		t.Fatal(err)
	}
	if err := r.SetChannel("stable", "galss", []string{"3.43.2"}); err != nil {
		t.Fatal(err)
	}
	report, err := r.Verify(ctx)
	if err != nil {
		t.Fatalf("before publishing: %v", err)
	}
	if got, want := len(report.Pending), 3; got != want || len(report.Channels) != 0 {
		t.Errorf("before publishing: got %+v, want %d pending and no channel", report, want)
	}
	if err := r.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	if report, err = r.Verify(ctx); err != nil {
		t.Fatalf("after publishing: %v", err)
	}
	if report.Components != 2 || report.Artifacts != 2 || len(report.Channels) != 1 || len(report.Pending) != 0 {
		t.Errorf("after publishing: got %+v", report)
	}
}

// TestAPublisherWorksInItsOwnCopy lets a publisher add a release in a copy of
// the repository, with keys that nobody else has, and hands over what is new.
func TestAPublisherWorksInItsOwnCopy(t *testing.T) {
	ctx := t.Context()
	r, c := newRepo(t)
	office := publish.NewMemoryKeys()
	keys := []publish.PublicKey{newKey(t, office, "ans-1"), newKey(t, office, "ans-2"), newKey(t, office, "ans-3")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.DelegateKeys("ans", []string{"components/cryptolib-cps/**"}, keys, 2))
	if err := r.Publish(ctx); codeOf(err) != publish.CodeUnsigned {
		t.Fatalf("before the publisher has signed: got %v", err)
	}
	d, err := r.PrepareRole("ans")
	must(err)
	_, err = d.Sign(office)
	must(err)
	must(r.FinishRole(ctx, d))
	must(r.Publish(ctx))

	c.Keys = office
	theirs, copied := reopened(t, c)
	_, err = theirs.Add(ctx, addition(t, "cryptolib-cps", "5.1.8"))
	must(err)
	if d, err = theirs.PrepareRole("ans"); err != nil {
		t.Fatal(err)
	}
	if err := r.FinishRole(ctx, d); codeOf(err) != publish.CodeDamaged {
		t.Errorf("without the files: got %v, want %q", err, publish.CodeDamaged)
	}
	must(os.CopyFS(filepath.Join(c.Dir, "targets", "components"), os.DirFS(filepath.Join(copied.Dir, "targets", "components"))))
	must(r.FinishRole(ctx, d))
	must(r.Publish(ctx))
	report, err := r.Verify(ctx)
	if err != nil || report.Releases != 1 {
		t.Errorf("afterwards: got %+v, %v", report, err)
	}

	other := addition(t, "galss", "3.43.2")
	other.Role = "ans"
	if _, err := theirs.Add(ctx, other); codeOf(err) != publish.CodeOutside {
		t.Errorf("a component of somebody else: got %v, want %q", err, publish.CodeOutside)
	}
	other.Role = ""
	if _, err := theirs.Add(ctx, other); codeOf(err) != publish.CodeMissingKey {
		t.Errorf("a component of nobody: got %v, want %q", err, publish.CodeMissingKey)
	}
}
