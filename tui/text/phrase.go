package text

import (
	"time"

	"github.com/releve-sante/releve/installer/event"
)

// Action says what a step does: "Install Cryptolib CPS 5.1.5".
func (p *Printer) Action(s event.StepInfo, title func(string) string) string {
	id := "event-action"
	switch s.Action {
	case "install":
		id = "event-action-install"
	case "update":
		id = "event-action-update"
	case "downgrade":
		id = "event-action-downgrade"
	case "repair":
		id = "event-action-repair"
	case "uninstall":
		id = "event-action-uninstall"
	case "rollback":
		id = "event-action-rollback"
		switch {
		case s.To == "":
			id = "event-action-rollback-absent"
		case s.From == "":
			id = "event-action-rollback-removed"
		}
	}
	return p.Message(id, map[string]string{
		"Action":    s.Action,
		"Component": title(s.Component),
		"From":      p.Version(s.From),
		"To":        p.Version(s.To),
	})
}

// Change is the short form of a step's versions, for a table: "5.1.5",
// "5.1.5 → 5.1.8", "5.1.5 → absent".
func (p *Printer) Change(from, to string) string {
	switch {
	case from == "":
		return p.Version(to)
	case from == to:
		return p.Version(from)
	}
	return p.fold(p.Version(from) + " → " + p.Version(to))
}

// Version is a version as its publisher writes it; "" is "not installed", and
// a feature of Windows, which has no version, comes with Windows.
func (p *Printer) Version(v string) string {
	switch v {
	case "":
		return p.Message("view-absent", nil)
	case "installed": // as package capability has it
		return p.Message("view-of-windows", nil)
	}
	return p.Value(v)
}

// Phase is what a step is doing, as a noun: "download".
func (p *Printer) Phase(ph event.Phase) string {
	switch ph {
	case event.Fetch:
		return p.Message("event-phase-fetch", nil)
	case event.Kit:
		return p.Message("event-phase-kit", nil)
	case event.Apply:
		return p.Message("event-phase-apply", nil)
	case event.Detect:
		return p.Message("event-phase-detect", nil)
	case event.Probe:
		return p.Message("event-phase-probe", nil)
	case event.Commit:
		return p.Message("event-phase-commit", nil)
	case event.Revert:
		return p.Message("event-phase-revert", nil)
	}
	return p.Value(string(ph))
}

// Outcome is the sentence that closes a run.
func (p *Printer) Outcome(o event.Outcome) string {
	switch o {
	case event.Done:
		return p.Message("event-outcome-done", nil)
	case event.Nothing:
		return p.Message("event-outcome-nothing", nil)
	case event.Reverted:
		return p.Message("event-outcome-reverted", nil)
	case event.Stuck:
		return p.Message("event-outcome-stuck", nil)
	case event.Undone:
		return p.Message("event-outcome-undone", nil)
	case event.Completed:
		return p.Message("event-outcome-completed", nil)
	}
	return p.Value(string(o))
}

// OutcomeMark is the mark of an outcome.
func OutcomeMark(o event.Outcome) Mark {
	switch o {
	case event.Reverted, event.Undone:
		return MarkBack
	case event.Stuck:
		return MarkFail
	case event.Done, event.Nothing, event.Completed:
	}
	return MarkOK
}

// Progress is the state of a transfer in words: "45 %, 5,5 Mo of 12,3 Mo,
// 3,1 Mo/s, 2 s left". What is not known is left out.
func (p *Printer) Progress(done, total int64, m *Meter) string {
	s := p.Bytes(done)
	if total > 0 {
		s = p.Message("event-progress", map[string]string{
			"Percent": p.Percent(done, total), "Done": p.Bytes(done), "Total": p.Bytes(total),
		})
	}
	if rate := p.Rate(m.Rate()); rate != "" {
		s += ", " + rate
	}
	if left, ok := m.Remaining(total); ok && done < total {
		s += ", " + p.Message("event-remaining", map[string]string{"Left": p.Duration(max(left.Round(time.Second), time.Second))})
	}
	return s
}
