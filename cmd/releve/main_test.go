package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/osdetect/reader"
)

// TestMain registers releve itself as a command of the scripts, so that each
// runs the whole program in a fresh directory.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"releve": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, env: os.Getenv, now: clock(), administrator: administrator, readers: cardReaders, desk: scriptDesk(), wmic: scriptWindows}
			status := a.run(ctx, os.Args[1:])
			stop()
			os.Exit(status)
		},
	})
}

// clock is the time of the program, which a script moves with DAYS_LATER.
func clock() func() time.Time {
	days, err := strconv.Atoi(os.Getenv("DAYS_LATER"))
	if err != nil {
		return time.Now
	}
	return func() time.Time { return time.Now().AddDate(0, 0, days) }
}

// administrator is the policy of the machine, a file that a script names with
// MACHINE_POLICY.
func administrator() *policy.Source { return policy.MachineFile(os.Getenv("MACHINE_POLICY")) }

// cardReaders are the readers of the machine, a file that a script names with
// MACHINE_READERS, or those that are there.
func cardReaders(ctx context.Context, o reader.Options) reader.Readers {
	var r reader.Readers
	name := os.Getenv("MACHINE_READERS")
	if name == "" {
		return reader.List(ctx, o)
	}
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "MACHINE_READERS:", err)
	}
	return r
}

func TestScript(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "wine" {
		t.Skip("the scripts build programs, and there is no Go under Wine; packaging/testbench/story has those for Windows")
	}
	tools := t.TempDir()
	publisher := filepath.Join(tools, "releve-repo")
	if os.PathSeparator == '\\' {
		publisher += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", publisher, "../releve-repo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the publisher's tool: %v\n%s", err, out)
	}
	samples, err := filepath.Abs("../../installer/authenticode/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SIGNED_SAMPLES", samples)
			e.Setenv("PATH", tools+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("RELEVE_REPO_PASSWORD", "a password of the tests")
			e.Setenv("LANG", "en_GB.UTF-8")
			e.Values["lock"] = &holder{}
			e.Values["tariff"] = &tariff{}
			e.Values["t"] = t
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"package":   makePackage,
			"version":   makeVersion,
			"counted":   countServed,
			"served":    wantServed,
			"middle":    spoilMiddle,
			"removeall": removeFiles,
			"status":    wantStatus,
			"copytree":  copyTree,
			"replace":   replaceText,
			"truncate":  truncateFile,
			"cut":       cutFile,
			"attested":  attested,
			"fill":      fillFile,
			"spoil":     spoil,
			"reopen":    reopenRun,
			"hold":      holdLock,
			"release":   releaseLock,
			"slowly":    slowly,
			"waitfor":   waitFor,
			"entries":   wantEntries,
			"bucket":    bucket,
			"ndjson":    ndjson,
			"expand":    expand,
			"hospital":  hospital,
		},
	})
}

// makePackage writes a stand-in package: package FILE PROBE [KILOBYTES].
func makePackage(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: package FILE PROBE [KILOBYTES]")
	}
	size := 16
	if len(args) == 3 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		size = n
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	zw := gzip.NewWriter(f)
	tw := tar.NewWriter(zw)
	data := make([]byte, size<<10)
	random := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", args[0]))))
	_, err = random.Read(data)
	ts.Check(err)
	for _, file := range []struct {
		name string
		data []byte
	}{{"probe.txt", []byte(args[1] + "\n")}, {"lib/data.bin", data}} {
		ts.Check(tw.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.data))}))
		_, err = tw.Write(file.data)
		ts.Check(err)
	}
	ts.Check(tw.Close())
	ts.Check(zw.Close())
	ts.Check(f.Close())
}

// wantStatus runs a command and requires its exit status: status N COMMAND....
func wantStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := exitStatus(err)
		if !ok {
			ts.Fatalf("running %v: %v", args[1:], err)
		}
		got = exit
	}
	if got != want {
		ts.Fatalf("%v ended with status %d, want %d", args[1:], got, want)
	}
}

// exitStatus returns the exit status of a command that ran and failed.
func exitStatus(err error) (int, bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false
	}
	return exit.ExitCode(), true
}
