package installer

import (
	"time"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
)

// PastRun is a run as its journal remembers it.
type PastRun struct {
	Time    time.Time // when it began; zero when the journal does not tell
	Outcome event.Outcome
	Steps   []event.StepInfo
}

// Past makes sense of the records of one archived journal. What a damaged
// journal does not tell stays empty: history is for people and decides
// nothing.
func Past(records []journal.Record) PastRun {
	var run PastRun
	if len(records) > 0 {
		run.Time = records[0].Time
	}
	p, err := read(records)
	if err != nil {
		return run
	}
	for _, s := range p.begin.Steps {
		run.Steps = append(run.Steps, event.StepInfo{
			Action: string(s.Action), Component: s.Component, From: s.From, To: s.To,
		})
	}
	if p.end != nil {
		run.Outcome = p.end.Outcome
	}
	return run
}
