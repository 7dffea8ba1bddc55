package tui

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

// watch is the screen shown while runs go on and once they are over: the log,
// which scrolls; a line for each step; the transfer; what was asked of the
// engine.
type watch struct {
	frame
	account *account

	interrupt func() // asks the engine to stop; does not wait
	asked     int    // how often Ctrl-C was pressed
	outside   bool   // the program was asked to end from outside
	alone     bool   // no key will come any more
	over      bool   // the run returned

	lines  []string // the log, laid out
	shown  int      // how many entries lines holds
	result int      // the line on which the last result begins
}

func newWatch(f frame, title func(string) string, interrupt func()) *watch {
	return &watch{frame: f, account: newAccount(f.p, title), interrupt: interrupt}
}

// take applies a message of the queue; settle shows what it changed.
func (w *watch) take(m any) {
	switch m := m.(type) {
	case timed:
		w.account.apply(m.at, m.Event)
	case cancelled:
		w.outside, w.alone = true, true
	case inputGone:
		w.alone = true
	case ended:
		w.account.fail(m.err)
		w.over = true
	}
}

// settle lays the screen out after messages were taken: once for a batch,
// since that is the slow part.
func (w *watch) settle() {
	w.layout()
	if w.over && w.body.YOffset > w.result {
		w.body.SetYOffset(w.result) // a result is read from its beginning
	}
}

// key handles a key while the screen stays.
func (w *watch) key(m tea.KeyMsg) tea.Cmd {
	switch {
	case m.Type == tea.KeyCtrlC && !w.over:
		w.asked++
		w.layout()
		if w.asked == 1 {
			return func() tea.Msg { w.interrupt(); return nil }
		}
	case w.toggleHelp(m):
		w.layout()
		if !w.help {
			w.body.GotoBottom()
		}
	default:
		w.scroll(m)
	}
	return nil
}

// leaves says whether a key closes a screen that is over.
func (w *watch) leaves(m tea.KeyMsg) bool {
	if w.help {
		return m.Type == tea.KeyCtrlC
	}
	return key.Matches(m, key.NewBinding(key.WithKeys("q", "esc", "enter", "ctrl+c")))
}

func (w *watch) resize(width, height int) {
	w.frame.resize(width, height)
	w.lines, w.shown = nil, 0
	w.layout()
}

// layout fits the log into what the lines below it leave.
func (w *watch) layout() {
	if w.help {
		w.fill(w.helpLines(), len(w.foot()), false)
		return
	}
	s := w.sheet()
	s.lines = w.lines
	for _, e := range w.account.log[w.shown:] {
		if e.Result {
			w.result = len(s.lines)
		}
		s.entry(e)
	}
	w.lines, w.shown = s.lines, len(w.account.log)
	w.fill(s.lines, len(w.foot()), true)
}

func (w *watch) view() string {
	return w.render(w.heading(), w.count(), w.foot(), w.hints())
}

func (w *watch) heading() string {
	switch {
	case w.over && w.account.outcome == event.Reverted:
		return w.p.Message("view-screen-undone", nil)
	case w.over && (w.account.outcome == event.Stuck || w.account.failed):
		return w.p.Message("view-screen-failed", nil)
	case w.over:
		return w.p.Message("view-screen-over", nil)
	case w.asked > 0 || w.outside:
		return w.p.Message("view-screen-stopping", nil)
	}
	return w.p.Message("view-screen-running", nil)
}

func (w *watch) count() string {
	if len(w.account.steps) == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", w.account.finished(), len(w.account.steps))
}

func (w *watch) hints() []hint {
	if w.over {
		return []hint{{w.p.Message("view-key-enter", nil), w.p.Message("view-key-close", nil)}}
	}
	if w.asked > 0 || w.outside {
		return nil
	}
	return []hint{{"Ctrl+C", w.p.Message("view-key-stop", nil)}}
}

// foot are the lines below the log.
func (w *watch) foot() []string {
	var lines []string
	if len(w.account.steps) > 0 && !(w.over && w.height < 20) { // the log says it too
		lines = append(lines, w.ruler())
		lines = append(lines, w.table()...)
		if !w.over {
			lines = append(lines, w.transferLines()...)
		}
	}
	if s := w.notice(); s != "" {
		for _, l := range text.Wrap(s, w.width) {
			lines = append(lines, w.st.warn.Render(l))
		}
	}
	return lines
}

// notice is what was asked of the engine.
func (w *watch) notice() string {
	switch {
	case w.over:
		return ""
	case w.asked > 1:
		return w.p.Message("view-stopping-again", nil)
	case w.asked == 1 || w.outside:
		return w.p.Message("view-stopping", nil)
	}
	return ""
}

// table is a line for each step; where there are more steps than room, those
// around the current one.
func (w *watch) table() []string {
	steps := w.account.steps
	room := min(len(steps), max(1, (w.height-9)/2))
	first := min(max(0, w.account.current-room/2), len(steps)-room)
	wide := 0
	for _, s := range steps {
		wide = max(wide, ansi.StringWidth(w.p.Change(s.From, s.To)))
	}
	lines := make([]string, 0, room)
	for _, s := range steps[first : first+room] {
		lines = append(lines, w.row(s, wide))
	}
	return lines
}

// row is a step: mark, component, versions, which are wide cells, and the
// phase where there is room.
func (w *watch) row(s step, wide int) string {
	name := w.p.Value(w.account.title(s.Component))
	change := w.p.Change(s.From, s.To)
	rest := w.width - indent
	if w.width < 60 {
		wide = min(wide, rest*2/3)
		return w.st.mark(s.mark) + " " + text.Pad(name, rest-wide-1) + " " + text.Fit(change, wide)
	}
	phase := ""
	if s.phase != "" {
		phase = w.p.Phase(s.phase)
	}
	wide = min(wide, rest/3)
	third := rest / 3
	return w.st.mark(s.mark) + " " + text.Pad(name, third-1) + " " + text.Pad(change, wide) + "  " +
		w.st.dim.Render(text.Fit(phase, rest-third-wide-2))
}

// transferLines keep their number while the run goes on, so that the log
// above them does not jump.
func (w *watch) transferLines() []string {
	count := 2
	if w.width < 72 {
		count = 3
	}
	lines := make([]string, count)
	t := &w.account.transfer
	if !t.on {
		return lines
	}
	lines[0] = w.st.bar(t.done, t.total, w.width)
	words := w.p.Progress(t.done, t.total, &t.meter)
	if count == 2 {
		words = w.p.Phase(t.phase) + " " + words
	}
	for i, l := range text.Wrap(words, w.width) {
		if i+1 < count {
			lines[i+1] = l
		}
	}
	return lines
}
