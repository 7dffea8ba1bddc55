package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The repository was made with releve-repo; see recorded_test.go of package
// trust.
func TestRecordedRepository(t *testing.T) {
	const dir = "../testdata/recorded"
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	root, err := os.ReadFile(dir + "/metadata/1.root.json")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		t: t, url: server.URL, folder: t.TempDir(), now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
	}
	b.metadata, b.targets = filepath.Join(b.folder, "metadata"), filepath.Join(b.folder, "targets")
	b.startWith(root, 0)
	b.refresh(0)
	b.trusts("root 2, snapshot 4, targets 2, timestamp 4")
	const path = "components/cryptolib-cps/5.1.8/macos/cryptolib-cps-5.1.8.tar.gz"
	b.download(0, path)
	b.trusts("ans 2, root 2, snapshot 4, targets 2, timestamp 4")
	const digest = "0eb5916c8813b3499700bf9c44b36ed9b10053a0a667da136485f390a24bf484"
	pack, err := os.ReadFile(filepath.Join(dir, "targets", filepath.Dir(path), digest+"."+filepath.Base(path)))
	if err != nil {
		t.Fatal(err)
	}
	b.holds(string(pack))
	b.now = b.now.AddDate(1, 0, 0)
	b.refresh(1)
}
