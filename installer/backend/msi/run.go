package msi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/installer/backend/shelf"
)

// runner makes the runs of one call and adds up what they ask for.
type runner struct {
	b       *Backend
	j       backend.Job
	back    bool         // on the way back
	phase   *shelf.Phase // of the job, nil when another backend has it
	outcome backend.Outcome
}

// Exit codes of msiexec. Source: Microsoft, "MsiExec.exe and InstMsi.exe
// error messages".
const (
	statusCancelled   = 1602
	statusFailure     = 1603
	statusUnknown     = 1605
	statusNoSource    = 1612
	statusUnopened    = 1619
	statusInvalid     = 1620
	statusBusy        = 1618
	statusPolicy      = 1625
	statusPlatform    = 1633
	statusOther       = 1638
	statusRebooting   = 1641
	statusPatchPolicy = 1643
	statusRemote      = 1640
	statusReboot      = 3010
)

// install installs a package, over its own product where that is there. The
// signature counts forwards only; the digest counts always.
func (r *runner) install(ctx context.Context, k kept, over bool) error {
	signer := k.Signer()
	if r.back {
		signer = ""
	}
	hold, err := r.b.service.Hold(r.b.file(k), k.SHA256, signer)
	if err != nil {
		return err
	}
	r.j.Tell(CodeRunning, map[string]string{"Component": r.j.Component, "Version": k.Version, "Minutes": minutes(k.Limit())})
	verb, write := "install", installLine
	if over {
		verb, write = "repair", reinstallLine
	}
	err = r.run(ctx, run{verb: verb, version: k.Version, limit: k.Limit(), line: func(log string) string {
		return write(r.b.file(k), log, k.properties())
	}})
	return released(hold, err)
}

// remove removes a product. A product whose package Windows lost is given
// ours first. One that is gone already is what was wanted.
func (r *runner) remove(ctx context.Context, p Product, from *shelf.Ref) error {
	limit := kept{}.Limit()
	var k *kept
	if from != nil {
		found, err := r.b.readKept(r.j.Component, from.ID)
		if err != nil {
			return err
		}
		k, limit = &found, found.Limit()
	}
	r.j.Tell(CodeRemoving, map[string]string{"Component": r.j.Component, "Version": p.Version, "Minutes": minutes(limit)})
	removal := run{verb: "remove", version: p.Version, limit: limit, line: func(log string) string { return removeLine(p.Code, log) }}
	err := r.run(ctx, removal)
	if lost(err) && k != nil {
		if err := r.recache(ctx, *k); err != nil {
			return err
		}
		err = r.run(ctx, removal)
	}
	var e *Error
	if errors.As(err, &e) && e.Reason == CodeUnknown {
		return nil
	}
	return err
}

// lost reports whether Windows Installer misses the package of a product.
func lost(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Reason == CodeNoSource || e.Reason == CodeUnreadable)
}

// recache has Windows Installer take our package for the one it lost.
func (r *runner) recache(ctx context.Context, k kept) error {
	hold, err := r.b.service.Hold(r.b.file(k), k.SHA256, "")
	if err != nil {
		return err
	}
	r.j.Tell(CodeRecaching, map[string]string{"Component": r.j.Component, "Version": k.Version})
	err = r.run(ctx, run{verb: "recache", version: k.Version, limit: k.Limit(), line: func(log string) string {
		return recacheLine(r.b.file(k), log)
	}})
	return released(hold, err)
}

// released lets go of a package, unless Windows Installer still reads it: then
// it stays held until this process ends.
func released(hold io.Closer, err error) error {
	if errors.Is(err, ErrTime) {
		return err
	}
	return errors.Join(err, hold.Close())
}

// run is one run of msiexec.
type run struct {
	verb    string // names the log
	version string
	line    func(log string) string
	limit   time.Duration
}

// What another installation is waited for: longer each time, and in all some
// minutes. Whoever called deals with the rest, and so does the next scheduled
// run. What is left of a run of ours is over sooner as a rule.
const (
	firstLook = time.Second
	firstWait = 5 * time.Second
	mostWait  = 30 * time.Second
	allWait   = 10 * time.Minute
)

// queue is the wait for another installation.
type queue struct{ next, waited time.Duration }

// queue waits once more, unless it was long enough.
func (r *runner) queue(ctx context.Context, q *queue, version string) error {
	holder := r.b.service.Holder(ctx)
	if q.waited >= allWait {
		return &Error{Reason: CodeBusy, Component: r.j.Component, Version: version, Status: statusBusy, Holder: holder, Minutes: minutes(q.waited)}
	}
	r.j.Tell(CodeWaiting, map[string]string{"Component": r.j.Component, "Holder": holder, "Minutes": minutes(allWait - q.waited)})
	if err := r.b.service.Wait(ctx, q.next); err != nil {
		return err
	}
	q.waited += q.next
	q.next = min(2*q.next, mostWait)
	return nil
}

// free waits until Windows Installer works for nobody. An msiexec goes on when
// the process of ours that started it is ended, and what is installed in the
// meantime says nothing.
func (r *runner) free(ctx context.Context) error {
	for q := (queue{next: firstLook}); ; {
		working, err := r.b.service.Working(ctx, r.b.shelf.Path(r.b.logs.Name()))
		if err != nil {
			return fmt.Errorf("asking whether Windows Installer works: %w", err)
		}
		if !working {
			return nil
		}
		if err := r.queue(ctx, &q, r.j.From); err != nil {
			return err
		}
	}
}

// run runs msiexec until nobody else holds Windows Installer, and judges how
// it ended.
func (r *runner) run(ctx context.Context, c run) error {
	verb := c.verb
	if r.back {
		verb = "back-" + verb
	}
	log, err := r.b.logs.Begin(r.j.Component, verb)
	if err != nil {
		return err
	}
	for q := (queue{next: firstWait}); ; {
		status, err := r.work(ctx, c, log)
		if errors.Is(err, ErrTime) {
			return &Error{Reason: CodeTime, Component: r.j.Component, Version: c.version, Log: r.b.shelf.Path(log), Minutes: minutes(c.limit), Cause: err}
		}
		if err != nil {
			return fmt.Errorf("running Windows Installer for %q: %w", r.j.Component, err)
		}
		if status != statusBusy {
			return r.judge(c, status, log)
		}
		if err := r.queue(ctx, &q, c.version); err != nil {
			return err
		}
	}
}

// work runs msiexec once. Before it starts it is on the disk that it works,
// and forwards, that it has come back: what is installed when it was cut off
// in the middle cannot be told by looking.
func (r *runner) work(ctx context.Context, c run, log string) (uint32, error) {
	if err := r.working(true); err != nil {
		return 0, err
	}
	status, err := r.b.service.Run(ctx, c.line(r.b.shelf.Path(log)), c.limit)
	if err != nil || r.back {
		return status, err
	}
	return status, r.working(false)
}

func (r *runner) working(now bool) error {
	if r.phase == nil || r.phase.Working == now {
		return nil
	}
	r.phase.Working = now
	return r.b.shelf.SetPhase(r.j.ID, *r.phase)
}

// judge tells what an exit code means.
func (r *runner) judge(c run, status uint32, log string) error {
	switch status {
	case 0:
		return nil
	case statusReboot, statusRebooting:
		r.outcome.Reboot = true
		return nil
	}
	e := &Error{
		Reason: reasons[status], Component: r.j.Component, Version: c.version, Status: status, Log: r.b.shelf.Path(log),
	}
	if e.Reason == "" {
		e.Reason = CodeStatus
	}
	text, err := r.b.logs.Read(log)
	if err != nil {
		e.Cause = fmt.Errorf("reading what Windows Installer wrote: %w", err)
		return e
	}
	e.Failure = runlog.Failing(text)
	return e
}

func minutes(d time.Duration) string { return strconv.Itoa(int((d + time.Minute - 1) / time.Minute)) }
