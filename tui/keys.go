package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/releve-sante/releve/installer/plan"
)

// key handles a key of a session. Ctrl-C leaves everywhere but during the
// change, where it asks to stop.
func (m *session) key(k tea.KeyMsg) tea.Cmd {
	if m.page == runPage {
		if m.run.over && m.run.leaves(k) {
			return tea.Quit
		}
		return m.run.key(k)
	}
	if k.Type == tea.KeyCtrlC {
		return tea.Quit
	}
	if m.toggleHelp(k) {
		m.layout()
		return nil
	}
	if m.help || m.scroll(k) {
		return nil
	}
	switch k.String() {
	case "q":
		return tea.Quit
	case "esc":
		return m.back()
	case "enter":
		return m.forward()
	case "r":
		if m.page == failedPage {
			m.open(loadingPage)
			return func() tea.Msg { m.load(); return nil }
		}
	}
	if m.page == questionPage {
		return m.answer(strings.ToLower(k.String()))
	}
	return nil
}

// back is the page before, or the way out.
func (m *session) back() tea.Cmd {
	switch m.page {
	case planPage:
		m.open(statePage)
	case questionPage, confirmPage:
		m.open(planPage)
	case loadingPage, failedPage, statePage, runPage:
		return tea.Quit
	}
	return nil
}

// forward is the page after; on the last one it begins the change.
func (m *session) forward() tea.Cmd {
	switch m.page {
	case failedPage:
		return tea.Quit
	case statePage:
		m.open(planPage)
	case planPage:
		return m.decide()
	case confirmPage:
		return m.begin()
	case loadingPage, questionPage, runPage: // a question wants a yes or a no
	}
	return nil
}

// decide leads from the plan to what has to be answered first.
func (m *session) decide() tea.Cmd {
	if m.loaded.Plan.Empty() {
		return tea.Quit
	}
	m.question, m.declined = 0, false
	if len(m.questions()) > 0 {
		m.open(questionPage)
		return nil
	}
	m.open(confirmPage)
	return nil
}

// answer takes yes or no, in the letter of either language.
func (m *session) answer(k string) tea.Cmd {
	switch k {
	case "o", "y":
		m.question++
		if m.question == len(m.questions()) {
			m.open(confirmPage)
			return nil
		}
		m.open(questionPage)
	case "n":
		m.declined = true
		m.open(planPage)
	}
	return nil
}

// begin starts the change and opens its screen.
func (m *session) begin() tea.Cmd {
	m.run = newWatch(m.frame, m.title, m.stop)
	m.run.alone = m.alone
	m.run.layout()
	m.page = runPage
	p := m.loaded.Plan
	return func() tea.Msg { m.apply(p); return nil }
}

// asked is one question: a condition of a step that nobody knows to hold.
type asked struct {
	step   plan.Step
	reason plan.Reason
}

func (m *session) questions() []asked {
	var all []asked
	if m.loaded.Plan.Request.AllowUnknown {
		return nil
	}
	for _, s := range m.loaded.Plan.Steps {
		for _, r := range s.Questions {
			all = append(all, asked{s, r})
		}
	}
	return all
}

// title is what people call a component.
func (m *session) title(name string) string {
	for _, c := range m.loaded.Components {
		if c.Name == name && c.Title != "" {
			return c.Title
		}
	}
	if m.o.Title != nil {
		return m.o.Title(name)
	}
	return name
}
