package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A mirror that failed is tried after the others for firstRest, and twice as
// long after each further failure, up to longestRest. It is short on purpose:
// the first address of a list is often the one inside the hospital, and five
// hundred workstations must not go on loading its internet line because that
// server was restarted.
const (
	firstRest   = 10 * time.Minute
	longestRest = 4 * time.Hour
)

// Mirror is one address of a repository.
type Mirror struct {
	Name   string // for people, without a password
	Remote Remote
}

// Mirrors are several addresses of the same files, in the order in which
// they are wanted. As a Remote they give each file from the first one that
// opens it, which suits files whose digest is known. A Client asks them one
// after the other for a whole refresh, since metadata of two mirrors does not
// mix; what it trusts is decided by signatures, never by the mirror.
//
// A mirror that failed is tried after the others for a while. A Client keeps
// that in its cache, so that a scheduled check does not wait for the same
// dead server every time.
type Mirrors struct {
	now  func() time.Time
	tell func(MirrorFailure) // never nil

	mu  sync.Mutex
	all []*mirror
}

// mirror is a Mirror and how it behaved.
type mirror struct {
	Mirror
	failures int       // in a row
	rest     time.Time // tried after the others until then
}

// NewMirrors puts mirrors together. now times their rests.
func NewMirrors(now func() time.Time, mirrors ...Mirror) *Mirrors {
	m := &Mirrors{now: now, tell: func(MirrorFailure) {}}
	for _, x := range mirrors {
		m.all = append(m.all, &mirror{Mirror: x})
	}
	return m
}

// Tell has tell called for each failure, also where another mirror then does
// the work and nobody hears of an error. It is called before the first use.
func (m *Mirrors) Tell(tell func(MirrorFailure)) { m.tell = tell }

// NewRemotes makes a Remote from one or more addresses, each as NewRemote
// takes it. Of several, one that cannot be had at the moment, such as a stick
// that is not there, is a mirror that fails.
func NewRemotes(now func() time.Time, addresses []string, options ...Option) (Remote, error) {
	if len(addresses) == 1 {
		return NewRemote(addresses[0], options...)
	}
	mirrors := make([]Mirror, 0, len(addresses))
	for _, address := range addresses {
		remote, err := NewRemote(address, options...)
		var away *Error
		if errors.As(err, &away) {
			remote, err = gone{away}, nil
		}
		if err != nil {
			return nil, err
		}
		mirrors = append(mirrors, Mirror{Name: Address(address), Remote: remote})
	}
	return NewMirrors(now, mirrors...), nil
}

// gone is a Remote that was not there when it was asked for.
type gone struct{ err error }

// Open implements Remote.
func (g gone) Open(context.Context, string, int64) (io.ReadCloser, int64, error) {
	return nil, 0, g.err
}

// order gives the mirrors as they are to be tried: those that work as they
// were listed, then the others, the one whose rest ends first first.
func (m *Mirrors) order() []*mirror {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	order := slices.Clone(m.all)
	slices.SortStableFunc(order, func(a, b *mirror) int {
		return a.restsUntil(now).Compare(b.restsUntil(now))
	})
	return order
}

// restsUntil is the zero time for a mirror that may be tried in its turn.
func (x *mirror) restsUntil(now time.Time) time.Time {
	if !x.rest.After(now) {
		return time.Time{}
	}
	return x.rest
}

// fail notes that a mirror did not do its work, and why.
func (m *Mirrors) fail(x *mirror, err error) {
	m.tell(MirrorFailure{x.Name, err})
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := min(firstRest<<min(x.failures, 8), longestRest)
	x.failures++
	x.rest = m.now().Add(rest)
}

// works notes that a mirror did its work.
func (m *Mirrors) works(x *mirror) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x.failures, x.rest = 0, time.Time{}
}

// spare tells whether a mirror other than x has not failed lately.
func (m *Mirrors) spare(x *mirror) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	return slices.ContainsFunc(m.all, func(other *mirror) bool {
		return other != x && other.restsUntil(now).IsZero()
	})
}

// resting is what is kept of a mirror that failed.
type resting struct {
	Failures int       `json:"failures"`
	Until    time.Time `json:"until"`
}

// remembered is what is kept between runs, empty when every mirror works.
func (m *Mirrors) remembered() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := map[string]resting{}
	for _, x := range m.all {
		if x.failures > 0 {
			kept[x.Name] = resting{x.failures, x.rest.UTC()}
		}
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return []byte("{}") // strings, numbers and times of these years always encode
	}
	return data
}

// recall takes up what an earlier run kept. A rest longer than any comes from
// a clock that was wrong, and does not count.
func (m *Mirrors) recall(data []byte) {
	var kept map[string]resting
	if json.Unmarshal(data, &kept) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	latest := m.now().Add(longestRest)
	for _, x := range m.all {
		k, ok := kept[x.Name]
		if ok && x.failures == 0 && k.Failures > 0 && !k.Until.After(latest) {
			x.failures, x.rest = k.Failures, k.Until
		}
	}
}

// Open implements Remote. The body tells, and is told, about its mirror: see
// served.
func (m *Mirrors) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	var failures []MirrorFailure
	for _, x := range m.order() {
		body, start, err := x.Remote.Open(ctx, name, offset)
		if err == nil {
			return &served{body, m, x}, start, nil
		}
		// Also where ctx ended: whoever waited for too long begins with
		// another one.
		m.fail(x, err)
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		failures = append(failures, MirrorFailure{x.Name, err})
	}
	return nil, 0, &MirrorsError{failures}
}

// served is a body with the mirror it comes from.
type served struct {
	io.ReadCloser
	mirrors *Mirrors
	from    *mirror
}

// Read implements io.Reader. A body that came to its end speaks for its
// mirror, until somebody blames it for the content.
func (s *served) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		s.mirrors.works(s.from)
	}
	return n, err
}

// Mirror is the address this body comes from.
func (s *served) Mirror() string { return s.from.Name }

// Spare tells whether another mirror is left that has not failed lately.
func (s *served) Spare() bool { return s.mirrors.spare(s.from) }

// Blame says that the body was no use, so that its mirror is tried after the
// others from now on.
func (s *served) Blame() { s.mirrors.fail(s.from, errBlamed) }

const errBlamed = sentinel("what it gave was cut, too slow or not what was signed")

// MirrorFailure is why one mirror could not be used.
type MirrorFailure struct {
	Mirror string
	Err    error
}

// MirrorsError says that no mirror could be used, and why for each.
type MirrorsError struct{ Failures []MirrorFailure }

// Error gives the English sentence for the log.
func (e *MirrorsError) Error() string {
	var b strings.Builder
	b.WriteString(e.Code())
	for _, f := range e.Failures {
		fmt.Fprintf(&b, "; %s: %v", f.Mirror, f.Err)
	}
	return b.String()
}

// Code is CodeMirrorsUntrusted when any mirror gave something that is not
// trusted, which nobody may mistake for a network that is down.
func (e *MirrorsError) Code() string {
	for _, f := range e.Failures {
		if untrusted(f.Err) {
			return CodeMirrorsUntrusted
		}
	}
	return CodeMirrors
}

// Args gives Mirrors, the addresses, and for the first of them Mirror1, Code1
// and the arguments of that code with a 1 at their end, and so on: events and
// results hold strings only.
func (e *MirrorsError) Args() map[string]string {
	names := make([]string, 0, len(e.Failures))
	args := map[string]string{}
	for i, f := range e.Failures {
		n := strconv.Itoa(i + 1)
		names = append(names, f.Mirror)
		args["Mirror"+n], args["Code"+n] = f.Mirror, CodeUnreachable
		if c := (coded)(nil); errors.As(f.Err, &c) {
			args["Code"+n] = c.Code()
			for name, value := range c.Args() {
				args[name+n] = value
			}
		}
	}
	args["Mirrors"] = strings.Join(names, ", ")
	return args
}

// coded is what errors for a person implement, those of other remotes too.
type coded interface {
	error
	Code() string
	Args() map[string]string
}

// Unwrap gives the failure that says most: of trust before one of the network,
// and "no such file" only when all say so.
func (e *MirrorsError) Unwrap() error {
	var telling error
	for _, f := range e.Failures {
		switch {
		case untrusted(f.Err):
			return f.Err
		case telling == nil, errors.Is(telling, fs.ErrNotExist):
			telling = f.Err
		}
	}
	return telling
}

func untrusted(err error) bool {
	var e *Error
	return errors.As(err, &e) && strings.HasPrefix(e.Reason, "trust-")
}
