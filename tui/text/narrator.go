package text

import (
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/event"
)

// Mark is the word in front of an entry. Marks are the same in both
// languages, four letters wide, and colour only repeats them.
type Mark string

// The marks.
const (
	MarkOK   Mark = "[ ok ]"
	MarkBusy Mark = "[ .. ]"
	MarkFail Mark = "[fail]"
	MarkBack Mark = "[back]"
	MarkWarn Mark = "[warn]"
	MarkInfo Mark = "[info]"
	MarkWait Mark = "[    ]"
	MarkHead Mark = "=====>"
)

// Entry is one line of the account of a run.
type Entry struct {
	Mark   Mark
	Text   string
	More   []string // lines that belong to it: a cause, a remedy, a version
	Result bool     // it says how a run ended
}

// Narrator tells the story of runs, event by event. The plain lines and the
// log on the screen both come from it, so they say the same.
type Narrator struct {
	p     *Printer
	title func(string) string
	steps []event.StepInfo
}

// NewNarrator returns a narrator. title gives the name of a component as
// people know it; nil leaves the names as they are.
func NewNarrator(p *Printer, title func(string) string) *Narrator {
	if title == nil {
		title = func(name string) string { return name }
	}
	return &Narrator{p: p, title: title}
}

// Tell gives the entries of one event: none for phases and progress, which
// are states and not news.
func (n *Narrator) Tell(e event.Event) []Entry {
	switch e := e.(type) {
	case event.Started:
		n.steps = e.Steps
		return n.started(e)
	case event.StepStarted:
		return one(MarkBusy, n.p.Action(n.Step(e.Step), n.title))
	case event.StepDone:
		return one(MarkOK, n.stepDone(e))
	case event.StepFailed:
		return one(MarkFail, n.p.Message("event-step-failed", map[string]string{
			"Component": n.Component(e.Step),
			"Phase":     n.p.Phase(e.Phase),
			"Failure":   n.p.Message(e.Failure.Code, e.Failure.Args),
		}))
	case event.Reverting:
		return one(MarkBusy, n.p.Message("event-reverting", n.args(e.Step, "")))
	case event.StepReverted:
		id := "event-step-reverted"
		if e.Version == "" {
			id = "event-step-reverted-absent"
		}
		return one(MarkBack, n.p.Message(id, n.args(e.Step, e.Version)))
	case event.Retrying:
		return one(MarkWarn, n.retrying(e))
	case event.DeltaUsed:
		args := n.args(e.Step, n.Step(e.Step).To)
		args["Difference"] = n.p.Difference(e.From, e.Bytes, e.Full)
		return one(MarkInfo, n.p.Message("event-delta-used", args))
	case event.SettingRestored:
		args := n.args(e.Step, "")
		args["Path"] = e.Path
		return one(MarkInfo, n.p.Message("event-setting-restored", args))
	case event.Told:
		args := n.args(e.Step, "")
		maps.Copy(args, e.Args)
		return one(MarkInfo, n.p.Message(e.Code, args))
	case event.Notice:
		return []Entry{n.notice(e)}
	case event.Finished:
		return []Entry{n.finished(e)}
	case event.PhaseStarted, event.Progress:
	}
	return nil
}

// Step is what Started said of step i; zero when it said nothing.
func (n *Narrator) Step(i int) event.StepInfo {
	if i < 0 || i >= len(n.steps) {
		return event.StepInfo{}
	}
	return n.steps[i]
}

func (n *Narrator) started(e event.Started) []Entry {
	if len(e.Steps) == 0 {
		return nil
	}
	var total int64
	for _, s := range e.Steps {
		total += s.Bytes
	}
	text := n.p.Count("event-started", len(e.Steps), nil)
	if total > 0 {
		text = n.p.Count("event-started-bytes", len(e.Steps), map[string]string{"Bytes": n.p.Bytes(total)})
	}
	return one(MarkInfo, text)
}

func (n *Narrator) retrying(e event.Retrying) string {
	args := n.args(e.Step, "")
	args["Mirror"], args["Failure"] = e.Mirror, n.p.Message(e.Failure.Code, e.Failure.Args)
	return n.p.Message("event-retrying", args)
}

func (n *Narrator) stepDone(e event.StepDone) string {
	id := "event-step-done"
	if e.Version == "" {
		id = "event-step-removed"
	}
	args := n.args(e.Step, e.Version)
	args["Took"] = n.p.Duration(e.Took)
	return n.p.Message(id, args)
}

func (n *Narrator) notice(e event.Notice) Entry {
	mark := MarkInfo
	switch e.Level {
	case event.Chapter:
		mark = MarkHead
	case event.Claim:
		mark = MarkOK
	case event.Warn:
		mark = MarkWarn
	case event.Note:
	}
	entry := Entry{Mark: mark, Text: n.p.Message(e.Code, e.Args)}
	if hint := n.p.Hint(e.Code, e.Args); hint != "" {
		entry.More = []string{hint}
	}
	return entry
}

func (n *Narrator) finished(e event.Finished) Entry {
	entry := Entry{Mark: OutcomeMark(e.Outcome), Text: n.p.Outcome(e.Outcome), Result: true}
	if e.Failure != nil {
		entry.More = append(entry.More, n.p.Message("event-cause", map[string]string{
			"Failure": n.p.Message(e.Failure.Code, e.Failure.Args),
		}))
		if hint := n.p.Hint(e.Failure.Code, e.Failure.Args); hint != "" {
			entry.More = append(entry.More, hint)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Installed)) {
		entry.More = append(entry.More, n.p.Value(n.title(name))+" "+n.p.Version(e.Installed[name]))
	}
	if e.Reboot {
		entry.More = append(entry.More, n.p.Message("event-reboot", nil))
	}
	return entry
}

// Component is what people call the component of step i.
func (n *Narrator) Component(i int) string { return n.title(n.Step(i).Component) }

func (n *Narrator) args(i int, version string) map[string]string {
	if version != "" { // sentences about none say so themselves
		version = n.p.Version(version)
	}
	return map[string]string{"Component": n.Component(i), "Version": version}
}

func one(m Mark, text string) []Entry { return []Entry{{Mark: m, Text: text}} }
