package tui

import (
	"fmt"
	"strings"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/tui/text"
)

// heading is the title of the page and its keys.
func (m *session) heading() (string, []hint) {
	p := m.p
	enter := p.Message("view-key-enter", nil)
	quit := hint{"q", p.Message("view-key-quit", nil)}
	back := hint{"Esc", p.Message("view-key-back", nil)}
	switch m.page {
	case failedPage:
		return p.Message("view-screen-failed", nil), []hint{{"r", p.Message("view-key-retry", nil)}, quit}
	case statePage:
		return p.Message("view-screen-state", nil), []hint{{enter, p.Message("view-key-plan", nil)}, quit}
	case planPage:
		next := hint{enter, p.Message("view-key-next", nil)}
		if m.loaded.Plan.Empty() {
			next.does = p.Message("view-key-close", nil)
		}
		return p.Message("view-screen-plan", nil), []hint{next, back, quit}
	case questionPage:
		title := p.Message("view-screen-question", map[string]string{
			"N": fmt.Sprint(m.question + 1), "Of": fmt.Sprint(len(m.questions())),
		})
		yes, no := "o", "n"
		if p.Lang() == text.English {
			yes = "y"
		}
		return title, []hint{{yes, p.Message("view-key-yes", nil)}, {no, p.Message("view-key-no", nil)}, back}
	case confirmPage:
		return p.Message("view-screen-confirm", nil), []hint{{enter, p.Message("view-key-begin", nil)}, back, quit}
	case loadingPage, runPage:
	}
	return p.Message("view-screen-loading", nil), []hint{quit}
}

// lines is the body of the page.
func (m *session) lines() []string {
	s := m.sheet()
	switch m.page {
	case loadingPage:
		s.text(0, m.p.Message("view-loading", nil))
	case failedPage:
		sentence, hint := m.p.Error(m.failure)
		e := text.Entry{Mark: text.MarkFail, Text: sentence}
		if hint != "" {
			e.More = []string{hint}
		}
		s.entry(e)
	case statePage:
		m.state(s)
	case planPage:
		m.plan(s)
	case questionPage:
		q := m.questions()[m.question]
		s.text(0, m.p.Message("view-question", nil))
		s.gap()
		m.reason(s, text.MarkWarn, q.step.Component, q.step.To, q.reason, nil)
		s.gap()
		s.text(0, m.p.Message("view-question-ask", nil))
	case confirmPage:
		m.confirm(s)
	case runPage:
	}
	return s.lines
}

// state is the machine, what is installed, and what is wrong with it.
func (m *session) state(s *sheet) {
	s.head(m.p.Message("view-head-machine", nil))
	var fields []text.Field
	for _, l := range m.loaded.Machine {
		fields = append(fields, text.Field{Label: m.p.Fact(l.Label), Value: m.p.Value(l.Value)})
	}
	s.fields(2, fields)
	s.head(m.p.Message("view-head-components", nil))
	if len(m.loaded.Components) == 0 {
		s.text(2, m.p.Message("view-components-none", nil))
	}
	for _, c := range m.loaded.Components {
		s.entry(m.component(c))
	}
	s.head(m.p.Message("view-head-findings", nil))
	if len(m.loaded.Findings) == 0 {
		s.entry(text.Entry{Mark: text.MarkOK, Text: m.p.Message("view-findings-none", nil)})
	}
	for i, f := range m.loaded.Findings {
		if i > 0 {
			s.gap()
		}
		m.finding(s, f)
	}
}

func (m *session) component(c Component) text.Entry {
	name := m.p.Value(m.title(c.Name))
	e := text.Entry{Mark: text.MarkOK, Text: name + " " + m.p.Version(c.Version)}
	if len(c.Versions) > 0 {
		e.Mark = text.MarkWarn
		e.Text += " - " + m.p.Message("view-versions", map[string]string{"Versions": strings.Join(c.Versions, ", ")})
	}
	switch {
	case c.Version == "":
		e.Mark = text.MarkWait
	case c.Damaged:
		e.Mark = text.MarkFail
		e.Text += " - " + m.p.Message("view-damaged", nil)
	}
	return e
}

func (m *session) finding(s *sheet, f diagnose.Finding) {
	s.entry(text.Entry{Mark: text.SeverityMark(f.Severity), Text: m.p.FindingTitle(f), More: []string{m.p.Text(f.Because)}})
	s.fields(indent, m.p.FindingFields(f))
}

// plan is what will be done, and what will not and why.
func (m *session) plan(s *sheet) {
	p := m.loaded.Plan
	if m.declined {
		s.entry(text.Entry{Mark: text.MarkInfo, Text: m.p.Message("view-declined", nil)})
		s.gap()
	}
	if p.Empty() {
		mark := text.MarkOK
		if p.Refused() {
			mark = text.MarkFail
		}
		s.entry(text.Entry{Mark: mark, Text: m.p.NoSteps(p)})
	} else {
		s.head(m.p.Count("view-plan-steps", len(p.Steps), nil))
		m.steps(s, true)
	}
	if len(p.Refusals) > 0 {
		s.head(m.p.Message("view-refused", nil))
	}
	for i, r := range p.Refusals {
		if i > 0 {
			s.gap()
		}
		for j, why := range r.Reasons {
			var more []text.Field
			if j == len(r.Reasons)-1 {
				more = m.p.Accepted(r, m.title(r.Component))
			}
			m.reason(s, text.MarkFail, r.Component, r.Version, why, more)
		}
	}
	if len(p.Warnings) > 0 {
		s.head(m.p.Message("view-warnings", nil))
	}
	for _, w := range p.Warnings {
		m.reason(s, text.MarkWarn, w.Component, w.Version, w.Reason, nil)
	}
}

// steps lists the changes, with the reason of each when why is set.
func (m *session) steps(s *sheet, why bool) {
	p := m.loaded.Plan
	for i, st := range p.Steps {
		line := m.p.Action(event.StepInfo{
			Action: string(st.Action), Component: st.Component, From: st.From, To: st.To,
		}, m.title)
		if why {
			st.For = m.title(st.For)
			line += " (" + m.p.Why(st) + ")"
		}
		s.number(i+1, line)
		if delta := m.p.Delta(st); delta != "" {
			s.text(5, delta)
		}
	}
	if size := m.p.Size(p); size != "" {
		s.text(5, size)
	}
}

// confirm repeats what will be done and says what a failure will mean.
func (m *session) confirm(s *sheet) {
	s.head(m.p.Count("view-confirm", len(m.loaded.Plan.Steps), nil))
	m.steps(s, false)
	s.gap()
	s.text(0, m.p.Message("view-confirm-safe", nil))
}

// reason is a sentence behind a mark with its fields below.
func (m *session) reason(s *sheet, mark text.Mark, component, version string, r plan.Reason, more []text.Field) {
	name := m.title(component)
	head := m.p.Value(name)
	if version != "" {
		head += " " + m.p.Value(version)
	}
	s.entry(text.Entry{Mark: mark, Text: head, More: []string{m.p.Because(m.titled(r), name, version)}})
	s.fields(indent, append(m.p.Reason(m.titled(r), name, version), more...))
}

// titled is a reason with the names that people use.
func (m *session) titled(r plan.Reason) plan.Reason {
	if r.Component != "" {
		r.Component = m.title(r.Component)
	}
	if r.Other != "" {
		r.Other = m.title(r.Other)
	}
	return r
}
