// Package line is the view without a screen: plain lines for a log, a pipe, a
// remote shell or a screen reader.
//
// What the package promises: no carriage return, no colour and no cursor
// movement; marks are words; a line fits 80 columns, and what is longer is
// continued below its own indentation, so that no string from outside can
// look like a line of its own; progress is a line now and then, not a flood.
package line

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

const (
	columns = 80
	// indent is the width of a mark and the space behind it.
	indent = 7
)

// Options are the choices of To.
type Options struct {
	Now   func() time.Time         // for the speed of a transfer; needed
	Title func(name string) string // what people call a component; nil: its name
}

// A transfer is told when another of its parts is there, but not sooner than
// tellSoonest after the last time; one that hardly moves is told tellLatest
// after it.
const (
	tellSoonest = 250 * time.Millisecond
	tellLatest  = 30 * time.Second
	tellParts   = 10
)

// To returns a sink that writes one line for each event worth one. A write
// that fails is ignored: a closed pipe must not stop an installation.
func To(w io.Writer, p *text.Printer, o Options) event.Sink {
	v := &view{w: w, p: p, o: o, tell: text.NewNarrator(p, o.Title)}
	return v.event
}

type view struct {
	w    io.Writer
	p    *text.Printer
	o    Options
	tell *text.Narrator

	transfer transfer
}

// transfer is the download or the staging that is going on.
type transfer struct {
	step  int
	phase event.Phase
	meter text.Meter
	begun bool
	at    time.Time
	part  int64
}

func (v *view) event(e event.Event) {
	if p, ok := e.(event.Progress); ok {
		v.progress(p)
		return
	}
	for _, entry := range v.tell.Tell(e) {
		if entry.Mark == text.MarkHead {
			_, _ = io.WriteString(v.w, "\n")
		}
		_, _ = io.WriteString(v.w, Entry(entry))
	}
}

// progress tells a transfer when enough of it is new. The end is not told:
// the step that is done says it.
func (v *view) progress(e event.Progress) {
	now := v.o.Now()
	t := &v.transfer
	if !t.begun || t.step != e.Step || t.phase != e.Phase {
		*t = transfer{step: e.Step, phase: e.Phase, begun: true, at: now}
	}
	t.meter.Add(now, e.Done)
	part := int64(0)
	if e.Total > 0 {
		part = e.Done * tellParts / e.Total
	}
	since := now.Sub(t.at)
	news := since >= tellSoonest && part > t.part || since >= tellLatest
	if !news || e.Done >= e.Total && e.Total > 0 {
		return
	}
	t.at, t.part = now, part
	line := v.tell.Component(e.Step) + ", " + v.p.Phase(e.Phase) + " " + v.p.Progress(e.Done, e.Total, &t.meter)
	_, _ = io.WriteString(v.w, paragraph(strings.Repeat(" ", indent), line))
}

// Entry lays an entry out, with a line feed at its end.
func Entry(e text.Entry) string {
	var b strings.Builder
	b.WriteString(paragraph(string(e.Mark)+" ", e.Text))
	for _, more := range e.More {
		b.WriteString(paragraph(strings.Repeat(" ", indent), more))
	}
	return b.String()
}

// Error writes what an error says, and what to do about it.
func Error(w io.Writer, p *text.Printer, err error) {
	sentence, hint := p.Error(err)
	e := text.Entry{Mark: text.MarkFail, Text: sentence}
	if hint != "" {
		e.More = []string{hint}
	}
	_, _ = io.WriteString(w, Entry(e))
}

// Printf writes one line of a command's answer; its arguments are cleaned by
// the caller.
func Printf(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// paragraph wraps s behind a head; the lines after the first are indented as
// far as the head is wide.
func paragraph(head, s string) string {
	var b strings.Builder
	blank := strings.Repeat(" ", len(head))
	for i, l := range text.Wrap(s, columns-len(head)) {
		if i > 0 {
			head = blank
		}
		b.WriteString(strings.TrimRight(head+l, " "))
		b.WriteByte('\n')
	}
	return b.String()
}
