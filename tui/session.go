package tui

import (
	"context"
	"sync"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/releve-sante/releve/installer/plan"
)

// Run leads a person through a change: the state of the workstation, the plan
// with what is refused, the questions that nobody can answer for them, the
// confirmation, the progress, the result. Leaving before the confirmation
// changes nothing. It returns when the person left and Apply, if it was
// called, returned. The error is what Load or Apply returned, or a
// *ScreenError.
func Run(ctx context.Context, s Session, o Options) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q := newQueue(o.Now)
	defer q.close()
	w := &worker{ctx: ctx, s: s, q: q}
	m := newSession(newFrame(o), o, w.load, w.apply, s.Stop)
	m.q = q
	defer context.AfterFunc(ctx, func() { q.tell(cancelled{}) })()

	shown := show(m, q, o)
	q.close()
	result := Result{Applied: w.close()}
	if !result.Applied {
		cancel() // a Load that nobody waits for any more
	}
	w.work.Wait()
	if m.run != nil {
		result.Outcome = m.run.account.outcome
		transcript(o.Out, m.run.account.log, m.width)
	}
	switch {
	case result.Applied:
		return result, w.err
	case shown != nil:
		return result, &ScreenError{Cause: shown}
	}
	return result, m.failure
}

// worker calls the functions of a session in goroutines, and can be waited
// for when the screen is gone.
type worker struct {
	ctx context.Context // of the one session it works for
	s   Session
	q   *queue

	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool  // nothing may begin any more
	began  bool  // Apply was called
	err    error // of Apply; read after wait
}

// loaded is what Load returned.
type loaded struct {
	Loaded
	err error
}

func (w *worker) load() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.work.Go(func() {
		l, err := w.s.Load(w.ctx)
		w.q.tell(loaded{l, err})
	})
}

func (w *worker) apply(p plan.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.began {
		return
	}
	w.began = true
	w.work.Go(func() {
		w.err = w.s.Apply(w.ctx, p, w.q.sink)
		w.q.tell(ended{w.err})
	})
}

// close lets nothing begin any more, and says whether Apply was called.
func (w *worker) close() (applied bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	return w.began
}

// page is a screen of a session.
type page int

const (
	loadingPage page = iota
	failedPage
	statePage
	planPage
	questionPage
	confirmPage
	runPage
)

// session is the model of Run.
type session struct {
	frame
	o     Options
	q     *queue
	load  func()          // starts loading; does not wait
	apply func(plan.Plan) // starts the change; does not wait
	stop  func()

	page     page
	loaded   Loaded
	failure  error
	question int  // which question is asked
	declined bool // the last one was answered no
	alone    bool // no key will come any more
	run      *watch
}

func newSession(f frame, o Options, load func(), apply func(plan.Plan), stop func()) *session {
	m := &session{frame: f, o: o, load: load, apply: apply, stop: stop}
	m.layout()
	return m
}

// Init begins to load.
func (m *session) Init() tea.Cmd {
	return tea.Batch(m.q.next, func() tea.Msg { m.load(); return nil })
}

// Update takes messages of the queue, keys and sizes in.
func (m *session) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
		if m.run != nil {
			m.run.resize(msg.Width, msg.Height)
		}
		m.layout()
	case tea.KeyMsg:
		return m, m.key(msg)
	case batch:
		for _, b := range msg {
			m.take(b)
		}
		if m.run != nil {
			m.run.settle()
		}
		if m.finished() {
			return m, tea.Quit
		}
		return m, m.q.next
	}
	return m, nil
}

// finished says that nothing more can happen on the screen.
func (m *session) finished() bool {
	if m.run != nil {
		return m.run.over && (m.o.AutoQuit || m.run.alone)
	}
	return m.alone
}

func (m *session) take(msg any) {
	switch msg := msg.(type) {
	case loaded:
		m.loaded, m.failure = msg.Loaded, msg.err
		m.open(statePage)
		if msg.err != nil {
			m.open(failedPage)
		}
		return
	case cancelled, inputGone:
		m.alone = true
	}
	if m.run != nil {
		m.run.take(msg)
	}
}

// open shows a page from its beginning.
func (m *session) open(p page) {
	m.page, m.help = p, false
	m.body.GotoTop()
	m.layout()
}

// View is the screen as text.
func (m *session) View() string {
	if m.page == runPage {
		return m.run.view()
	}
	title, hints := m.heading()
	return m.render(title, m.below(), nil, hints)
}

// layout writes the body of the page at the width of the screen.
func (m *session) layout() {
	if m.page == runPage {
		return
	}
	lines := m.helpLines()
	if !m.help {
		lines = m.lines()
	}
	m.fill(lines, 0, false)
}
