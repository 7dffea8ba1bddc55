package installer

import (
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
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

// Tried counts, over runs as journal.History returns them, the changes of each
// component since its last success that this program began and that did not
// last: they failed, or the run was cut off in the middle of them. What only
// met another installation at work is not counted, nor are steps that had
// worked when another one failed. A journal that cannot be read counts for
// nothing.
func Tried(runs []journal.Run, program string) map[string][]plan.Tried {
	tried, settled := map[string][]plan.Tried{}, map[string]bool{}
	for _, run := range runs {
		p, err := read(run.Records)
		if err != nil || p.end == nil {
			continue
		}
		for i, s := range p.begin.Steps {
			switch {
			case p.end.committed():
				settled[s.Component] = true
			case p.begin.Program == program && p.blames(i) && !settled[s.Component]:
				tried[s.Component] = count(tried[s.Component], s, run.Name)
			}
		}
	}
	return tried
}

// blames reports whether a run that did not last came to its end in the
// middle of a step.
func (p past) blames(i int) bool {
	s := p.steps[i]
	waited := p.end.Failure != nil && strings.HasSuffix(p.end.Failure.Code, "-busy")
	return s.intend != nil && s.did == nil && !waited
}

// count adds a step of a run that is older than those counted before.
func count(tried []plan.Tried, s plan.Step, run string) []plan.Tried {
	if s.Release == nil || s.Release.Artifact == nil {
		return tried
	}
	t := plan.Tried{From: s.From, To: s.To, Package: s.Release.Artifact.SHA256, Times: 1, Last: run}
	for i, known := range tried {
		if known.From == t.From && known.To == t.To && known.Package == t.Package {
			tried[i].Times++
			return tried
		}
	}
	return append(tried, t)
}
