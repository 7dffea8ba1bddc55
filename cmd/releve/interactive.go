package main

import (
	"context"
	"fmt"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/tui"
)

// screen are the options of the terminal interface.
func (a *app) screen(autoQuit bool) tui.Options {
	return tui.Options{
		In: a.in, Out: a.out, Text: a.text, Now: a.now, AutoQuit: autoQuit,
		NoColor: a.env("NO_COLOR") != "",
		ASCII:   a.flags.ascii,
	}
}

// runInteractive leads a person through a request: state of the workstation,
// plan with refusals, confirmation, progress, result.
func (a *app) runInteractive(ctx context.Context, req plan.Request) error {
	return a.confirmed(ctx, func(ctx context.Context) (*work, func(), error) {
		return a.begin(ctx, req, event.Discard)
	})
}

// confirmed shows a plan, which begin makes, and applies it when the person
// says so.
func (a *app) confirmed(ctx context.Context, begin func(context.Context) (*work, func(), error)) error {
	var (
		w   *work
		end = func() {}
		res installer.Result
	)
	defer func() { end() }()
	result, err := tui.Run(ctx, tui.Session{
		Load: func(ctx context.Context) (loaded tui.Loaded, err error) {
			if w, end, err = begin(ctx); err != nil {
				return loaded, err
			}
			return a.loaded(w), nil
		},
		Apply: func(ctx context.Context, _ plan.Plan, sink event.Sink) (err error) {
			res, err = w.apply(ctx, sink)
			return err
		},
		Stop: func() { w.s.askToStop() },
	}, a.screen(false))
	if err != nil && !result.Applied {
		return w.conclude(res, err)
	}
	if !result.Applied {
		return a.notApplied(w)
	}
	return w.conclude(res, err)
}

// notApplied chooses the status of a session that changed nothing.
func (a *app) notApplied(w *work) error {
	switch {
	case w == nil:
		return nil
	case !w.plan.Empty():
		return statusError(exitChanges)
	case w.plan.Refused():
		return statusError(exitRefused)
	}
	return nil
}

// askToStop asks the engine to stop after the current step; once is enough.
func (s *session) askToStop() {
	s.stopOnce.Do(func() { close(s.stop) })
}

// loaded is what the first screens show.
func (a *app) loaded(w *work) tui.Loaded {
	l := tui.Loaded{
		Findings: diagnose.Run(w.manifest.Advisories(), w.facts.Lookup),
		Plan:     w.plan,
	}
	for _, path := range []string{"os.name", "os.version", "os.release", "arch.native", "session.kind", "galss.mode"} {
		if v, ok := w.facts.Lookup(path); ok {
			l.Machine = append(l.Machine, tui.Line{Label: path, Value: fmt.Sprint(v)})
		}
	}
	for _, name := range sortedKeys(w.installed) {
		c := tui.Component{Name: name, Version: w.installed[name].Version, Versions: versionsOf(w.facts, name)}
		if doc, ok := w.manifest.Component(name); ok {
			c.Title = a.text.Text(doc.Title)
		}
		l.Components = append(l.Components, c)
	}
	return l
}
