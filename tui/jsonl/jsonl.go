// Package jsonl writes the events of a run as NDJSON: one JSON object on a
// line, for programs that watch an installation.
//
// What the package promises: fields are added, never renamed and never given
// another meaning; a line holds no byte that could act on a terminal, and
// still decodes to exactly what the engine said; a reader that goes away does
// not stop the installation. The objects are described in docs/events.md, and
// a test holds that page and this package together.
package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

// message is every object; which fields are set depends on the type.
type message struct {
	Type      string            `json:"type"`
	Run       string            `json:"run,omitempty"`
	Steps     []step            `json:"steps,omitempty"`
	Step      *int              `json:"step,omitempty"`
	Phase     event.Phase       `json:"phase,omitempty"`
	Done      *int64            `json:"done,omitempty"`
	Total     *int64            `json:"total,omitempty"`
	Version   *string           `json:"version,omitempty"`
	From      string            `json:"from,omitempty"`
	Bytes     *int64            `json:"bytes,omitempty"`
	Full      *int64            `json:"full,omitempty"`
	TookMS    *int64            `json:"took_ms,omitempty"`
	Failure   *failure          `json:"failure,omitempty"`
	Path      string            `json:"path,omitempty"`
	Mirror    string            `json:"mirror,omitempty"`
	Level     event.Level       `json:"level,omitempty"`
	Code      string            `json:"code,omitempty"`
	Args      map[string]string `json:"args,omitempty"`
	Outcome   event.Outcome     `json:"outcome,omitempty"`
	Installed map[string]string `json:"installed,omitempty"`
	Reboot    *bool             `json:"reboot,omitempty"`
}

type step struct {
	Action    string `json:"action"`
	Component string `json:"component"`
	From      string `json:"from"`
	To        string `json:"to"`
	Bytes     int64  `json:"bytes"`
}

type failure struct {
	Code  string            `json:"code"`
	Args  map[string]string `json:"args,omitempty"`
	Cause string            `json:"cause,omitempty"`
}

// To returns a sink that writes each event to w as one line.
func To(w io.Writer) event.Sink {
	return func(e event.Event) {
		line, err := encode(describe(e))
		if err != nil {
			return // strings, numbers and maps of strings always encode
		}
		_, _ = w.Write(line) // a broken pipe must not stop the installation
	}
}

// Value writes the answer of a command that is not a run: an object with the
// type and the value.
func Value(w io.Writer, typ string, v any) error {
	line, err := encode(struct {
		Type  string `json:"type"`
		Value any    `json:"value"`
	}{typ, v})
	if err != nil {
		return err
	}
	if _, err := w.Write(line); err != nil {
		return fmt.Errorf("writing the answer %q: %w", typ, err)
	}
	return nil
}

// PastRun writes a run of the history: an object of type "past_run" whose value
// has its name, when it began (RFC 3339), its outcome and its steps.
func PastRun(w io.Writer, run string, began time.Time, outcome event.Outcome, done []event.StepInfo) error {
	return Value(w, "past_run", struct {
		Run     string        `json:"run"`
		Time    time.Time     `json:"time"`
		Outcome event.Outcome `json:"outcome"`
		Steps   []step        `json:"steps"`
	}{run, began, outcome, steps(done)})
}

// Error writes why a command failed: an object of type "error" with the code
// and arguments of a text.Coded error, its sentence and hint in the language
// of p, and the whole chain in English for support.
func Error(w io.Writer, p *text.Printer, err error) {
	m := struct {
		Type    string            `json:"type"`
		Code    string            `json:"code,omitempty"`
		Args    map[string]string `json:"args,omitempty"`
		Message string            `json:"message"`
		Hint    string            `json:"hint,omitempty"`
		Cause   string            `json:"cause"`
	}{Type: "error", Cause: err.Error()}
	m.Message, m.Hint = p.Error(err)
	var c text.Coded
	if errors.As(err, &c) {
		m.Code, m.Args = c.Code(), c.Args()
	}
	if line, err := encode(m); err == nil {
		_, _ = w.Write(line)
	}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return escape(b.Bytes()), nil
}

func describe(e event.Event) message {
	switch e := e.(type) {
	case event.Started:
		return message{Type: "started", Run: e.Run, Steps: steps(e.Steps)}
	case event.StepStarted:
		return message{Type: "step_started", Step: &e.Step}
	case event.PhaseStarted:
		return message{Type: "phase_started", Step: &e.Step, Phase: e.Phase}
	case event.Progress:
		return message{Type: "progress", Step: &e.Step, Phase: e.Phase, Done: &e.Done, Total: &e.Total}
	case event.Retrying:
		return message{Type: "retrying", Step: &e.Step, Mirror: e.Mirror, Failure: failed(&e.Failure)}
	case event.DeltaUsed:
		return message{Type: "delta_used", Step: &e.Step, From: e.From, Bytes: &e.Bytes, Full: &e.Full}
	case event.StepDone:
		ms := e.Took.Milliseconds()
		return message{Type: "step_done", Step: &e.Step, Version: &e.Version, TookMS: &ms}
	case event.StepFailed:
		return message{Type: "step_failed", Step: &e.Step, Phase: e.Phase, Failure: failed(&e.Failure)}
	case event.Reverting:
		return message{Type: "reverting", Step: &e.Step}
	case event.StepReverted:
		return message{Type: "step_reverted", Step: &e.Step, Version: &e.Version}
	case event.SettingRestored:
		return message{Type: "setting_restored", Step: &e.Step, Path: e.Path}
	case event.Told:
		return message{Type: "told", Step: &e.Step, Code: e.Code, Args: e.Args}
	case event.Notice:
		return message{Type: "notice", Level: e.Level, Code: e.Code, Args: e.Args}
	case event.Finished:
		return message{
			Type: "finished", Run: e.Run, Outcome: e.Outcome, Failure: failed(e.Failure),
			Installed: e.Installed, Reboot: &e.Reboot,
		}
	}
	return message{Type: "unknown"}
}

func steps(in []event.StepInfo) []step {
	out := make([]step, len(in))
	for i, s := range in {
		out[i] = step(s)
	}
	return out
}

func failed(f *event.Failure) *failure {
	if f == nil {
		return nil
	}
	return &failure{Code: f.Code, Args: f.Args, Cause: f.Cause}
}

// escape writes the control, bidirectional and invisible characters that
// encoding/json leaves as they are as \u escapes. They occur inside strings
// only, where the escape means the same character.
func escape(line []byte) []byte {
	body := bytes.TrimSuffix(line, []byte("\n"))
	if !bytes.ContainsFunc(body, acts) {
		return line
	}
	var b bytes.Buffer
	for _, r := range string(body) {
		switch {
		case !acts(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func acts(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
