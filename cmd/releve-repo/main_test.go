package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/releve-sante/releve/installer/lock"
	"github.com/releve-sante/releve/manifest/publish/provenance/provenancetest"
)

// TestMain registers releve-repo itself as a command of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"releve-repo": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, env: os.Getenv, environ: os.Environ(), now: time.Now}
			status := a.run(ctx, os.Args[1:])
			stop()
			os.Exit(status)
		},
		"sigstore-kms-vault": keyService,
	})
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("RELEVE_REPO_PASSWORD", "a password of the tests")
			e.Setenv("LANG", "en_GB.UTF-8")
			e.Values["t"] = t
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"package":  makePackage,
			"release":  makeRelease,
			"status":   wantStatus,
			"spoil":    spoil,
			"target":   findTarget,
			"attested": attested,
			"spoilall": spoilAll,
			"copytree": copyTree,
			"hold":     holdLock,
			"middle":   spoilMiddle,
			"cut":      cutFile,
			"serve":    serveFolder,
			"sample":   signedSample,
		},
	})
}

// makePackage: package FILE.tar.gz DIRECTORY packs a directory.
func makePackage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: package FILE.tar.gz DIRECTORY")
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(errors.Join(w.Close(), z.Close(), f.Close()))
}

// wantStatus: status N COMMAND... runs a command that must end with status N.
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit interface{ ExitCode() int }
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("running %v: %v", args[1:], err)
	}
	if got != want {
		ts.Fatalf("%v: got status %d, want %d", args[1:], got, want)
	}
}

// spoil: spoil FILE changes the last byte of a file.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spoil FILE")
	}
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	data[len(data)-1] ^= 1
	ts.Check(os.WriteFile(name, data, 0o600))
}

// findTarget: target VARIABLE PATTERN [TEXT] sets a variable to the one file
// that matches and holds the text.
func findTarget(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: target VARIABLE PATTERN [TEXT]")
	}
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(args) > 2 {
		found = slices.DeleteFunc(found, func(name string) bool {
			data, err := os.ReadFile(name)
			return err != nil || !strings.Contains(string(data), args[2])
		})
	}
	if len(found) != 1 {
		ts.Fatalf("%q: got %d files, want 1", args[1], len(found))
	}
	ts.Setenv(args[0], found[0])
}

// copyTree: copytree FROM TO copies a folder.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// spoilMiddle: middle FILE changes a byte of the last package in a bundle.
func spoilMiddle(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	at := bytes.LastIndex(data, []byte("\x1f\x8b"))
	if at < 0 {
		ts.Fatalf("no package in %s", args[0])
	}
	data[at+20] ^= 1
	ts.Check(os.WriteFile(name, data, 0o600))
}

// cutFile: cut FROM TO writes the first half of a file.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)/2], 0o600))
}

// serveFolder: serve FOLDER serves it as any static server does; $SERVER is
// then its address.
func serveFolder(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(server.Close)
	ts.Setenv("SERVER", server.URL)
}

// attested: attested PACKAGE BUNDLE ROOT has a sigstore of its own attest who
// built a package; $IDENTITY and $ISSUER are then what the bundle names.
func attested(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	s := provenancetest.New(ts.Value("t").(testing.TB))
	bundle := s.Bundle(fmt.Sprintf("%x", sha256.Sum256(data)), provenancetest.Identity, provenancetest.Issuer)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), bundle, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), s.Root(), 0o600))
	ts.Setenv("IDENTITY", provenancetest.Identity)
	ts.Setenv("ISSUER", provenancetest.Issuer)
}

// spoilAll: spoilall FOLDER ENDING changes the last byte of each file in a
// folder whose name has an ending.
func spoilAll(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"+args[1]))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no %s in %s", args[1], args[0])
	}
	for _, name := range found {
		spoil(ts, neg, []string{name})
	}
}

// holdLock: hold FOLDER takes the lock of a folder to the end of the script.
func holdLock(ts *testscript.TestScript, _ bool, args []string) {
	owner := lock.Owner{PID: os.Getpid(), User: "somebody", Command: "mirror", Since: time.Now()}
	unlock, err := lock.Acquire(context.Background(), ts.MkAbs(args[0]), owner, 0)
	ts.Check(err)
	ts.Defer(unlock)
}
