package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// refresh asks the mirrors one after the other for a whole set of metadata:
// one that is dead, stale or lies must not stop updates while another is
// good. What a bad one had verified stays, as after any failed refresh.
func (c *Client) refresh(ctx context.Context) (*run, error) {
	m, several := c.config.Remote.(*Mirrors)
	if !several {
		return c.refreshFrom(ctx, c.config.Remote)
	}
	before, err := c.recall(mirrorsName, true)
	if err != nil {
		return nil, err
	}
	m.recall(before)
	r, err := c.firstGood(ctx, m)
	after := m.remembered()
	if bytes.Equal(before, after) || before == nil && string(after) == "{}" {
		return r, err
	}
	return r, errors.Join(err, c.store(mirrorsName, after))
}

// firstGood gives each mirror but the last a limited time, so that the good
// one is reached within a minute whatever the others do. On a line so slow
// that no mirror is done in it, they are asked again without haste.
func (c *Client) firstGood(ctx context.Context, m *Mirrors) (*run, error) {
	order := m.order()
	haste := c.config.Patience
	if n := len(order) - 1; n > 1 {
		haste = min(haste, 3*c.config.Patience/2/time.Duration(n))
	}
	failures := make([]MirrorFailure, len(order))
	var slow []int
	try := func(i int, limit time.Duration) (*run, error) {
		x := order[i]
		r, hurried, err := c.refreshWithin(ctx, x.Remote, limit)
		switch {
		case err == nil:
			m.works(x)
			return r, nil
		case ctx.Err() != nil || !fromMirror(err):
			return nil, err
		}
		if hurried {
			slow = append(slow, i)
		}
		m.fail(x, err)
		failures[i] = MirrorFailure{x.Name, err}
		return nil, nil
	}
	for i := range order {
		limit := haste
		if i == len(order)-1 {
			limit = 0
		}
		if r, err := try(i, limit); r != nil || err != nil {
			return r, err
		}
	}
	for _, i := range slices.Clone(slow) {
		if r, err := try(i, 0); r != nil || err != nil {
			return r, err
		}
	}
	return nil, &MirrorsError{failures}
}

// refreshWithin is refreshFrom with a limit on the whole, none when zero.
// hurried tells that the limit ended it.
func (c *Client) refreshWithin(ctx context.Context, remote Remote, limit time.Duration) (r *run, hurried bool, err error) {
	if limit == 0 {
		r, err = c.refreshFrom(ctx, remote)
		return r, false, err
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err = c.refreshFrom(inner, remote)
	if err == nil || inner.Err() == nil || ctx.Err() != nil {
		return r, false, err
	}
	return nil, true, &Error{Reason: CodeStalled, File: "metadata", Expected: "complete within " + limit.String(), Cause: err}
}

// fromMirror tells whether another mirror may do better: not where the local
// disk or the root trusted from the start is the trouble.
func fromMirror(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != CodeNoRoot
}

// obtain fetches a file that signed metadata describes and has it checked.
// Where one mirror does not have it, or has something else, the next is asked,
// the one of the refresh first.
func (c *Client) obtain(ctx context.Context, w wanted, check func(data []byte) error) ([]byte, error) {
	attempt := func(remote Remote) ([]byte, error) {
		data, err := c.fetch(ctx, remote, w)
		if err == nil {
			err = check(data)
		}
		return data, err
	}
	m, several := c.config.Remote.(*Mirrors)
	if !several {
		return attempt(c.config.Remote)
	}
	var failures []MirrorFailure
	for _, x := range m.order() {
		data, err := attempt(x.Remote)
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil || !fromMirror(err) {
			return nil, err
		}
		m.fail(x, err)
		failures = append(failures, MirrorFailure{x.Name, err})
	}
	return nil, fmt.Errorf("every mirror was asked: %w", &MirrorsError{failures})
}
