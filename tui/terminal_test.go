package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// limit is how long a test waits for what has to come.
const limit = 20 * time.Second

// fakeTerminal is what a person does: it types the next key once the screen
// has shown what it waits for.
type fakeTerminal struct {
	mu     sync.Mutex
	shown  bytes.Buffer
	script []act
	keys   chan []byte

	pressed chan struct{} // gets one for each key that is nothing
}

// act is: when the screen has shown this text, press this key.
type act struct{ text, key string }

// nothing is a key that no screen knows.
const nothing = "z"

func newTerminal(script ...act) *fakeTerminal {
	return &fakeTerminal{script: script, keys: make(chan []byte, len(script)+1), pressed: make(chan struct{}, len(script))}
}

func (f *fakeTerminal) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown.Write(b)
	for len(f.script) > 0 && strings.Contains(ansi.Strip(f.shown.String()), f.script[0].text) {
		f.keys <- []byte(f.script[0].key)
		if f.script[0].key == nothing {
			f.pressed <- struct{}{}
		}
		f.script = f.script[1:]
		f.shown.Reset()
	}
	return len(b), nil
}

func (f *fakeTerminal) Read(b []byte) (int, error) {
	return copy(b, <-f.keys), nil
}

// within fails the test when do does not return in time.
func within(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatal("it does not return")
	}
}

func options(t *testing.T, f io.ReadWriter) Options {
	t.Helper()
	return Options{In: f, Out: f, Text: printer(t, "en"), Now: morning, NoColor: true}
}

func TestRunFromLoadToResult(t *testing.T) {
	terminal := newTerminal(
		act{"see the plan", "\r"}, act{"What would be done", "\r"}, act{"Do you want to continue", "y"},
		act{"Make these 3 changes now?", "\r"}, act{"Undone", "\r"})
	failed := errors.New("told by Apply")
	var applied plan.Plan
	within(t, func() {
		result, err := Run(t.Context(), Session{
			Load: func(context.Context) (Loaded, error) { return sampleLoaded(), nil },
			Apply: func(_ context.Context, p plan.Plan, sink event.Sink) error {
				applied = p
				sink(event.Started{Steps: sampleSteps()})
				sink(event.Finished{Outcome: event.Reverted, Failure: &event.Failure{}})
				return failed
			},
			Stop: func() {},
		}, options(t, terminal))
		if !errors.Is(err, failed) {
			t.Errorf("Run gave the error %v, want that of Apply", err)
		}
		if want := (Result{Applied: true, Outcome: event.Reverted}); result != want {
			t.Errorf("Run gave %+v, want %+v", result, want)
		}
	})
	if len(applied.Steps) != 3 {
		t.Errorf("Apply was given %d steps", len(applied.Steps))
	}
}

func TestLeavingBeforeTheConfirmationChangesNothing(t *testing.T) {
	terminal := newTerminal(act{"see the plan", "\r"}, act{"What would be done", "q"})
	within(t, func() {
		result, err := Run(t.Context(), Session{
			Load:  func(context.Context) (Loaded, error) { return sampleLoaded(), nil },
			Apply: func(context.Context, plan.Plan, event.Sink) error { t.Error("Apply was called"); return nil },
		}, options(t, terminal))
		if err != nil || result.Applied {
			t.Errorf("Run gave %+v, %v", result, err)
		}
	})
}

func TestLeavingWhileLoadingEndsTheLoad(t *testing.T) {
	terminal := newTerminal(act{"Examining", "q"})
	within(t, func() {
		_, err := Run(t.Context(), Session{
			Load: func(ctx context.Context) (Loaded, error) { <-ctx.Done(); return Loaded{}, ctx.Err() },
		}, options(t, terminal))
		if err != nil {
			t.Errorf("Run gave %v", err)
		}
	})
}

func TestFailedLoadCanBeTriedAgain(t *testing.T) {
	terminal := newTerminal(
		act{"Examining", nothing}, act{"try again", "r"}, act{"Examining", nothing}, act{"try again", "q"})
	loads := 0
	within(t, func() {
		_, err := Run(t.Context(), Session{
			Load: func(context.Context) (Loaded, error) {
				loads++
				<-terminal.pressed // the screen shows that it loads
				return Loaded{}, errSample
			},
		}, options(t, terminal))
		if !errors.Is(err, errSample) {
			t.Errorf("Run gave %v, want the error of Load", err)
		}
	})
	if loads != 2 {
		t.Errorf("Load was called %d times, want 2", loads)
	}
}

func TestWatchLeavesByItself(t *testing.T) {
	terminal := newTerminal()
	o := options(t, terminal)
	o.AutoQuit = true
	within(t, func() {
		err := Watch(t.Context(), func(sink event.Sink) error {
			sink(event.Started{Steps: sampleSteps()})
			sink(event.StepDone{Step: 0, Version: "5.1.5"})
			return errSample
		}, func() {}, o)
		if !errors.Is(err, errSample) {
			t.Errorf("Watch gave %v, want the error of run", err)
		}
	})
	_, after, _ := strings.Cut(terminal.shown.String(), "\x1b[?1049l")
	if !strings.Contains(after, "[ ok ] cryptolib-cps 5.1.5 is in place") || !strings.Contains(after, "[fail] Something went wrong: the run failed") {
		t.Errorf("the account does not stay on the terminal:\n%q", after)
	}
	if strings.Contains(terminal.shown.String(), "\x1b]") {
		t.Errorf("the program asked the terminal something or set its title: %q", terminal.shown.String())
	}
}

func TestCtrlCReachesTheEngine(t *testing.T) {
	terminal := newTerminal(act{"In progress", "\x03"}, act{"Stopping after this step", "\x03"})
	stop := make(chan struct{})
	o := options(t, terminal)
	o.AutoQuit = true
	within(t, func() {
		err := Watch(t.Context(), func(event.Sink) error { <-stop; return nil }, func() { close(stop) }, o)
		if err != nil {
			t.Errorf("Watch gave %v", err)
		}
	})
}

func TestCancelledFromOutsideWaitsForTheRunAndLeaves(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := false
	within(t, func() {
		_ = Watch(ctx, func(event.Sink) error {
			cancel()
			<-ctx.Done()
			ended = true
			return nil
		}, func() {}, options(t, newTerminal()))
	})
	if !ended {
		t.Error("Watch returned before the run")
	}
}

// brokenTerminal fails at once, as one that hangs up.
type brokenTerminal struct{ err error }

func (b brokenTerminal) Read([]byte) (int, error)  { return 0, b.err }
func (b brokenTerminal) Write([]byte) (int, error) { return 0, b.err }

func TestRunOutlivesItsScreen(t *testing.T) {
	for _, hangup := range []error{io.EOF, errors.New("input/output error")} {
		t.Run(hangup.Error(), func(t *testing.T) {
			sent := 0
			within(t, func() {
				err := Watch(t.Context(), func(sink event.Sink) error {
					for i := range 50_000 {
						sink(event.StepDone{Step: i})
						sent++
					}
					return errSample
				}, func() {}, options(t, brokenTerminal{hangup}))
				if !errors.Is(err, errSample) {
					t.Errorf("Watch gave %v, want the error of run", err)
				}
			})
			if sent != 50_000 {
				t.Errorf("the run sent %d events before it ended", sent)
			}
		})
	}
}

func TestSessionWithoutScreenChangesNothing(t *testing.T) {
	within(t, func() {
		result, err := Run(t.Context(), Session{
			Load: func(ctx context.Context) (Loaded, error) { <-ctx.Done(); return Loaded{}, ctx.Err() },
		}, options(t, brokenTerminal{errors.New("input/output error")}))
		var screen *ScreenError
		if !errors.As(err, &screen) || screen.Code() != CodeNoScreen || result.Applied {
			t.Errorf("Run gave %+v, %v; want a ScreenError", result, err)
		}
	})
}

func TestQueueNeverWaits(t *testing.T) {
	q := newQueue(morning)
	within(t, func() {
		for i := range 3 * maxPending {
			q.sink(event.StepDone{Step: i}) // nobody reads
		}
		q.tell(ended{})
	})
	got, ok := q.next().(batch)
	if !ok || len(got) != maxPending+1 {
		t.Fatalf("%d messages wait, want the first %d and the end", len(got), maxPending)
	}
	if _, isEnd := got[maxPending].(ended); !isEnd {
		t.Error("the end was dropped")
	}
	q.close()
	q.sink(event.StepDone{})
	if msg := q.next(); msg != nil {
		t.Errorf("a closed queue gave %v", msg)
	}
}

func TestProgressWaitsOnce(t *testing.T) {
	q := newQueue(morning)
	for i := range int64(1000) {
		q.sink(event.Progress{Step: 0, Phase: event.Fetch, Done: i})
	}
	q.sink(event.Progress{Step: 0, Phase: event.Apply, Done: 1})
	q.sink(event.StepDone{Step: 0})
	q.sink(event.Progress{Step: 1, Phase: event.Fetch, Done: 1})
	got, _ := q.next().(batch)
	if len(got) != 4 {
		t.Fatalf("%d messages wait, want 4", len(got))
	}
	first, _ := got[0].(timed)
	if p, ok := first.Event.(event.Progress); !ok || p.Done != 999 {
		t.Errorf("the first is %+v, want the newest count", got[0])
	}
}

func TestCloseWakesTheReader(t *testing.T) {
	q := newQueue(morning)
	within(t, func() {
		go q.close()
		if msg := q.next(); msg != nil {
			t.Errorf("next gave %v", msg)
		}
	})
}

func TestNothingBeginsAfterTheScreen(t *testing.T) {
	calls := 0
	w := &worker{ctx: t.Context(), q: newQueue(morning), s: Session{
		Load:  func(context.Context) (Loaded, error) { calls++; return Loaded{}, nil },
		Apply: func(context.Context, plan.Plan, event.Sink) error { calls++; return nil },
	}}
	w.apply(plan.Plan{})
	w.apply(plan.Plan{}) // a second confirmation does not exist
	if !w.close() {
		t.Error("close does not say that Apply was called")
	}
	w.load()
	w.apply(plan.Plan{})
	w.work.Wait()
	if calls != 1 {
		t.Errorf("%d calls, want that of the first Apply only", calls)
	}
}
