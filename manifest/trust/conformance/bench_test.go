package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// bench is a simulated repository, and the program with its folders.
type bench struct {
	*trusttest.Sim
	t                         *testing.T
	url                       string
	metadata, targets, folder string
	now                       time.Time
}

// scenario is one rule of the specification, shown to the program.
type scenario struct {
	name string
	play func(b *bench)
}

// play runs every scenario on a repository and with folders of its own.
func play(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t)
			s.play(b)
		})
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{
		Sim: trusttest.NewSim(t), t: t, folder: dir, now: trusttest.Start(),
		metadata: filepath.Join(dir, "metadata"), targets: filepath.Join(dir, "targets"),
	}
	server := httptest.NewServer(b.Sim)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// call runs the program and gives its status.
func (b *bench) call(args ...string) int {
	var said strings.Builder
	clock := func(context.Context) (time.Time, error) { return b.now, nil }
	status := run(b.t.Context(), append([]string{"--metadata-dir", b.metadata}, args...), clock, &said)
	b.t.Logf("%q: %d %s", args, status, strings.TrimSpace(said.String()))
	return status
}

// start initialises the program with the first root.
func (b *bench) start() { b.t.Helper(); b.startWith(b.Files["metadata/1.root.json"], 0) }

func (b *bench) startWith(root []byte, want int) {
	b.t.Helper()
	file := filepath.Join(b.folder, "initial.json")
	if err := os.WriteFile(file, root, 0o600); err != nil {
		b.t.Fatal(err)
	}
	if got := b.call("init", file); got != want {
		b.t.Fatalf("init: status %d, want %d", got, want)
	}
}

// refresh fails unless the program gives status want.
func (b *bench) refresh(want int) {
	b.t.Helper()
	if got := b.call("--metadata-url", b.url+"/metadata/", "refresh"); got != want {
		b.t.Fatalf("refresh: status %d, want %d", got, want)
	}
}

// download fails unless the program gives status want.
func (b *bench) download(want int, names ...string) {
	b.t.Helper()
	args := []string{
		"--metadata-url", b.url + "/metadata/", "--target-dir", b.targets, "--target-base-url", b.url + "/targets/",
	}
	for _, n := range names {
		args = append(args, "--target-name", n)
	}
	if got := b.call(append(args, "download")...); got != want {
		b.t.Fatalf("download %q: status %d, want %d", names, got, want)
	}
}

// trusts fails unless the folder shows exactly these roles in these versions:
// "root 1, timestamp 2".
func (b *bench) trusts(want string) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.metadata, "*.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.t.Fatal(err)
		}
		var m struct{ Signed struct{ Version int } }
		if err := json.Unmarshal(data, &m); err != nil {
			b.t.Fatalf("%s: %v", f, err)
		}
		got = append(got, fmt.Sprintf("%s %d", strings.TrimSuffix(filepath.Base(f), ".json"), m.Signed.Version))
	}
	if got := strings.Join(got, ", "); got != want {
		b.t.Errorf("trusted: got %q, want %q", got, want)
	}
}

// asks fails unless these were asked for since the last call, in this order.
func (b *bench) asks(want ...string) {
	b.t.Helper()
	if got := b.Asked(); !slices.Equal(got, want) {
		b.t.Errorf("asked for: got %q, want %q", got, want)
	}
}

// holds fails unless these are the contents of the targets folder.
func (b *bench) holds(want ...string) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.targets, "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.t.Fatal(err)
		}
		got = append(got, string(data))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Errorf("targets: got %q, want %q", got, want)
	}
}

// all publishes every top-level role but root.
func (b *bench) all() { b.Publish("targets", "snapshot", "timestamp") }

// later gives a time n days after the repository was made.
func later(n int) time.Time { return trusttest.Start().AddDate(0, 0, n) }

const first = "root 1, snapshot 1, targets 1, timestamp 1"
