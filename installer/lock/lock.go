// Package lock lets one process at a time change a state directory.
//
// What it promises: while one process holds the lock no other acquires it; a
// process that dies, however it dies, gives it back at once, because the
// operating system holds it and not a file; who waits in vain is told who
// holds it and since when. The owner's note is for that sentence only:
// nothing is decided by it.
package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gofrs/flock"
)

const (
	lockName  = "lock"
	ownerName = "lock.owner"

	poll      = 50 * time.Millisecond // between two attempts
	maxOwner  = 4 << 10               // bytes of the owner's note
	maxWorded = 200                   // runes of it that are shown
)

// Owner is who holds the lock.
type Owner struct {
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Command string    `json:"command"` // as a person would recognise it, for example "releve update"
	Since   time.Time `json:"since"`
}

// CodeHeld is the code of a HeldError.
const CodeHeld = "lock-held"

// HeldError says that another process holds the lock. Owner is zero when its
// note could not be read.
type HeldError struct{ Owner Owner }

// Error implements error.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the lock is held by process %d (%q, user %q) since %s",
		e.Owner.PID, e.Owner.Command, e.Owner.User, e.Owner.Since.Format(time.RFC3339))
}

// Code returns CodeHeld.
func (e *HeldError) Code() string { return CodeHeld }

// Args returns the places of the sentence: PID, User, Command and Since
// (RFC 3339), all of them empty when the owner is unknown.
func (e *HeldError) Args() map[string]string {
	args := map[string]string{"PID": "", "User": e.Owner.User, "Command": e.Owner.Command, "Since": ""}
	if e.Owner.PID > 0 {
		args["PID"] = strconv.Itoa(e.Owner.PID)
		args["Since"] = e.Owner.Since.Format(time.RFC3339)
	}
	return args
}

// Acquire makes this process the only one that may change the state in dir,
// an operating system path, which is created (0700) when missing. It waits at
// most wait, or not at all when that is 0, and then returns a *HeldError; the
// end of ctx is an error of its own. The caller calls unlock once.
func Acquire(ctx context.Context, dir string, owner Owner, wait time.Duration) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock directory %q: %w", dir, err)
	}
	l := flock.New(filepath.Join(dir, lockName))
	held, err := attempt(ctx, l, wait)
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(fmt.Errorf("lock directory %q: %w", dir, ctx.Err()), l.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock directory %q: %w", dir, err), l.Close())
	case !held:
		return nil, errors.Join(&HeldError{Owner: readOwner(dir)}, l.Close())
	}
	note := filepath.Join(dir, ownerName)
	if err := writeOwner(note, owner); err != nil {
		return nil, errors.Join(fmt.Errorf("lock directory %q: %w", dir, err), l.Close())
	}
	return func() {
		// The note goes first: after the unlock it may be the next owner's.
		_ = os.Remove(note)
		_ = l.Close()
	}, nil
}

// attempt tries once, and again until wait is over.
func attempt(ctx context.Context, l *flock.Flock, wait time.Duration) (held bool, err error) {
	held, err = l.TryLock()
	if held || err != nil || wait <= 0 {
		return held, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	held, err = l.TryLockContext(ctx, poll)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return held, err
}

// writeOwner replaces the note whole, so that nobody reads half of it.
func writeOwner(note string, owner Owner) error {
	data, err := json.Marshal(owner)
	if err != nil {
		return err
	}
	temp := note + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, note)
}

// readOwner returns the note, or nobody: it may be missing for an instant.
func readOwner(dir string) Owner {
	f, err := os.Open(filepath.Join(dir, ownerName))
	if err != nil {
		return Owner{}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxOwner))
	var owner Owner
	if errors.Join(err, f.Close(), json.Unmarshal(data, &owner)) != nil {
		return Owner{}
	}
	owner.User, owner.Command = shown(owner.User), shown(owner.Command)
	return owner
}

// shown keeps what may be put on a screen: printable, and not endless.
func shown(s string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	return string(clean[:min(len(clean), maxWorded)])
}
