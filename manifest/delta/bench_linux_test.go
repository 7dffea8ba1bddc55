package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The environment of a process that does one thing and is measured.
const childEnv = "RELEVE_DELTA_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := child(what, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child does what a peer's program does, with its arguments.
func child(what string, args []string) error {
	if what == "apply" {
		return applyFiles(args[0], args[1], args[2])
	}
	old, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	new, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	ctx := context.Background()
	var patch bytes.Buffer
	switch what {
	case "streams":
		h := header{old: imageOf(old), new: imageOf(new)}
		if len(h.old.sections) > 0 && len(h.new.sections) > 0 {
			_, err = h.follow(ctx, old, new, X86)
		} else {
			_, err = plain(ctx, old, new)
		}
		return err
	case "make-none":
		err = Make(ctx, &patch, old, new, Options{Transform: None})
	default:
		err = Make(ctx, &patch, old, new, Options{})
	}
	if err != nil {
		return err
	}
	return os.WriteFile(args[2], patch.Bytes(), 0o666)
}

// applyFiles applies a patch to a file.
func applyFiles(old, patch, result string) error {
	var files [2]*os.File
	var sizes [2]int64
	for i, name := range []string{old, patch} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		files[i], sizes[i] = f, info.Size()
	}
	h, err := parse(files[1], sizes[1])
	if err != nil {
		return err
	}
	to, err := os.Create(result)
	if err != nil {
		return err
	}
	if err := Apply(context.Background(), to, files[0], sizes[0], files[1], sizes[1], h.newSize); err != nil {
		return err
	}
	return to.Close()
}

// spent is what a program took.
type spent struct {
	cpu, wall time.Duration
	memory    float64 // MiB at most
}

// run runs a program and measures it.
func run(b *testing.B, env, program string, args ...string) spent {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), program, args...)
	cmd.Env = append(os.Environ(), env)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	s := spent{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(start)}
	s.memory = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return s
}

// mean5 measures something short five times.
func mean5(run func() spent) spent {
	var sum spent
	for range 5 {
		s := run()
		sum.cpu, sum.wall, sum.memory = sum.cpu+s.cpu/5, sum.wall+s.wall/5, max(sum.memory, s.memory)
	}
	return sum
}

// A peer makes and applies patches with another program.
type peer struct {
	program     string
	make, apply func(old, new, patch string) (program string, args []string)
}

var peers = []peer{
	{
		"bsdiff",
		func(old, new, patch string) (string, []string) { return "bsdiff", []string{old, new, patch} },
		func(old, new, patch string) (string, []string) { return "bspatch", []string{old, new, patch} },
	},
	{
		"zstd",
		func(old, new, patch string) (string, []string) {
			return "zstd", []string{"-q", "-f", "-19", "--long=31", "--patch-from", old, new, "-o", patch}
		},
		func(old, new, patch string) (string, []string) {
			return "zstd", []string{"-q", "-f", "-d", "--long=31", "--memory=2048MB", "--patch-from", old, patch, "-o", new}
		},
	},
	{
		"xdelta3",
		func(old, new, patch string) (string, []string) {
			return "xdelta3", []string{"-q", "-f", "-9", "-e", "-s", old, new, patch}
		},
		func(old, new, patch string) (string, []string) {
			return "xdelta3", []string{"-q", "-f", "-d", "-s", old, patch, new}
		},
	},
}

// pairs returns the folders of the corpus, each with a file old and a file new.
// Without a corpus it is one pair, of this module's own programs.
func pairs(b *testing.B) []string {
	if dir := os.Getenv("RELEVE_DELTA_CORPUS"); dir != "" {
		found, err := filepath.Glob(filepath.Join(dir, "*", "new"))
		if err != nil || len(found) == 0 {
			b.Fatalf("RELEVE_DELTA_CORPUS=%s has no folder with a file called new: %v", dir, err)
		}
		for i, name := range found {
			found[i] = filepath.Dir(name)
		}
		return found
	}
	dir := filepath.Join(b.TempDir(), "releve-repo")
	if err := os.Mkdir(dir, 0o777); err != nil {
		b.Fatal(err)
	}
	for name, tags := range map[string]string{"old": "", "new": "nodemo"} {
		build := exec.CommandContext(b.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-tags="+tags,
			"-o", filepath.Join(dir, name), "../../cmd/releve")
		build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("building a pair: %v\n%s", err, out)
		}
	}
	return []string{dir}
}

// row is what one pair costs one program.
type row struct {
	size        int64
	make, apply spent
}

// BenchmarkDelta compares with the peers that are installed: sizes, processor
// time and peak memory, each in a process of its own. The pairs are folders
// with a file old and a file new below the folder that RELEVE_DELTA_CORPUS
// names; docs/delta-format.md says where the programs of its figures come from.
// Without it, the pair is made of this module's own programs. Our time to make
// a patch is given twice: to the streams, and to the end.
func BenchmarkDelta(b *testing.B) {
	dirs := pairs(b)
	ratios := map[string][]float64{}
	for b.Loop() {
		clear(ratios)
		for _, dir := range dirs {
			compare(b, dir, ratios)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(ratios)) {
		b.ReportMetric(mean(ratios[what]), what)
	}
}

// compare prints the rows of one pair and adds its ratios.
func compare(b *testing.B, dir string, ratios map[string][]float64) {
	old, new, to := filepath.Join(dir, "old"), filepath.Join(dir, "new"), b.TempDir()
	patch, result := filepath.Join(to, "patch"), filepath.Join(to, "result")
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	ours := func(what string) row {
		var r row
		r.make = run(b, childEnv+"="+what, self, old, new, patch)
		r.size = length(b, patch)
		r.apply = mean5(func() spent { return run(b, childEnv+"=apply", self, old, patch, result) })
		equal(b, result, new)
		return r
	}
	show := func(name string, r row) {
		fmt.Printf("%-18s %-12s %10d %8.2f s %6.0f MiB %8.2f s %6.0f MiB\n", filepath.Base(dir), name,
			r.size, r.make.cpu.Seconds(), r.make.memory, r.apply.cpu.Seconds(), r.apply.memory)
	}
	bare, best := ours("make-none"), ours("make")
	streams := run(b, childEnv+"=streams", self, old, new)
	fmt.Printf("%-18s %-12s %10s %10s %10s %10s %10s\n", "pair", "program", "patch", "make", "", "apply", "")
	show("no transform", bare)
	show("releve", best)
	fmt.Printf("%-18s %-12s %10s %8.2f s %6.0f MiB   (%.1f s by the clock for all of it)\n", filepath.Base(dir), "  streams", "",
		streams.cpu.Seconds(), streams.memory, best.make.wall.Seconds())
	for _, p := range peers {
		if _, err := exec.LookPath(p.program); err != nil {
			fmt.Printf("%-18s %-12s is not installed\n", filepath.Base(dir), p.program)
			continue
		}
		var r row
		program, args := p.make(old, new, patch)
		r.make = run(b, "LC_ALL=C", program, args...)
		r.size = length(b, patch)
		program, args = p.apply(old, result, patch)
		r.apply = mean5(func() spent { return run(b, "LC_ALL=C", program, args...) })
		equal(b, result, new)
		show(p.program, r)
		add := func(what string, ours, theirs float64) { ratios[what] = append(ratios[what], ours/theirs) }
		add("none/"+p.program, float64(bare.size), float64(r.size))
		add("size/"+p.program, float64(best.size), float64(r.size))
		add("apply-cpu/"+p.program, best.apply.cpu.Seconds(), r.apply.cpu.Seconds())
		add("apply-memory/"+p.program, best.apply.memory, r.apply.memory)
		add("streams-cpu/"+p.program, streams.cpu.Seconds(), r.make.cpu.Seconds())
	}
}

// mean is the geometric mean.
func mean(of []float64) float64 {
	sum := 0.0
	for _, x := range of {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(of)))
}

// length is the size of a file.
func length(b *testing.B, name string) int64 {
	b.Helper()
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// equal fails when two files differ. It holds neither, as a process that is
// started counts what its parent holds.
func equal(b *testing.B, got, want string) {
	b.Helper()
	var sums [2][sha256.Size]byte
	for i, name := range []string{got, want} {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			b.Fatal(err)
		}
		sums[i] = [sha256.Size]byte(h.Sum(nil))
	}
	if sums[0] != sums[1] {
		b.Fatalf("%s and %s differ", got, want)
	}
}
