package tui

import (
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/releve-sante/releve/installer/event"
)

// queue hands events from the engine to the screen. The engine never waits
// for the screen, and the screen takes all there is at once.
type queue struct {
	now func() time.Time

	mu      sync.Mutex
	more    *sync.Cond
	pending []any
	closed  bool
}

// maxPending is how many events wait for a screen that does not take them;
// then it is taken to be gone. Progress counts once.
const maxPending = 10_000

type (
	// batch is what came since the screen last asked, in order.
	batch []any

	// timed is an event with the moment it happened.
	timed struct {
		at time.Time
		event.Event
	}

	// ended says that the run is over.
	ended struct{ err error }

	// cancelled says that the program was asked to end from outside.
	cancelled struct{}

	// inputGone says that no key will come any more.
	inputGone struct{}
)

func newQueue(now func() time.Time) *queue {
	q := &queue{now: now}
	q.more = sync.NewCond(&q.mu)
	return q
}

// sink takes an event. Progress of the same transfer replaces what waits.
func (q *queue) sink(e event.Event) {
	t := timed{at: q.now(), Event: e}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.pending) >= maxPending {
		return
	}
	if last := len(q.pending) - 1; last >= 0 && sameTransfer(q.pending[last], e) {
		q.pending[last] = t
		return
	}
	q.pending = append(q.pending, t)
	q.more.Signal()
}

// tell takes a message that is not an event; it is never dropped while
// somebody may read it.
func (q *queue) tell(m any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.pending = append(q.pending, m)
		q.more.Signal()
	}
}

// close ends the hand-over: what waits is forgotten and what comes dropped.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.pending = true, nil
	q.more.Broadcast()
}

// next waits for messages; it is a tea.Cmd. After close it gives nil.
func (q *queue) next() tea.Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) == 0 && !q.closed {
		q.more.Wait()
	}
	if q.closed {
		return nil
	}
	b := batch(q.pending)
	q.pending = nil
	return b
}

func sameTransfer(waiting any, e event.Event) bool {
	t, ok := waiting.(timed)
	if !ok {
		return false
	}
	was, ok1 := t.Event.(event.Progress)
	is, ok2 := e.(event.Progress)
	return ok1 && ok2 && was.Step == is.Step && was.Phase == is.Phase
}
