package trust

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"
)

// Conditional is a Remote that can say that a file is still the one it gave
// before, without giving it again.
type Conditional interface {
	// OpenIfChanged opens a file from its beginning. validator is what an
	// earlier call gave with the content of the same file, or "" for none;
	// next is what stands for the content now, "" when the other side names
	// nothing. The error wraps ErrUnchanged when the other side says that the
	// file is as it was.
	OpenIfChanged(ctx context.Context, name, validator string) (body io.ReadCloser, next string, err error)

	// AtOnce reports whether two requests sent at the same time can share one
	// connection without waiting for one another.
	AtOnce() bool
}

// ErrUnchanged says that a file is the one its validator stands for.
const ErrUnchanged = sentinel("the file has not changed")

// sentinel is an error that nobody can reassign.
type sentinel string

func (s sentinel) Error() string { return string(s) }

// answer is what the remote said to one question.
type answer struct {
	data      []byte
	validator string
	err       error
}

// answers are by the name of the file.
type answers map[string]answer

// precheck asks the cheap question: is there a root after the one in use, and
// is the timestamp still the one that was verified? When the answers are "no"
// and "yes", the refresh has nothing to do.
//
// This skips no verification. A timestamp with the same bytes leads, through
// digests, to the same snapshot, targets and documents; all of them were
// verified when the record was written, under the root that the record names,
// and there is no newer one. What time can change is asked again: no role may
// have expired since. What the disk can change is asked again too: the set in
// the cache and the root have the digests they had. Whatever is different, or
// cannot be read, leads to the whole workflow, which gets the answers so that
// nothing is asked twice.
//
// A mirror that lies, with "unchanged" for a timestamp that has changed, gains
// what it also has by sending the old one: the workstation stays where it is
// until that timestamp expires.
func (c *Client) precheck(ctx context.Context, remote Remote, now time.Time) (record, answers, bool) {
	rec, ok := c.standing(now)
	if !ok {
		return record{}, nil, false
	}
	next := wanted{
		role: "root", file: remoteName("root", rec.version("root")+1), limit: smallLimit, length: unknownLength,
	}
	stamp := wanted{role: "timestamp", file: remoteName("timestamp", 0), limit: smallLimit, length: unknownLength}
	root, timestamp := c.ask(ctx, remote, [2]wanted{next, stamp}, rec.Validator)
	if !errors.Is(root.err, fs.ErrNotExist) {
		// A timestamp that was read before a new root is read again after it.
		return record{}, answers{next.file: root}, false
	}
	switch {
	case errors.Is(timestamp.err, ErrUnchanged):
		return rec, nil, true
	case timestamp.err == nil && digestOf(timestamp.data) == rec.Timestamp:
		rec.Validator = timestamp.validator
		return rec, nil, true
	}
	return record{}, answers{next.file: root, stamp.file: timestamp}, false
}

// standing gives the record of the last complete refresh when everything it
// speaks of is in the cache as it was, and nothing of it has expired at now.
func (c *Client) standing(now time.Time) (record, bool) {
	rec := c.record()
	if rec.Origin != c.origin || len(rec.Roles) == 0 {
		return record{}, false
	}
	if digestOf(c.seen(savedName)) != rec.Set {
		return record{}, false
	}
	root := rec.version("root")
	if digestOf(c.config.Root) != rec.Root && digestOf(c.seen(cachedRoot(root))) != rec.Root {
		return record{}, false
	}
	for _, role := range rec.Roles {
		if c.judgedAt(role.Name, now).After(role.Expires) {
			return record{}, false
		}
	}
	return rec, true
}

// ask puts both questions, at the same time where that saves waiting. When
// there is no connection at all, only one of them waits for it in vain.
func (c *Client) ask(ctx context.Context, remote Remote, files [2]wanted, validator string) (root, timestamp answer) {
	conditional, ok := remote.(Conditional)
	if !ok || !conditional.AtOnce() {
		root.data, root.err = c.fetch(ctx, remote, files[0])
		if errors.Is(root.err, fs.ErrNotExist) {
			timestamp = c.fetchIfChanged(ctx, remote, files[1], validator)
		}
		return root, timestamp
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() {
		root.data, root.err = c.fetch(inner, remote, files[0])
		if disconnected(root.err) {
			cancel()
		}
	})
	timestamp = c.fetchIfChanged(inner, remote, files[1], validator)
	if disconnected(timestamp.err) {
		cancel()
	}
	both.Wait()
	if errors.Is(root.err, context.Canceled) && ctx.Err() == nil {
		root.err = timestamp.err
	}
	return root, timestamp
}

// disconnected reports whether err is about the way to the remote, so that
// another question would fare no better.
func disconnected(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Reason == CodeUnreachable || e.Reason == CodeStalled)
}

// fetchIfChanged is fetch for a file that validator stands for. A remote that
// is not Conditional always gives the file.
func (c *Client) fetchIfChanged(ctx context.Context, remote Remote, w wanted, validator string) (a answer) {
	conditional, ok := remote.(Conditional)
	if !ok {
		a.data, a.err = c.fetch(ctx, remote, w)
		return a
	}
	a.data, a.err = c.fetchFrom(ctx, w, func(ctx context.Context) (body io.ReadCloser, start int64, err error) {
		body, a.validator, err = conditional.OpenIfChanged(ctx, w.file, validator)
		return body, 0, err
	})
	return a
}

// fetch gives the answer that is already there, once, or asks the remote.
func (r *run) fetch(ctx context.Context, w wanted) answer {
	if a, ok := r.answers[w.file]; ok {
		delete(r.answers, w.file)
		return a
	}
	return r.client.fetchIfChanged(ctx, r.remote, w, "")
}
