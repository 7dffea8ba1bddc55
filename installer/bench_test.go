package installer_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// BenchmarkSwitch measures what a user waits for with nothing installed: from
// the intent of a step to the end of the run, without unpacking and without
// removing the old version. The goal is at most 5 ms and 6 syncs whatever the
// number of files; the peer copies the old files away and the new ones over.
// Of the switches it prints the median and the slowest: a sync waits for
// whatever else the disk is told to write.
func BenchmarkSwitch(b *testing.B) {
	for _, n := range []int{1, 1500} {
		for _, failing := range []bool{false, true} {
			name := map[bool]string{false: "update", true: "rollback"}[failing]
			b.Run(fmt.Sprintf("%s/%d-files", name, n), func(b *testing.B) { benchSwitch(b, n, failing) })
		}
	}
}

func benchSwitch(b *testing.B, n int, rollback bool) {
	dir := b.TempDir()
	root, err := durable.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	m := newSwitcher(b, root, n)
	m.change(b, backend.Install, "", "1.0")
	m.change(b, backend.Update, "1.0", "2.0")
	m.count.reset()
	there, back, other := backend.Update, backend.Downgrade, "3.0"
	if rollback {
		there, back, other = backend.Rollback, backend.Rollback, "1.0"
	}
	var all []time.Duration
	var syncs int
	for b.Loop() {
		m.change(b, there, "2.0", other)
		all, syncs = append(all, m.count.took), max(syncs, m.count.syncs)
		m.change(b, back, other, "2.0")
	}
	slices.Sort(all)
	took := all[len(all)/2]
	peer := copyWithBackup(b, filepath.Join(dir, "target", treeOf(b, m.r.target, "galss")), filepath.Join(dir, "peer"))
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took), "ms/switch")
	b.ReportMetric(ms(all[len(all)-1]), "ms/slowest")
	b.ReportMetric(float64(syncs), "syncs/switch")
	b.ReportMetric(ms(peer), "ms/copying")
	b.ReportMetric(ms(took)/ms(peer), "ratio")
	b.ReportMetric(0, "ns/op")
}

// switcher changes one component of n files on a real disk.
type switcher struct {
	r     *rig
	count *stopwatch
	rel   map[string]*manifest.Release
}

func newSwitcher(b *testing.B, root *durable.Root, n int) *switcher {
	b.Helper()
	for _, dir := range []string{"state", "target"} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	count := &stopwatch{Dir: root}
	m := &switcher{r: newRig(count, "bench"), count: count, rel: map[string]*manifest.Release{}}
	var packages []*backendtest.Package
	for _, v := range []string{"1.0", "2.0", "3.0"} {
		all := map[string]string{"VERSION": v}
		for i := 1; i < n; i++ {
			all[fmt.Sprintf("dir%02d/file%04d.dat", i%40, i)] = strings.Repeat(fmt.Sprintf("%s %d\n", v, i), 2000)
		}
		p := backendtest.Archive("galss-"+v+".tar.gz", all)
		packages = append(packages, p)
		a := p.Artifact("components/galss")
		m.rel[v] = &manifest.Release{Version: v, Backend: "bundle", Artifact: &a}
	}
	m.r.deps.Packages = backendtest.NewStore(packages...)
	m.r.deps.Backends = map[string]backend.Backend{"bundle": bundle.New(m.r.target, bundle.Options{})}
	m.r.deps.Emit = count.see
	return m
}

func (m *switcher) change(b *testing.B, action backend.Action, from, to string) {
	b.Helper()
	res, err := installer.Apply(b.Context(), m.r.deps, plan.Plan{Steps: []plan.Step{{
		Action: action, Component: "galss", From: from, To: to, Backend: "bundle", Release: m.rel[to], Old: m.rel[from],
	}}})
	if err != nil || res.Outcome != event.Done {
		b.Fatalf("%s from %q to %q: %q, %v", action, from, to, res.Outcome, err)
	}
}

// stopwatch counts syncs and time between the phase apply and the rest after
// the End record, which is the next operation that is not a sync or a write:
// the removal of working files.
type stopwatch struct {
	durable.Dir
	running bool
	start   time.Time
	took    time.Duration
	syncs   int
}

func (w *stopwatch) reset() { w.running, w.took, w.syncs = false, 0, 0 }

func (w *stopwatch) see(e event.Event) {
	switch e := e.(type) {
	case event.PhaseStarted:
		if e.Phase == event.Apply {
			w.reset()
			w.running, w.start = true, time.Now()
		}
	}
}

// stop ends the measurement: settling begins.
func (w *stopwatch) stop() {
	if w.running {
		w.running, w.took = false, time.Since(w.start)
	}
}

func (w *stopwatch) OpenFile(name string, flag int, perm os.FileMode) (durable.File, error) {
	f, err := w.Dir.OpenFile(name, flag, perm)
	return watchedFile{f, w}, err
}

func (w *stopwatch) RemoveAll(name string) error {
	w.stop()
	return w.Dir.RemoveAll(name)
}

func (w *stopwatch) MkdirAll(name string, perm os.FileMode) error {
	if strings.Contains(name, "trash") {
		w.stop()
	}
	return w.Dir.MkdirAll(name, perm)
}

func (w *stopwatch) SyncDir(name string) error {
	w.sync()
	return w.Dir.SyncDir(name)
}

func (w *stopwatch) SyncTree(name string) error {
	w.sync()
	return w.Dir.SyncTree(name)
}

func (w *stopwatch) sync() {
	if w.running {
		w.syncs++
	}
}

type watchedFile struct {
	durable.File
	w *stopwatch
}

func (f watchedFile) Sync() error {
	f.w.sync()
	return f.File.Sync()
}

// copyWithBackup is the peer: it copies the installed files away, copies new
// ones over them and syncs nothing.
func copyWithBackup(b *testing.B, installed, work string) time.Duration {
	b.Helper()
	live := filepath.Join(work, "live")
	copyTree(b, installed, live)
	start := time.Now()
	copyTree(b, live, filepath.Join(work, "backup"))
	copyTree(b, installed, live)
	return time.Since(start)
}

func copyTree(b *testing.B, from, to string) {
	b.Helper()
	err := filepath.Walk(from, func(name string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return copyFile(name, filepath.Join(to, rel))
	})
	if err != nil {
		b.Fatal(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
