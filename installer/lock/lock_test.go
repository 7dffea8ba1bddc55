package lock

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// holder, set to a directory, makes the test binary hold the lock on it until
// its standard input ends.
const holder = "LOCK_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holder); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

var since = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

func hold(dir string) int {
	owner := Owner{PID: os.Getpid(), User: "doctor", Command: "releve \x1b[31mupdate", Since: since}
	unlock, err := Acquire(context.Background(), dir, owner, 0)
	if err != nil {
		return 1
	}
	defer unlock()
	if _, err := os.Stdout.WriteString("held\n"); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// startHolder returns a running process that holds the lock on dir.
func startHolder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holder+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return cmd
}

func TestTheSecondProcessIsToldWhoHoldsIt(t *testing.T) {
	dir := t.TempDir()
	other := startHolder(t, dir)
	_, err := Acquire(t.Context(), dir, Owner{}, 100*time.Millisecond)
	var held *HeldError
	if !errors.As(err, &held) || held.Code() != CodeHeld {
		t.Fatalf("got %v", err)
	}
	want := Owner{PID: other.Process.Pid, User: "doctor", Command: "releve [31mupdate", Since: since}
	if held.Owner != want {
		t.Errorf("got owner %+v, want %+v", held.Owner, want)
	}
	if got, want := held.Args()["Since"], "2026-05-06T07:08:09Z"; got != want {
		t.Errorf("got since %q, want %q", got, want)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	unlock, err := Acquire(t.Context(), dir, Owner{PID: 1}, 0)
	if err != nil {
		t.Fatalf("after the owner was killed: %v", err)
	}
	unlock()
	if _, err := os.Stat(filepath.Join(dir, ownerName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the note is still there: %v", err)
	}
}

func TestWaitingEndsWithTheContextOrTheOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	unlock, err := Acquire(t.Context(), dir, Owner{PID: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var held *HeldError
	if _, err := Acquire(ctx, dir, Owner{}, time.Hour); !errors.Is(err, context.Canceled) || errors.As(err, &held) {
		t.Errorf("cancelled: got %v", err)
	}
	done := make(chan error)
	go func() {
		again, err := Acquire(context.Background(), dir, Owner{PID: 2}, time.Minute)
		if err == nil {
			again()
		}
		done <- err
	}()
	unlock()
	if err := <-done; err != nil {
		t.Errorf("the waiting one: %v", err)
	}
}

func TestADamagedNoteIsNobody(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Acquire(t.Context(), dir, Owner{PID: 7}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	for _, note := range []string{"", "{", strings.Repeat("x", 10000), `{"pid":"x"}`} {
		if err := os.WriteFile(filepath.Join(dir, ownerName), []byte(note), 0o600); err != nil {
			t.Fatal(err)
		}
		var held *HeldError
		if _, err := Acquire(t.Context(), dir, Owner{}, 0); !errors.As(err, &held) || held.Owner != (Owner{}) || held.Args()["PID"] != "" {
			t.Errorf("note %.10q: got %v", note, err)
		}
	}
}

func TestExactlyOneHoldsIt(t *testing.T) {
	dir := t.TempDir()
	var inside, most, refused atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 50 {
				unlock, err := Acquire(context.Background(), dir, Owner{PID: 1}, 0)
				if err != nil {
					refused.Add(1)
					continue
				}
				most.Store(max(most.Load(), inside.Add(1)))
				inside.Add(-1)
				unlock()
			}
		})
	}
	group.Wait()
	if most.Load() != 1 || refused.Load() == 800 {
		t.Errorf("up to %d held the lock at once; %d of 800 were refused", most.Load(), refused.Load())
	}
}
