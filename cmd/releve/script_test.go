package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
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

// copyTree copies a folder: copytree FROM TO.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// replaceText changes a file: replace FILE OLD NEW.
func replaceText(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	changed := bytes.ReplaceAll(data, []byte(args[1]), []byte(args[2]))
	if bytes.Equal(changed, data) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, changed, 0o600))
}

// truncateFile cuts a file: truncate FILE BYTES.
func truncateFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// cutFile writes the first half of a file: cut FROM TO.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)/2], 0o600))
}

// attested has somebody attest who built a package: attested PACKAGE BUNDLE.
func attested(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	s := provenancetest.New(ts.Value("t").(testing.TB))
	bundle := s.Bundle(fmt.Sprintf("%x", sha256.Sum256(data)), "https://build.example/galss", "https://issuer.example")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), bundle, 0o600))
}

// fillFile makes a file of spaces: fill FILE BYTES.
func fillFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte(" "), n), 0o600))
}

// spoil flips a byte in every package of a repository: spoil REPO.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	spoiled := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".tar.gz") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		spoiled++
		return os.WriteFile(path, data, 0o600)
	}))
	if spoiled == 0 {
		ts.Fatalf("no package in %s", args[0])
	}
}

// reopenRun leaves the last run as it was right before its end was written, as
// a power cut does: reopen STATE.
func reopenRun(ts *testscript.TestScript, _ bool, args []string) {
	runs, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "history", "*.journal"))
	ts.Check(err)
	if len(runs) == 0 {
		ts.Fatalf("no run in %s", args[0])
	}
	last := slices.MaxFunc(runs, func(a, b string) int { return modified(ts, a).Compare(modified(ts, b)) })
	data, err := os.ReadFile(last)
	ts.Check(err)
	lines := bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), "journal", "current"), bytes.Join(lines[:len(lines)-1], nil), 0o600))
	ts.Check(os.Remove(last))
}

func modified(ts *testscript.TestScript, name string) time.Time {
	info, err := os.Stat(name)
	ts.Check(err)
	return info.ModTime()
}

// holder keeps the lock that hold took until release.
type holder struct{ unlock func() }

// holdLock takes the lock of a state folder: hold STATE.
func holdLock(ts *testscript.TestScript, _ bool, args []string) {
	owner := lock.Owner{PID: os.Getpid(), User: "somebody", Command: "update", Since: time.Now()}
	unlock, err := lock.Acquire(context.Background(), ts.MkAbs(args[0]), owner, time.Second)
	ts.Check(err)
	ts.Value("lock").(*holder).unlock = unlock
}

// releaseLock gives it back: release.
func releaseLock(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Value("lock").(*holder).unlock()
}

// slowly serves a folder at a limited rate: slowly FOLDER BYTES-PER-SECOND;
// $SLOW is then its address.
func slowly(ts *testscript.TestScript, _ bool, args []string) {
	rate, err := strconv.Atoi(args[1])
	ts.Check(err)
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files.ServeHTTP(&slowWriter{ResponseWriter: w, rate: rate}, r)
	}))
	ts.Defer(server.CloseClientConnections)
	ts.Setenv("SLOW", server.URL)
}

// slowWriter sends a tenth of its rate, then waits a tenth of a second.
type slowWriter struct {
	http.ResponseWriter
	rate int
}

func (w *slowWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		m, err := w.ResponseWriter.Write(p[:min(len(p), w.rate/10)])
		n += m
		if err != nil {
			return n, err
		}
		if p = p[m:]; len(p) > 0 {
			if f, ok := w.ResponseWriter.(http.Flusher); ok {
				f.Flush()
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return n, nil
}

// ReadFrom keeps net/http from going round Write.
func (w *slowWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, r)
}

// waitFor waits until a folder holds a file whose name has an ending:
// waitfor FOLDER ENDING.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		entries, err := os.ReadDir(ts.MkAbs(args[0]))
		if err == nil {
			for _, e := range entries {
				if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), args[1]) && info.Size() > 0 {
					return
				}
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	ts.Fatalf("no file %q came in %s", args[1], args[0])
}

// ndjson requires that every line of a file is one JSON object with a type:
// ndjson FILE.
func ndjson(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if text == "" {
		ts.Fatalf("%s is empty", args[0])
	}
	for line := range strings.Lines(text) {
		var object struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.Type == "" {
			ts.Fatalf("not an object with a type: %q (%v)", line, err)
		}
	}
}

// wantEntries requires a number of entries in a folder: entries FOLDER N.
func wantEntries(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	found, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) != want {
		ts.Fatalf("%s holds %v, want %d entries", args[0], found, want)
	}
}

// bucket serves a folder as an object store without listing does, which
// answers 403 for what is missing: bucket FOLDER; $BUCKET is its address.
func bucket(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(r.URL.Path))); err != nil {
			http.Error(w, "AccessDenied", http.StatusForbidden)
			return
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("BUCKET", server.URL)
}

// expand replaces $NAME in a file by the variable: expand FILE.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string { return filepath.ToSlash(ts.Getenv(name)) })
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
