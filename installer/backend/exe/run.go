package exe

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/runlog"
)

// verb names a log.
func verb(does string, forwards bool) string {
	if forwards {
		return does
	}
	return "back-" + does
}

// run runs a command, whose log is called by verb, and judges how it ended.
func (b *Backend) run(ctx context.Context, j backend.Job, c Command, k kept, verb string) (backend.Outcome, error) {
	temp, err := b.makeTemp(j.ID)
	if err != nil {
		return backend.Outcome{}, err
	}
	c.Temp = b.shelf.Path(path.Join(temp, tempName))
	var log string
	if wantsLog(c.Arguments) {
		if log, err = b.logs.Begin(j.Component, verb); err != nil {
			return backend.Outcome{}, err
		}
		c.Arguments = withLog(c.Arguments, b.shelf.Path(log))
	}
	result, err := b.system.Run(ctx, c)
	out, err := k.outcome(j.Component, c, result, err)
	var e *Error
	if errors.As(err, &e) {
		b.explain(e, log, verb, temp)
	}
	if left := b.leaveTemp(ctx, temp, result.Stayed); left != nil {
		return out, errors.Join(err, left)
	}
	return out, err
}

// outcome tells what the end of a command means.
func (k kept) outcome(component string, c Command, result Result, err error) (backend.Outcome, error) {
	program := c.File
	if c.Digest != "" { // the copy goes with the job
		program = k.File
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return backend.Outcome{}, &Error{Reason: CodeTime, Component: component, Program: program, Minutes: minutes(c.Limit), Cause: err}
	case err != nil:
		return backend.Outcome{}, fmt.Errorf("running %q: %w", c.File, err)
	}
	return k.judge(component, program, result)
}

// explain adds to a failure what the program wrote about it: into the log that
// it was given, else into one of its own among its temporary files, which is
// kept in the place of the other.
func (b *Backend) explain(e *Error, log, verb, temp string) {
	var text string
	var err error
	if log != "" {
		text, err = b.logs.Read(log)
	}
	if own := b.ownLog(path.Join(temp, tempName)); text == "" && err == nil && own != "" {
		if log, err = b.logs.Begin(e.Component, verb); err == nil {
			err = b.dir.Rename(own, log)
		}
		if err == nil {
			text, err = b.logs.Read(log)
		}
	}
	if err != nil {
		e.Cause = errors.Join(e.Cause, fmt.Errorf("reading what the program wrote: %w", err))
	}
	if text != "" {
		e.Log, e.Failure = b.shelf.Path(log), runlog.Why(text)
	}
}

// ownLog is the log in a folder that was written last, "" for none.
func (b *Backend) ownLog(folder string) string {
	entries, err := b.dir.ReadDir(folder)
	if err != nil { // it was the program's to remove
		return ""
	}
	var last string
	var at time.Time
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.EqualFold(path.Ext(e.Name()), ".log") {
			continue
		}
		if info, err := e.Info(); err == nil && !info.ModTime().Before(at) {
			last, at = path.Join(folder, e.Name()), info.ModTime()
		}
	}
	return last
}
