package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// What has to arrive within Config.Stall. A server that sends a byte now and
// then is as good as silent; where another mirror is left to try, so is one
// that would need an hour for 30 MB. On a line that is slow itself each mirror
// is left once, and then the first goes on with what is there.
const (
	trickle = 4 << 10
	stream  = 256 << 10
)

// mirrored is what the body of a Remote with several mirrors may tell, and be
// told: see trust.Mirrors.
type mirrored interface {
	Mirror() string // the address, for people
	Spare() bool    // another mirror is left that has not failed lately
	Blame()         // this one is tried after the others from now on
}

// blame tells the mirror of the last try that err is its fault, and reports
// whether another one may do better. What the local disk refuses has no code.
func (t *transfer) blame(err error) (spare bool) {
	var fault coded
	if t.from == nil || !errors.As(err, &fault) {
		return false
	}
	spare = t.from.Spare()
	t.from.Blame()
	return spare
}

// attempt asks the remote once for what is missing and takes what comes. It
// returns nil when the signed length is there.
func (t *transfer) attempt(ctx context.Context) error {
	if t.have == t.a.Length {
		return nil
	}
	if t.s.Remote == nil {
		return &Error{Reason: CodeUnreachable, File: t.a.Path, Cause: errors.New("no repository is known")}
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.from, t.enough = nil, trickle
	stalled := &Error{Reason: CodeStalled, File: t.a.Path}
	watchdog := time.AfterFunc(t.s.Stall, func() { cancel(stalled) })
	defer watchdog.Stop()

	err := t.receive(inner, watchdog)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(context.Cause(inner), stalled):
		stalled.Expected = fmt.Sprintf("%d KiB / %v", t.enough>>10, t.s.Stall)
		return stalled
	}
	return err
}

// receive opens the remote file and reads it. The end of ctx closes the body,
// because not every body that waits for bytes watches a context.
func (t *transfer) receive(ctx context.Context, watchdog *time.Timer) error {
	body, start, err := t.s.Remote.Open(ctx, remoteName(t.a), t.have)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return explain(err, CodeNotFound, t.a.Path)
	case err != nil:
		return explain(err, CodeUnreachable, t.a.Path)
	}
	if t.from, _ = body.(mirrored); t.from != nil && t.from.Spare() {
		t.enough = stream
	}
	stop := context.AfterFunc(ctx, func() { _ = body.Close() })
	defer func() {
		if stop() {
			_ = body.Close() // it was only read: nothing is lost by its errors
		}
	}()
	if start != t.have && start != 0 {
		return &Error{
			Reason: CodeStatus, File: t.a.Path,
			Expected: fmt.Sprintf("byte %d", t.have), Found: fmt.Sprintf("byte %d", start),
		}
	}
	return t.take(body, start, watchdog)
}

// take writes and hashes body, whose first byte is byte start, until the
// signed length is exceeded or the body ends.
func (t *transfer) take(body io.Reader, start int64, watchdog *time.Timer) error {
	first, arrived := true, 0
	for {
		n, err := body.Read(t.buffer)
		if first && n > 0 {
			first = false
			if err := t.begin(start, t.buffer[:n]); err != nil {
				return err
			}
		}
		if int64(n) > t.a.Length-t.have {
			return t.tooLong()
		}
		if n > 0 {
			if _, err := t.f.Write(t.buffer[:n]); err != nil {
				return errors.Join(err, t.f.Truncate(t.have)) // some of it may have been written
			}
			t.hash.Write(t.buffer[:n])
			t.have += int64(n)
			t.watch.progress(t.have, t.a.Length)
		}
		if arrived += n; arrived >= t.enough {
			arrived = 0
			watchdog.Reset(t.s.Stall)
		}
		switch {
		case err == nil:
		case t.have == t.a.Length:
			return nil
		case errors.Is(err, io.EOF):
			return &Error{
				Reason: CodeCut, File: t.a.Path,
				Expected: fmt.Sprintf("%d bytes", t.a.Length), Found: fmt.Sprintf("%d bytes", t.have),
			}
		default:
			return explain(err, CodeCut, t.a.Path)
		}
	}
}

// begin looks at the first bytes. A log-in page that a network puts before
// everything must not cost what was already received.
func (t *transfer) begin(start int64, chunk []byte) error {
	if start == 0 && isWebPage(chunk) {
		return &Error{Reason: CodeWebPage, File: t.a.Path}
	}
	mirror := ""
	if t.from != nil {
		mirror = t.from.Mirror()
	}
	if start != t.have {
		if err := t.restart(); err != nil {
			return err
		}
	}
	t.mixed = t.mixed || t.have > 0 && mirror != t.origin
	t.origin = mirror
	return nil
}

// isWebPage tells whether bytes begin as HTML does. No archive or installer
// does.
func isWebPage(chunk []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(chunk[:min(len(chunk), 512)], "\xef\xbb\xbf \t\r\n"))
	return bytes.HasPrefix(head, []byte("<!doctype")) || bytes.HasPrefix(head, []byte("<html"))
}
