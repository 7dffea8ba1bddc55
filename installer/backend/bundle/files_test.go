package bundle_test

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// bring brings a component to a version, as the engine does.
func bring(t *testing.T, b *bundle.Backend, action backend.Action, id, from, to string) {
	t.Helper()
	j := backend.Job{
		ID: id, Action: action, Component: "sample", From: from, To: to,
		New: backendtest.Archive(to+".tar.gz", backendtest.Files(to)), Progress: func(int64, int64) {},
	}
	u, err := b.Prepare(t.Context(), j)
	if err == nil {
		_, err = b.Apply(t.Context(), j, u)
	}
	if err == nil {
		err = b.Settle(t.Context(), j, u, true)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfAVersion(t *testing.T) {
	d := durabletest.NewDisk()
	b := bundle.New(d, bundle.Options{Pointer: bundle.Link})
	bring(t, b, backend.Install, "run-0", "", "1.0")
	bring(t, b, backend.Update, "run-1", "1.0", "2.0")
	for _, version := range []string{"1.0", "2.0"} { // kept, and in use
		files, err := b.Files(t.Context(), "sample", version)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range backendtest.Files(version) {
			f, err := files.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if _, random := f.(io.ReaderAt); err != nil || string(got) != want || !random {
				t.Errorf("%s of %s is %q, at random: %v, %v", name, version, got, random, err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := b.Files(t.Context(), "sample", "3.0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a version that is not there: got %v", err)
	}
	if _, err := b.Files(t.Context(), "other", "1.0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a component that is not there: got %v", err)
	}
	if _, err := b.Files(t.Context(), "../sample", "1.0"); err == nil {
		t.Error("a component outside was accepted")
	}
}

// TestFilesOfAPreparedVersion wants no files of what is not yet installed and
// may go again.
func TestFilesOfAPreparedVersion(t *testing.T) {
	b := bundle.New(durabletest.NewDisk(), bundle.Options{Pointer: bundle.Link})
	j := backend.Job{
		ID: "run-0", Action: backend.Install, Component: "sample", To: "1.0",
		New: backendtest.Archive("1.0.tar.gz", backendtest.Files("1.0")), Progress: func(int64, int64) {},
	}
	if _, err := b.Prepare(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Files(t.Context(), "sample", "1.0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestFilesFollowNoLink plants links and directories in a version.
func TestFilesFollowNoLink(t *testing.T) {
	d := durabletest.NewDisk()
	b := bundle.New(d, bundle.Options{Pointer: bundle.Link})
	bring(t, b, backend.Install, "run-0", "", "1.0")
	tree := "sample/versions/run-0/tree"
	write(t, d, "secret", "of somebody else")
	for _, err := range []error{
		d.Symlink("../../../../secret", tree+"/link"),
		d.Symlink("../../..", tree+"/up"),
		d.Mkdir(tree+"/directory", 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := b.Files(t.Context(), "sample", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "up/current", "directory", ".", "../files.json", "/etc/passwd", "", "missing"} {
		if f, err := files.Open(name); err == nil {
			t.Errorf("%q was opened", name)
			_ = f.Close()
		}
	}
}
