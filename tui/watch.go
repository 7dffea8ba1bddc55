package tui

import (
	"context"
	"fmt"
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

// Watch shows a run while it goes on. It gives run the sink of its events,
// calls stop when the person at the keyboard asks to stop, and returns what
// run returned, after it returned: a screen that cannot be shown, or that
// ends early, changes nothing. When ctx is done the screen says so, and goes
// on until run returns. In the end the account of the run is written to Out
// as plain lines, so that it stays on the terminal.
func Watch(ctx context.Context, run func(sink event.Sink) error, stop func(), o Options) error {
	q := newQueue(o.Now)
	defer q.close()
	m := &watchModel{watch: newWatch(newFrame(o), o.Title, stop), q: q, autoQuit: o.AutoQuit}
	result := make(chan error, 1)
	go func() {
		err := run(q.sink)
		q.tell(ended{err})
		result <- err
	}()
	defer context.AfterFunc(ctx, func() { q.tell(cancelled{}) })()

	_ = show(m, q, o) // a screen that fails does not stop the run
	q.close()
	err := <-result
	transcript(o.Out, m.account.log, m.width)
	return err
}

// show runs a model on the terminal until it quits.
func show(m tea.Model, q *queue, o Options) error {
	program := tea.NewProgram(m,
		tea.WithInput(input(o.In, func() { q.tell(inputGone{}) })), tea.WithOutput(o.Out),
		tea.WithAltScreen(), tea.WithoutSignalHandler(), tea.WithFPS(30))
	if _, err := program.Run(); err != nil {
		return fmt.Errorf("showing the screen: %w", err)
	}
	return nil
}

// transcript writes a log as plain lines.
func transcript(w io.Writer, log []text.Entry, width int) {
	s := sheet{st: newStyles(Options{NoColor: true}), width: width}
	for _, e := range log {
		s.entry(e)
	}
	if len(s.lines) > 0 {
		_, _ = io.WriteString(w, strings.Join(s.lines, "\n")+"\n")
	}
}

// watchModel is the screen of Watch.
type watchModel struct {
	*watch
	q        *queue
	autoQuit bool
}

// Init asks for the first events.
func (m *watchModel) Init() tea.Cmd { return m.q.next }

// Update takes events, keys and sizes in.
func (m *watchModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyMsg:
		if m.over && m.leaves(msg) {
			return m, tea.Quit
		}
		return m, m.key(msg)
	case batch:
		for _, b := range msg {
			m.take(b)
		}
		m.settle()
		if m.over && (m.autoQuit || m.alone) {
			return m, tea.Quit
		}
		return m, m.q.next
	}
	return m, nil
}

// View is the screen as text.
func (m *watchModel) View() string { return m.view() }
