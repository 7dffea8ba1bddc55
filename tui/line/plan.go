package line

import (
	"fmt"
	"io"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/tui/text"
)

// Plan writes what would be done, what is refused and why, what has to be
// accepted first, and what to watch out for.
func Plan(w io.Writer, p *text.Printer, pl plan.Plan) error {
	g := newPage(p)
	if pl.Empty() {
		g.head(p.NoSteps(pl))
	} else {
		g.head(p.Count("view-plan-steps", len(pl.Steps), nil))
		for i, s := range pl.Steps {
			g.b.WriteString(paragraph(fmt.Sprintf("%3d. ", i+1), stepLine(p, s)))
			if delta := p.Delta(s); delta != "" {
				g.item(5, delta)
			}
		}
		if size := p.Size(pl); size != "" {
			g.item(5, size)
		}
	}
	g.questions(pl.Steps)
	g.refusals(pl.Refusals)
	g.warnings(pl.Warnings)
	return g.writeTo(w)
}

func stepLine(p *text.Printer, s plan.Step) string {
	action := p.Action(event.StepInfo{
		Action: string(s.Action), Component: s.Component, From: s.From, To: s.To,
	}, func(name string) string { return name })
	return action + " (" + p.Why(s) + ")"
}

func (g *page) questions(steps []plan.Step) {
	begun := false
	for _, s := range steps {
		for _, r := range s.Questions {
			if !begun {
				g.head(g.p.Message("view-questions", nil))
				begun = true
			}
			g.reason(s.Component, s.To, r, nil)
		}
	}
}

func (g *page) refusals(refusals []plan.Refusal) {
	if len(refusals) == 0 {
		return
	}
	g.head(g.p.Message("view-refused", nil))
	for _, r := range refusals {
		for i, why := range r.Reasons {
			var more []text.Field
			if i == len(r.Reasons)-1 {
				more = g.p.Accepted(r, r.Component)
			}
			g.reason(r.Component, r.Version, why, more)
		}
	}
}

func (g *page) warnings(warnings []plan.Warning) {
	if len(warnings) == 0 {
		return
	}
	g.head(g.p.Message("view-warnings", nil))
	for _, w := range warnings {
		g.reason(w.Component, w.Version, w.Reason, nil)
	}
}

// reason is one reason below the component it belongs to, with more fields
// after its own.
func (g *page) reason(component, version string, r plan.Reason, more []text.Field) {
	name := g.p.Value(component)
	if version != "" {
		name += " " + g.p.Value(version)
	}
	if name != "" {
		name += " - "
	}
	g.item(2, name+g.p.Because(r, component, version))
	g.fields(4, append(g.p.Reason(r, component, version), more...))
}
