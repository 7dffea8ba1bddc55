package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/releve-sante/releve/installer/plan"
)

func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

// at is a session on a page.
func at(t *testing.T, keys ...string) *session {
	t.Helper()
	m := newTestSession(Options{Text: printer(t, "en"), Now: morning, NoColor: true})
	m.Update(batch{loaded{Loaded: sampleLoaded()}})
	for _, k := range keys {
		m.Update(press(k))
	}
	return m
}

func TestKeysLeadFromPageToPage(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		want page
	}{
		{name: "state-first", want: statePage},
		{name: "enter-shows-the-plan", keys: []string{"enter"}, want: planPage},
		{name: "esc-goes-back", keys: []string{"enter", "esc"}, want: statePage},
		{name: "unknown-conditions-are-asked", keys: []string{"enter", "enter"}, want: questionPage},
		{name: "enter-answers-no-question", keys: []string{"enter", "enter", "enter"}, want: questionPage},
		{name: "no-returns-to-the-plan", keys: []string{"enter", "enter", "n"}, want: planPage},
		{name: "yes-in-english", keys: []string{"enter", "enter", "y"}, want: confirmPage},
		{name: "yes-in-french", keys: []string{"enter", "enter", "o"}, want: confirmPage},
		{name: "confirmation-can-be-left", keys: []string{"enter", "enter", "y", "esc"}, want: planPage},
		{name: "other-keys-confirm-nothing", keys: []string{"enter", "enter", "y", "x", "y", "pgdown"}, want: confirmPage},
		{name: "enter-confirms", keys: []string{"enter", "enter", "y", "enter"}, want: runPage},
		{name: "help-takes-no-answer", keys: []string{"enter", "enter", "?", "y"}, want: questionPage},
		{name: "esc-closes-help-first", keys: []string{"enter", "?", "esc"}, want: planPage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := at(t, tt.keys...).page; got != tt.want {
				t.Errorf("after %v the page is %d, want %d", tt.keys, got, tt.want)
			}
		})
	}
}

func TestLeaving(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		key  string
		want bool
	}{
		{name: "q-on-the-state", key: "q", want: true},
		{name: "esc-on-the-first-page", key: "esc", want: true},
		{name: "ctrl-c-on-the-plan", keys: []string{"enter"}, key: "ctrl+c", want: true},
		{name: "ctrl-c-in-help", keys: []string{"?"}, key: "ctrl+c", want: true},
		{name: "q-during-the-run", keys: []string{"enter", "enter", "y", "enter"}, key: "q"},
		{name: "esc-during-the-run", keys: []string{"enter", "enter", "y", "enter"}, key: "esc"},
		{name: "ctrl-c-during-the-run", keys: []string{"enter", "enter", "y", "enter"}, key: "ctrl+c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, cmd := at(t, tt.keys...).Update(press(tt.key))
			if got := quits(cmd); got != tt.want {
				t.Errorf("%q after %v quits: %v, want %v", tt.key, tt.keys, got, tt.want)
			}
		})
	}
}

func TestHelpNamesOnlyTheKeysThatWorkInIt(t *testing.T) {
	m := at(t, "enter", "?")
	view := m.View()
	if !strings.Contains(view, "Esc close") || strings.Contains(view, "q quit") {
		t.Errorf("the last line of the help:\n%s", view)
	}
}

func TestApplyIsCalledOnceAndOnlyAfterConfirmation(t *testing.T) {
	applied := 0
	m := newSession(newFrame(Options{Text: printer(t, "en")}), Options{}, func() {}, func(plan.Plan) { applied++ }, func() {})
	m.q = newQueue(morning)
	m.Update(batch{loaded{Loaded: sampleLoaded()}})
	for _, k := range []string{"enter", "enter", "enter", "y", "x"} {
		if _, cmd := m.Update(press(k)); cmd != nil {
			cmd()
		}
	}
	if applied != 0 {
		t.Fatalf("Apply was called %d times before the confirmation", applied)
	}
	for range 3 {
		if _, cmd := m.Update(press("enter")); cmd != nil {
			cmd()
		}
	}
	if applied != 1 {
		t.Errorf("Apply was called %d times, want once", applied)
	}
}

func TestEmptyPlanHasNothingToConfirm(t *testing.T) {
	m := at(t)
	l := sampleLoaded()
	l.Plan.Steps = nil
	m.Update(batch{loaded{Loaded: l}})
	m.Update(press("enter"))
	if _, cmd := m.Update(press("enter")); !quits(cmd) {
		t.Error("enter on a plan without steps does not leave")
	}
}

func TestAcceptedBeforehandIsNotAsked(t *testing.T) {
	m := at(t)
	l := sampleLoaded()
	l.Plan.Request.AllowUnknown = true
	m.Update(batch{loaded{Loaded: l}})
	m.Update(press("enter"))
	m.Update(press("enter"))
	if m.page != confirmPage {
		t.Errorf("the page is %d, want the confirmation", m.page)
	}
}

func TestCtrlCAsksOnce(t *testing.T) {
	asked := 0
	o := Options{Text: printer(t, "en"), Now: morning, NoColor: true, Width: 80, Height: 24}
	m := &watchModel{watch: newWatch(newFrame(o), nil, func() { asked++ }), q: newQueue(morning)}
	m.Update(batch(downloading()))
	for i, want := range []string{
		"Stopping after this step; what was done will be undone.",
		"The stop is already asked for.",
		"The stop is already asked for.",
	} {
		_, cmd := m.Update(press("ctrl+c"))
		if cmd != nil {
			cmd()
		}
		if view := m.View(); !strings.Contains(view, want) {
			t.Errorf("after Ctrl-C number %d the screen does not say %q:\n%s", i+1, want, view)
		}
	}
	if asked != 1 {
		t.Errorf("the engine was asked %d times, want once", asked)
	}
	m.Update(batch{ended{}})
	if view := m.View(); strings.Contains(view, "Stopping") {
		t.Errorf("a run that is over is still said to be stopping:\n%s", view)
	}
	if _, cmd := m.Update(press("enter")); !quits(cmd) {
		t.Error("enter does not close a run that is over")
	}
}

func TestScrollingBackIsNotUndoneByEvents(t *testing.T) {
	o := Options{Text: printer(t, "en"), Now: morning, NoColor: true, Width: 40, Height: 15}
	m := &watchModel{watch: newWatch(newFrame(o), nil, func() {}), q: newQueue(morning)}
	m.Update(batch(downloading()))
	for range 20 {
		m.Update(batch(downloading()[3:4]))
	}
	if !m.body.AtBottom() {
		t.Fatal("the log does not follow its end")
	}
	for range 10 {
		m.Update(press("up"))
	}
	was := m.body.YOffset
	m.Update(batch(downloading()[3:4]))
	if m.body.YOffset != was {
		t.Errorf("an event moved the log from line %d to %d while it was being read", was, m.body.YOffset)
	}
	m.Update(press("end"))
	m.Update(batch(downloading()[3:4]))
	if !m.body.AtBottom() {
		t.Error("the log does not follow its end again")
	}
}

func TestResizeKeepsTheLog(t *testing.T) {
	o := Options{Text: printer(t, "en"), Now: morning, NoColor: true}
	m := &watchModel{watch: newWatch(newFrame(o), nil, func() {}), q: newQueue(morning)}
	m.Update(batch(downloading()))
	for _, size := range []tea.WindowSizeMsg{{Width: 40, Height: 15}, {Width: 120, Height: 50}, {Width: 1, Height: 1}, {Width: 80, Height: 24}} {
		m.Update(size)
		m.View()
	}
	if view := m.View(); !strings.Contains(view, "cryptolib-cps 5.1.5 is in place") {
		t.Errorf("after resizing, the log is gone:\n%s", view)
	}
}

// TestHostileStringsStayOnTheirLine puts control characters, escapes and
// bidirectional overrides wherever a server or a machine can put a string.
func TestHostileStringsStayOnTheirLine(t *testing.T) {
	const evil = "x\x1b]0;t\x07\x1b[2J\r\n[ ok ] done\u202E\u009b31m\u200b"
	l := sampleLoaded()
	l.Machine = []Line{{evil, evil}}
	l.Components[1] = Component{Name: evil, Title: evil, Version: evil}
	f := &l.Findings[0]
	f.ID, f.Source, f.Title.EN, f.Because.EN, f.Reasons[0].Actual = evil, evil, evil, evil, evil
	f.Remedies[0].Command, f.Remedies[0].Text.EN = evil, evil
	l.Plan.Steps[2].Component, l.Plan.Steps[2].To, l.Plan.Steps[0].Why = evil, evil, evil
	r := &l.Plan.Refusals[0]
	r.Component, r.Version, r.Accepted = evil, evil, evil
	r.Reasons[0].Code, r.Reasons[0].Actual, r.Reasons[0].Because.EN, r.Reasons[0].Source = evil, evil, evil, evil
	for _, height := range []int{15, 100} {
		o := Options{Text: printer(t, "en"), Now: morning, NoColor: true, Width: 80, Height: height}
		m := newTestSession(o)
		m.Update(batch{loaded{Loaded: l}})
		for i, k := range []string{"x", "enter", "enter", "y", "enter"} {
			m.Update(press(k))
			checkScreen(t, i, m.View(), o)
			for _, line := range strings.Split(m.View(), "\n") {
				if strings.HasPrefix(line, "[ ok ] done") || strings.Contains(line, "\u202E") {
					t.Errorf("a string from outside made the line %q", line)
				}
			}
		}
	}
}
