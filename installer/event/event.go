// Package event is how the engine speaks. Every view (terminal interface,
// plain lines, NDJSON) is a function of these events and of nothing else.
//
// What the engine promises: the events of a run arrive in order and from one
// goroutine; Started is the first and Finished the last, whatever happened;
// a version named in StepDone, StepReverted or Finished was detected again on
// the machine after the change, never assumed.
package event

import "time"

// An Event is one of the types below. The set is closed: a view that handles
// all of them handles everything.
type Event interface{ event() }

// A Sink receives events. It must not block for long and it cannot fail: a
// broken display never stops an installation.
type Sink func(Event)

// Discard is the Sink of silent mode.
func Discard(Event) {}

// Phase is a stage of one step.
type Phase string

// The phases in the order in which a step goes through them; Revert comes only
// after a failure.
const (
	Fetch  Phase = "fetch"
	Kit    Phase = "kit"
	Apply  Phase = "apply"
	Detect Phase = "detect"
	Probe  Phase = "probe"
	Commit Phase = "commit"
	Revert Phase = "revert"
)

// StepInfo describes a step to a person: versions are as the publisher writes
// them, "" stands for "not installed".
type StepInfo struct {
	Action    string // install, update, downgrade, repair, uninstall, rollback
	Component string
	From, To  string
	Bytes     int64 // to download at most, unless a delta turns out to be of no use
}

// Message is a sentence by its code; package text holds it in French and
// English. Args fill its places and are already clean of control characters.
type Message struct {
	Code string
	Args map[string]string
}

// Failure is what went wrong. Cause is for the log and for support.
type Failure struct {
	Message
	Cause string
}

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	Done      Outcome = "done"      // every step is complete
	Nothing   Outcome = "nothing"   // there was nothing to do
	Reverted  Outcome = "reverted"  // failed or stopped, and the machine is as before
	Stuck     Outcome = "stuck"     // failed, and could not be undone: a person is needed
	Undone    Outcome = "undone"    // recovery undid an interrupted run
	Completed Outcome = "completed" // recovery completed an interrupted run
)

type (
	// Started opens a run.
	Started struct {
		Run   string
		Steps []StepInfo
	}

	// StepStarted says that step Step, counted from 0, begins.
	StepStarted struct{ Step int }

	// PhaseStarted says which phase of the step begins.
	PhaseStarted struct {
		Step  int
		Phase Phase
	}

	// Progress counts the bytes of a download or of staging.
	Progress struct {
		Step        int
		Phase       Phase
		Done, Total int64
	}

	// Retrying says that the download of a step goes on after a failure, from
	// where it stopped and from another mirror where there is one.
	Retrying struct {
		Step    int
		Mirror  string // the address that failed; "" where there is one only
		Failure Failure
	}

	// DeltaUsed says that the package of a step was made from a delta and the
	// files of version From: Bytes were downloaded in the place of Full.
	DeltaUsed struct {
		Step        int
		From        string
		Bytes, Full int64
	}

	// StepDone says that a step is complete and which version was then detected.
	StepDone struct {
		Step    int
		Version string // "" after an uninstall
		Took    time.Duration
	}

	// StepFailed says where and why a step failed. Reverting follows.
	StepFailed struct {
		Step    int
		Phase   Phase
		Failure Failure
	}

	// Reverting says that a step is being undone.
	Reverting struct{ Step int }

	// StepReverted says that a step is undone and which version was then detected.
	StepReverted struct {
		Step    int
		Version string
	}

	// SettingRestored says that a guarded file had been changed or removed
	// during the step and has its former bytes again.
	SettingRestored struct {
		Step int
		Path string
	}

	// Told is a sentence about a step while it is carried out: what is waited
	// for, what is stopped and started again.
	Told struct {
		Step int
		Message
	}

	// Notice is a sentence that belongs to no step: a warning, a chapter of
	// the demonstration, a claim and its proof.
	Notice struct {
		Level Level
		Message
	}

	// Finished closes a run. Failure is nil unless Outcome is Reverted or Stuck.
	Finished struct {
		Run       string
		Outcome   Outcome
		Failure   *Failure
		Installed map[string]string // component to version, detected again
		Reboot    bool
	}
)

// Level ranks a Notice.
type Level string

// The levels: a heading, a statement that was checked, information, a warning.
const (
	Chapter Level = "chapter"
	Claim   Level = "claim"
	Note    Level = "note"
	Warn    Level = "warning"
)

func (Started) event()         {}
func (StepStarted) event()     {}
func (PhaseStarted) event()    {}
func (Progress) event()        {}
func (Retrying) event()        {}
func (DeltaUsed) event()       {}
func (StepDone) event()        {}
func (StepFailed) event()      {}
func (Reverting) event()       {}
func (StepReverted) event()    {}
func (SettingRestored) event() {}
func (Told) event()            {}
func (Notice) event()          {}
func (Finished) event()        {}
