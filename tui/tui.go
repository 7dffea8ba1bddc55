// Package tui is the screen of releve: the state of the workstation, the plan
// with its refusals, the confirmation, the progress and the result.
//
// What the package promises: its models are changed by events and keys and by
// nothing else, and reach no file, clock, network or engine; marks are words,
// which colour only repeats; every screen works at 40×15 without colour and
// without Unicode. An installation does not depend on its display: events are
// handed over without waiting, and when the screen is gone they are dropped
// while the run goes on to its end.
package tui

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/tui/text"
)

// Options are the choices of a screen. In, Out, Text and Now are needed.
type Options struct {
	In   io.Reader
	Out  io.Writer
	Text *text.Printer
	Now  func() time.Time // for the speed of transfers

	Title func(name string) string // what people call a component; nil: its name

	ASCII    bool // nothing but ASCII
	NoColor  bool
	AutoQuit bool // leave when the run is over, without waiting for a key

	Width, Height int // until the terminal says its size; 0 stands for 80×24
}

// Line is a labelled value of the summary of the machine. The label is a fact
// path, which is shown by its name, or any text.
type Line struct{ Label, Value string }

// Component is a component of the machine; Version "" is not installed.
type Component struct {
	Name, Title, Version string
	Versions             []string // when several stand side by side, the newest first
	Damaged              bool
}

// Loaded is what the first screens show.
type Loaded struct {
	Machine    []Line
	Components []Component
	Findings   []diagnose.Finding
	Plan       plan.Plan
}

// Session is what Run asks of its caller. Load and Apply run in goroutines of
// their own, never at the same time.
type Session struct {
	Load func(ctx context.Context) (Loaded, error)
	// Apply carries the plan out. It is called once, after a person has
	// accepted every question of the plan and then the plan itself.
	Apply func(ctx context.Context, p plan.Plan, sink event.Sink) error
	// Stop asks the engine to stop after the current step. It must not wait.
	Stop func()
}

// Result says how a session ended.
type Result struct {
	Applied bool          // Apply was called
	Outcome event.Outcome // of the last run; "" when none finished
}

// CodeNoScreen is the code of a ScreenError.
const CodeNoScreen = "view-no-screen"

// ScreenError says that the terminal could not be used, and that nothing was
// applied.
type ScreenError struct{ Cause error }

// Error is for the log.
func (e *ScreenError) Error() string { return fmt.Sprintf("using the terminal: %v", e.Cause) }

// Unwrap gives what the terminal said.
func (e *ScreenError) Unwrap() error { return e.Cause }

// Code names the text of the error.
func (e *ScreenError) Code() string { return CodeNoScreen }

// Args fill that text.
func (e *ScreenError) Args() map[string]string {
	return map[string]string{"Cause": e.Cause.Error()}
}

const (
	defaultWidth  = 80
	defaultHeight = 24
	minWidth      = 20
	minHeight     = 8
)
