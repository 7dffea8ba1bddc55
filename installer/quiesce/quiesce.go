// Package quiesce stops the programs and services that use the files of a
// component while it is changed, and starts them again.
//
// What it promises:
//   - only what the signed manifest names for the component is stopped
//   - nothing is stopped while a card is in use: it waits as long as the
//     policy allows, and then says so and leaves everything as it is
//   - a program is asked to close first, and ended only when it does not
//   - what ran is known before anything is stopped, as data that survives a
//     crash: starting it again needs nothing else
//   - stopping what is stopped and starting what runs do nothing
//
// What it does not promise: the windows and the unsaved work of a program that
// does not close when it is asked.
package quiesce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/process"
)

// Codes of errors and of what is told. They are stable.
const (
	CodeCardInUse  = "quiesce-card-in-use"   // Error
	CodeCardSilent = "quiesce-card-unknown"  // Error: whether one is cannot be told
	CodeNotStopped = "quiesce-not-stopped"   // Error
	CodeUnreadable = "quiesce-unreadable"    // Error: what runs cannot be told
	CodeWaiting    = "quiesce-waiting"       // told: a card is in use
	CodeStopping   = "quiesce-stopping"      // told
	CodeStarted    = "quiesce-started"       // told
	CodeNotStarted = "quiesce-not-started"   // told
	CodeNextLogon  = "quiesce-at-next-logon" // told: it belongs to a person who is not there
	CodeUnguarded  = "quiesce-unguarded"     // told: it is left to the person whose it is
)

const (
	polite = 10 * time.Second // for a program to close, and for a service to stop, before it is ended
	beat   = 250 * time.Millisecond
)

// Error says why a change cannot begin.
type Error struct {
	code  string
	args  map[string]string
	cause error
}

// Error returns the English text for the log.
func (e *Error) Error() string { return fmt.Sprintf("%s %v: %v", e.code, e.args, e.cause) }

// Code returns the stable code.
func (e *Error) Code() string { return e.code }

// Args fills the sentence.
func (e *Error) Args() map[string]string { return e.args }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// ErrNobody is wrapped by the error of a program that belongs to a session
// which is not there any more.
var ErrNobody = errors.New("nobody is logged on in its session")

// ErrUnguarded is wrapped by the error of a program that is not started with
// the rights of this process, since others than administrators could have put
// it where it lies.
var ErrUnguarded = errors.New("it lies where others than administrators may write")

// System is what this package asks of the machine.
type System interface {
	List(ctx context.Context) ([]process.Process, error)
	Close(p process.Process) error // asks it to close; it may not
	Kill(p process.Process) error
	ServiceRuns(name string) (bool, error) // false for one that is not there
	StopService(name string) error         // asks it to stop
	StartService(name string) error
	Start(path string, session uint32) error // in the session that it ran in, guarded or as whoever is there
	Holders(files []string) ([]Holder, error)
	Resolve(path string) (resolved string, shared bool) // of the manifest; shared: in a folder of the system
}

// Options are what a Quiescer works with; System is required.
type Options struct {
	System System
	InUse  func(ctx context.Context) (bool, error) // whether a card session is open; nil: never
	Wait   time.Duration                           // for it to end
	Polite time.Duration                           // for a program to close by itself; 0 is ten seconds
	Sleep  func(ctx context.Context, d time.Duration) error
}

// Quiescer stops and starts.
type Quiescer struct{ o Options }

// New returns a Quiescer.
func New(o Options) *Quiescer {
	if o.InUse == nil {
		o.InUse = func(context.Context) (bool, error) { return false, nil }
	}
	if o.Polite <= 0 {
		o.Polite = polite
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Quiescer{o}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// item is one program or service that ran.
type item struct {
	Service string `json:"service,omitempty"`
	Process string `json:"process,omitempty"` // file name
	Start   string `json:"start,omitempty"`   // absolute path, "" when nothing is known to start it
	Session uint32 `json:"session,omitempty"`
}

func (i item) name() string {
	if i.Service != "" {
		return i.Service
	}
	return i.Process
}

// Running returns what of the programs runs now, for Start, nil when nothing
// does. It returns once no card is in use, or with an error that carries a
// code. It changes nothing.
func (q *Quiescer) Running(ctx context.Context, programs []manifest.Program, tell backend.Tell) (json.RawMessage, error) {
	items, err := q.running(ctx, programs)
	if err != nil {
		return nil, &Error{CodeUnreadable, map[string]string{"Why": err.Error()}, err}
	}
	if len(items) == 0 {
		return nil, nil
	}
	if err := q.untilUnused(ctx, tell); err != nil {
		return nil, err
	}
	return json.Marshal(items)
}

func (q *Quiescer) running(ctx context.Context, programs []manifest.Program) ([]item, error) {
	if len(programs) == 0 {
		return nil, nil
	}
	all, err := q.o.System.List(ctx)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, p := range programs {
		if p.Service != "" {
			runs, err := q.o.System.ServiceRuns(p.Service)
			if err != nil {
				return nil, fmt.Errorf("service %q: %w", p.Service, err)
			}
			if runs {
				items = append(items, item{Service: p.Service})
			}
			continue
		}
		seen := map[uint32]bool{}
		for _, found := range process.Named(all, p.Process) {
			if seen[found.Session] { // one for each session is enough to start again
				continue
			}
			seen[found.Session] = true
			start, _ := q.o.System.Resolve(p.Start)
			if start == "" {
				start = found.Path
			}
			items = append(items, item{Process: p.Process, Start: start, Session: found.Session})
		}
	}
	return items, nil
}

// untilUnused waits for the card session to end. What cannot be told counts
// as in use: a guess could break a payment.
func (q *Quiescer) untilUnused(ctx context.Context, tell backend.Tell) error {
	const look = 5 * time.Second
	for waited := time.Duration(0); ; waited += look {
		used, err := q.o.InUse(ctx)
		if err == nil && !used {
			return nil
		}
		if waited >= q.o.Wait {
			code := CodeCardInUse
			if err != nil {
				code = CodeCardSilent
			}
			return &Error{code, map[string]string{"Minutes": fmt.Sprint(int(q.o.Wait.Minutes()))}, err}
		}
		if waited == 0 {
			tell(CodeWaiting, map[string]string{"Minutes": fmt.Sprint(int(q.o.Wait.Minutes()))})
		}
		if err := q.o.Sleep(ctx, look); err != nil {
			return &Error{CodeCardInUse, map[string]string{"Minutes": "0"}, err}
		}
	}
}

// Stop stops whatever of the programs runs now. The error carries a code.
func (q *Quiescer) Stop(ctx context.Context, programs []manifest.Program, tell backend.Tell) error {
	for _, p := range programs {
		if err := q.stop(ctx, p, tell); err != nil {
			return &Error{CodeNotStopped, map[string]string{"Name": p.Process + p.Service, "Why": err.Error()}, err}
		}
	}
	return nil
}

func (q *Quiescer) stop(ctx context.Context, p manifest.Program, tell backend.Tell) error {
	for round := 0; ; round++ {
		left, err := q.left(ctx, p)
		if err != nil || !left.any() {
			return err
		}
		switch {
		case round == 0:
			tell(CodeStopping, map[string]string{"Name": p.Process + p.Service})
			err = left.each(q.o.System.StopService, q.o.System.Close)
		case round == int(q.o.Polite/beat):
			err = left.each(func(string) error { return nil }, q.o.System.Kill)
		case round >= 3*int(q.o.Polite/beat):
			return fmt.Errorf("it goes on running after %s", 3*q.o.Polite)
		}
		if err != nil && round > 0 { // asking may fail; ending must not
			return err
		}
		if err := q.o.Sleep(ctx, beat); err != nil {
			return err
		}
	}
}

// remnant is what of one program still runs.
type remnant struct {
	service   string
	processes []process.Process
}

func (r remnant) any() bool { return r.service != "" || len(r.processes) > 0 }

func (r remnant) each(service func(string) error, one func(process.Process) error) error {
	if r.service != "" {
		return service(r.service)
	}
	var errs []error
	for _, p := range r.processes {
		errs = append(errs, one(p))
	}
	return errors.Join(errs...)
}

func (q *Quiescer) left(ctx context.Context, p manifest.Program) (remnant, error) {
	if p.Service != "" {
		runs, err := q.o.System.ServiceRuns(p.Service)
		if err != nil || !runs {
			return remnant{}, err
		}
		return remnant{service: p.Service}, nil
	}
	all, err := q.o.System.List(ctx)
	return remnant{processes: process.Named(all, p.Process)}, err
}

// Start starts what ran and does not run now. What cannot be started is told
// and no error: the change itself is complete. A program that is gone with
// its component stays so.
func (q *Quiescer) Start(ctx context.Context, ran json.RawMessage, tell backend.Tell) error {
	if len(ran) == 0 {
		return nil
	}
	var items []item
	if err := json.Unmarshal(ran, &items); err != nil {
		return fmt.Errorf("reading what ran: %w", err)
	}
	for _, i := range items {
		started, err := q.start(ctx, i)
		switch {
		case errors.Is(err, ErrNobody):
			tell(CodeNextLogon, map[string]string{"Name": i.name()})
		case errors.Is(err, ErrUnguarded):
			tell(CodeUnguarded, map[string]string{"Name": i.name(), "Path": i.Start})
		case err != nil:
			tell(CodeNotStarted, map[string]string{"Name": i.name(), "Why": err.Error()})
		case started:
			tell(CodeStarted, map[string]string{"Name": i.name()})
		}
	}
	return nil
}

func (q *Quiescer) start(ctx context.Context, i item) (bool, error) {
	if i.Service != "" {
		runs, err := q.o.System.ServiceRuns(i.Service)
		if err != nil || runs {
			return false, err
		}
		return true, q.o.System.StartService(i.Service)
	}
	all, err := q.o.System.List(ctx)
	if err != nil {
		return false, err
	}
	for _, p := range process.Named(all, i.Process) {
		if p.Session == i.Session {
			return false, nil
		}
	}
	if i.Start == "" {
		return false, errors.New("its path is not known")
	}
	if _, err := os.Stat(i.Start); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, q.o.System.Start(i.Start, i.Session)
}
