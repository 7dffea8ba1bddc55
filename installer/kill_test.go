//go:build unix

package installer_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/plan"
)

// killDir names the directory in which this binary, started again, is to work
// until somebody kills it.
const killDir = "RELEVE_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		os.Exit(workUntilKilled(dir))
	}
	os.Exit(m.Run())
}

// kills is how many processes die.
const kills = 50

// TestKilledProcess kills a real process at random moments of real changes on
// a real directory, and recovers after each.
func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	root, err := durable.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	furnish(t, root)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	ops := kill(t, dir, -1) // one that lives, to know how much a change does
	outcomes := map[string]int{}
	for n := range kills {
		r := newRig(root, fmt.Sprintf("kill-%d", n))
		before := r.versions(t)
		kill(t, dir, random.IntN(ops))
		res, err := installer.Recover(t.Context(), r.deps)
		if err != nil {
			t.Fatalf("seed %d, kill %d: recover: %v", seed, n, err)
		}
		outcomes[string(res.Outcome)]++
		after := r.versions(t)
		if !maps.Equal(after, before) && !maps.Equal(after, all(next(before["galss"]))) {
			t.Fatalf("seed %d, kill %d: from %v to %v", seed, n, before, after)
		}
		for _, problem := range realProblems(t, root, r) {
			t.Errorf("seed %d, kill %d: %s", seed, n, problem)
		}
	}
	t.Logf("seed %d: %d kills within %d operations, recoveries: %v", seed, kills, ops, outcomes)
}

// next is the version that a change leads to: install, update, uninstall, and
// over again.
func next(version string) string {
	return map[string]string{"": "1.0", "1.0": "2.0", "2.0": ""}[version]
}

func nextPlan(version string) plan.Plan {
	action := map[string]backend.Action{"": backend.Install, "1.0": backend.Update, "2.0": backend.Uninstall}[version]
	return planOf(action, version, next(version))
}

// kill starts a process and kills it once it began so many operations, or a
// little later; -1 lets it live. It returns how many operations it saw.
func kill(t *testing.T, dir string, after int) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for tick := make([]byte, 1); seen != after; seen++ {
		if _, err := out.Read(tick); err != nil {
			break
		}
	}
	if after >= 0 {
		_ = cmd.Process.Kill() // it may have ended
	}
	if err := cmd.Wait(); err != nil && after < 0 {
		t.Fatalf("undisturbed process: %v", err)
	}
	return seen
}

// workUntilKilled is the process: it says that it begins, and makes the next
// change.
func workUntilKilled(dir string) int {
	root, err := durable.Open(dir)
	if err != nil {
		return 2
	}
	r := newRig(ticking{root, os.Stdout}, fmt.Sprintf("work-%d", time.Now().UnixNano()))
	found, err := installer.Inspect(context.Background(), r.deps, subjects(components...))
	if err != nil {
		return 3
	}
	if _, err := installer.Apply(context.Background(), r.deps, nextPlan(found["galss"].Version)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ticking writes one byte before each operation.
type ticking struct {
	durable.Dir
	w io.Writer
}

func (d ticking) tick() { _, _ = d.w.Write([]byte{'.'}) } // the reader may be gone

func (d ticking) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	d.tick()
	return d.Dir.OpenFile(name, flag, perm)
}

func (d ticking) MkdirAll(name string, perm fs.FileMode) error {
	d.tick()
	return d.Dir.MkdirAll(name, perm)
}

func (d ticking) Rename(from, to string) error {
	d.tick()
	return d.Dir.Rename(from, to)
}

func (d ticking) Remove(name string) error {
	d.tick()
	return d.Dir.Remove(name)
}

func (d ticking) RemoveAll(name string) error {
	d.tick()
	return d.Dir.RemoveAll(name)
}

func (d ticking) Symlink(target, name string) error {
	d.tick()
	return d.Dir.Symlink(target, name)
}

func (d ticking) SyncDir(name string) error {
	d.tick()
	return d.Dir.SyncDir(name)
}

func (d ticking) SyncTree(name string) error {
	d.tick()
	return d.Dir.SyncTree(name)
}
