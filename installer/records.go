package installer

import (
	"encoding/json"
	"fmt"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
)

// What the records of a run hold. Recover has nothing else, so everything
// that undoing or completing needs is here: fields are added, never renamed.

// beginData is of journal.Begin: the whole plan, and the receipts of its
// components as they were, nil for a component without one.
type beginData struct {
	Plan     string                      `json:"plan"`              // plan.Digest, for people
	Program  string                      `json:"program,omitempty"` // Deps.Program
	Steps    []plan.Step                 `json:"steps"`
	Receipts map[string]*receipt.Receipt `json:"receipts"`
}

// intendData is of journal.Intend: the step is about to change the machine.
type intendData struct {
	Job      string          `json:"job"`
	Undo     json.RawMessage `json:"undo"`
	Before   found           `json:"before"`
	Settings []savedFile     `json:"settings,omitempty"`
	Ran      json.RawMessage `json:"ran,omitempty"` // what is stopped, for Quiescer.Start
}

// didData is of journal.Did: the step is complete and was detected.
type didData struct {
	Found  found `json:"found"`
	Reboot bool  `json:"reboot,omitempty"`
}

// endData is of journal.End.
type endData struct {
	Outcome event.Outcome  `json:"outcome"`
	Failure *event.Failure `json:"failure,omitempty"`
}

// committed reports whether the steps of the run count.
func (e endData) committed() bool { return e.Outcome == event.Done || e.Outcome == event.Completed }

// found is the part of a backend.State that tells one state from another.
type found struct {
	Version string `json:"version"`
	Digest  string `json:"digest,omitempty"`
}

func foundIn(s backend.State) found { return found{Version: s.Version, Digest: s.Digest} }

// append writes one record and returns when it is on the disk.
func (r *run) append(kind journal.Kind, step int, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return failed(CodeJournal, fmt.Errorf("encoding a %s record: %w", kind, err))
	}
	rec := journal.Record{Kind: kind, Run: r.id, Step: step, Time: r.deps.Now(), Data: body}
	if err := r.journal.Append(rec); err != nil {
		return because(CodeJournal, fmt.Errorf("writing a %s record: %w", kind, err))
	}
	return nil
}

// past is a run as its journal tells it.
type past struct {
	id    string
	begin beginData
	steps []pastStep
	end   *endData
	undid bool // somebody began to undo it
}

type pastStep struct {
	intend *intendData
	did    *didData
	undid  bool
}

// read makes sense of the records of one journal. Its errors mean that the
// journal is not one of this program's, although every line of it is whole.
func read(records []journal.Record) (past, error) {
	var p past
	for i, rec := range records {
		if (i == 0) != (rec.Kind == journal.Begin) {
			return past{}, fmt.Errorf("record %d of the journal is %q", i+1, rec.Kind)
		}
		if i == 0 {
			p.id = rec.Run
			if err := json.Unmarshal(rec.Data, &p.begin); err != nil {
				return past{}, fmt.Errorf("record 1 of the journal: %w", err)
			}
			p.steps = make([]pastStep, len(p.begin.Steps))
			continue
		}
		if rec.Run != p.id {
			return past{}, fmt.Errorf("record %d of the journal is of run %q, not %q", i+1, rec.Run, p.id)
		}
		if err := p.add(rec); err != nil {
			return past{}, fmt.Errorf("record %d of the journal: %w", i+1, err)
		}
	}
	return p, nil
}

func (p *past) add(rec journal.Record) error {
	switch rec.Kind {
	case journal.End:
		p.end = new(endData)
		return json.Unmarshal(rec.Data, p.end)
	case journal.Undid:
		p.undid = true
		if rec.Step == len(p.steps) { // the whole run; see undoAll
			return nil
		}
	}
	if rec.Step < 0 || rec.Step >= len(p.steps) {
		return fmt.Errorf("there is no step %d", rec.Step)
	}
	s := &p.steps[rec.Step]
	switch rec.Kind {
	case journal.Intend:
		s.intend = new(intendData)
		return json.Unmarshal(rec.Data, s.intend)
	case journal.Did:
		s.did = new(didData)
		return json.Unmarshal(rec.Data, s.did)
	case journal.Undid:
		s.undid = true
		return nil
	}
	return fmt.Errorf("unknown kind %q", rec.Kind)
}
