package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	maxPause = 8 * time.Second
	maxWait  = 30 * time.Second // of all pauses of one Fetch without success in between

	// headway is what a try has to bring so that the next one counts as the
	// first again: a line that is cut every few kilobytes still gets there.
	headway = 4 << 10

	// maxRestarts is how often one Fetch begins again from nothing because the
	// content was wrong.
	maxRestarts = 4
)

// Watch is told how a download goes, from the goroutine of the caller. Either
// member may be nil.
type Watch struct {
	// Progress hears how many bytes are there, of how many. It may go back
	// when a server cannot resume.
	Progress func(done, total int64)
	// Again hears that the download goes on after a failure, and of which
	// mirror, "" where there is one address only.
	Again func(mirror string, why error)
}

func (w Watch) progress(done, total int64) {
	if w.Progress != nil {
		w.Progress(done, total)
	}
}

// Fetch brings the package of an artifact into the store, durably, and
// verified on the way. It does nothing when the package is held.
//
// Without success what was received stays for the next call, unless it is
// known to be wrong. The error is then an *Error, one of the Remote with a
// code of its own, the end of ctx, or a failure of the local disk.
func (s *Store) Fetch(ctx context.Context, a manifest.Artifact, watch Watch) error {
	if err := check(a); err != nil {
		return err
	}
	release, err := s.claim(ctx, a.SHA256)
	if err != nil {
		return fmt.Errorf("fetch %q: %w", a.Path, err)
	}
	defer release()
	if s.Has(a) {
		watch.progress(a.Length, a.Length)
		return nil
	}
	t := &transfer{s: s, a: a, hash: sha256.New(), watch: watch, buffer: make([]byte, bufferSize)}
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("fetch %q: %w", a.Path, errors.Join(err, t.leave()))
	}
	if err := t.run(ctx); err != nil {
		return fmt.Errorf("fetch %q: %w", a.Path, errors.Join(err, t.leave()))
	}
	if err := s.keep(t.f, a.SHA256); err != nil {
		return fmt.Errorf("keep %q: %w", a.Path, err)
	}
	return nil
}

// claim waits until nobody else fetches the same package.
func (s *Store) claim(ctx context.Context, digest string) (release func(), err error) {
	for {
		s.mu.Lock()
		other := s.busy[digest]
		if other == nil {
			mine := make(chan struct{})
			s.busy[digest] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.busy, digest)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// transfer is one download, over as many tries as it takes.
type transfer struct {
	s      *Store
	a      manifest.Artifact
	f      durable.File
	hash   hash.Hash // of the first have bytes of f
	have   int64
	from   mirrored // of the last try; nil where there is one address only
	origin string   // the mirror of all the bytes so far
	mixed  bool     // they come from an earlier call, or from several mirrors
	enough int      // bytes that have to arrive within Config.Stall
	watch  Watch
	buffer []byte
}

func (t *transfer) part() string { return file(t.a.SHA256) + partial }

// open takes up what an earlier call left, and hashes it.
func (t *transfer) open(ctx context.Context) (err error) {
	d := t.s.Dir
	if err := durable.EnsureDir(d, dir); err != nil {
		return err
	}
	if err := d.RemoveAll(file(t.a.SHA256)); err != nil { // of another length, or no file at all
		return err
	}
	info, err := d.Lstat(t.part())
	if err == nil && !info.Mode().IsRegular() {
		err = d.RemoveAll(t.part())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if t.f, err = d.OpenFile(t.part(), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := t.rehash(ctx); err != nil {
		return err
	}
	t.mixed = t.have > 0
	if t.have > t.a.Length {
		return t.restart()
	}
	t.watch.progress(t.have, t.a.Length)
	return nil
}

// rehash reads the bytes of an earlier call, to their end.
func (t *transfer) rehash(ctx context.Context) error {
	for {
		n, err := t.f.Read(t.buffer)
		t.hash.Write(t.buffer[:n])
		t.have += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// restart forgets what was received.
func (t *transfer) restart() error {
	t.hash.Reset()
	t.have, t.mixed, t.origin = 0, false, ""
	if err := t.f.Truncate(0); err != nil {
		return err
	}
	_, err := t.f.Seek(0, io.SeekStart)
	return err
}

// run tries until the content is there and right.
func (t *transfer) run(ctx context.Context) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = t.s.Pause, maxPause, 2
	tries, restarts, waited := 0, 0, time.Duration(0)
	for {
		before := t.have
		err := t.attempt(ctx)
		if err == nil {
			err = t.judge()
		}
		if err == nil {
			return nil
		}
		spare := t.blame(err)
		switch wrong := (*Error)(nil); {
		case errors.As(err, &wrong) && wrong.Reason == CodeWrongContent:
			// The beginning may come from a power cut, from a bad proxy of an
			// earlier day or from another mirror: then all of it is fetched
			// again. A mirror that begins with wrong bytes and breaks off, each
			// time, is soon behind the one that always comes to an end.
			again := t.mixed || spare
			if err := t.restart(); err != nil {
				return err
			}
			if restarts++; !again || restarts > maxRestarts {
				return err
			}
			t.again(err)
			continue
		case spare:
			t.again(err) // another mirror takes over at once, from where this one stopped
			continue
		case t.s.Remote == nil || !temporary(err):
			return err
		case t.have-before >= headway:
			tries, waited = 0, 0
			pauses.Reset()
		}
		pause := min(pauses.NextBackOff(), maxWait-waited)
		if tries, waited = tries+1, waited+pause; tries >= t.s.Tries || pause <= 0 {
			return err
		}
		t.again(err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// again tells that another try follows err.
func (t *transfer) again(err error) {
	if t.watch.Again == nil {
		return
	}
	mirror := ""
	if t.from != nil {
		mirror = t.from.Mirror()
	}
	t.watch.Again(mirror, err)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// judge compares what is there with what was signed.
func (t *transfer) judge() error {
	if sum := t.hash.Sum(nil); !sameDigest(sum, t.a.SHA256) {
		return t.wrong(t.a.SHA256, hex.EncodeToString(sum))
	}
	return nil
}

func (t *transfer) wrong(expected, found string) error {
	return &Error{Reason: CodeWrongContent, File: t.a.Path, Expected: expected, Found: found}
}

func (t *transfer) tooLong() error {
	length := strconv.FormatInt(t.a.Length, 10)
	return t.wrong(length+" bytes", "more than "+length+" bytes")
}

// keep gives the partial file f the name of its digest, durably, and closes
// it.
func (s *Store) keep(f durable.File, digest string) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := s.Dir.Rename(file(digest)+partial, file(digest)); err != nil {
		return err
	}
	return s.Dir.SyncDir(dir)
}

// leave puts what was received aside for another call, as durably as the
// disk lets it, and removes it when there is nothing.
func (t *transfer) leave() error {
	if t.f == nil {
		return nil
	}
	if t.have == 0 {
		return errors.Join(t.f.Close(), t.s.Dir.Remove(t.part()))
	}
	return errors.Join(t.f.Sync(), t.f.Close(), t.s.Dir.SyncDir(dir))
}
