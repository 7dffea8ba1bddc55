package tui

import (
	"time"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

// account is what is known of the runs that a screen shows. It is changed by
// events only.
type account struct {
	p     *text.Printer
	tell  *text.Narrator
	title func(string) string

	log      []text.Entry
	steps    []step
	current  int // the step that an event named last
	transfer transfer
	outcome  event.Outcome // of the last run that finished
	told     bool          // the failure of that run is in the log
	failed   bool          // a failure that no run told is in the log
}

// step is the state of one step of the run.
type step struct {
	event.StepInfo
	mark  text.Mark
	phase event.Phase // "" when nothing is going on
}

// transfer is the download or the staging that is going on.
type transfer struct {
	on          bool
	step        int
	phase       event.Phase
	done, total int64
	meter       text.Meter
}

func newAccount(p *text.Printer, title func(string) string) *account {
	if title == nil {
		title = func(name string) string { return name }
	}
	return &account{p: p, title: title, tell: text.NewNarrator(p, title)}
}

// apply takes one event in. Beginnings are shown by the table of steps and so
// do not go into the log.
func (a *account) apply(at time.Time, e event.Event) {
	for _, entry := range a.tell.Tell(e) {
		if entry.Mark != text.MarkBusy {
			a.log = append(a.log, entry)
		}
	}
	switch e := e.(type) {
	case event.Started:
		a.start(e)
	case event.StepStarted:
		a.set(e.Step, text.MarkBusy, "")
	case event.PhaseStarted:
		a.set(e.Step, text.MarkBusy, e.Phase)
		a.transfer = transfer{}
	case event.Progress:
		a.progress(at, e)
	case event.StepDone:
		a.set(e.Step, text.MarkOK, "")
		a.transfer = transfer{}
	case event.StepFailed:
		a.set(e.Step, text.MarkFail, e.Phase)
		a.transfer = transfer{}
	case event.Reverting:
		a.set(e.Step, text.MarkBusy, event.Revert)
	case event.StepReverted:
		a.set(e.Step, text.MarkBack, "")
	case event.Finished:
		a.transfer = transfer{}
		a.outcome, a.told = e.Outcome, e.Failure != nil
	case event.Retrying, event.DeltaUsed, event.SettingRestored, event.Told, event.Notice:
	}
}

func (a *account) start(e event.Started) {
	a.steps, a.current, a.transfer, a.told = nil, 0, transfer{}, false
	for _, s := range e.Steps {
		a.steps = append(a.steps, step{StepInfo: s, mark: text.MarkWait})
	}
}

func (a *account) set(i int, m text.Mark, phase event.Phase) {
	if i < 0 || i >= len(a.steps) {
		return
	}
	a.current = i
	a.steps[i].mark, a.steps[i].phase = m, phase
}

func (a *account) progress(at time.Time, e event.Progress) {
	t := &a.transfer
	if !t.on || t.step != e.Step || t.phase != e.Phase {
		*t = transfer{on: true, step: e.Step, phase: e.Phase}
		a.set(e.Step, text.MarkBusy, e.Phase)
	}
	t.done, t.total = e.Done, e.Total
	t.meter.Add(at, e.Done)
}

// fail puts into the log why a run could not even begin; a failure that the
// run told itself is not told twice.
func (a *account) fail(err error) {
	if err == nil || a.told {
		return
	}
	sentence, hint := a.p.Error(err)
	entry := text.Entry{Mark: text.MarkFail, Text: sentence, Result: true}
	if hint != "" {
		entry.More = []string{hint}
	}
	a.log, a.failed = append(a.log, entry), true
}

// finished counts the steps that nothing more will happen to.
func (a *account) finished() int {
	n := 0
	for _, s := range a.steps {
		if s.mark != text.MarkWait && s.mark != text.MarkBusy {
			n++
		}
	}
	return n
}
