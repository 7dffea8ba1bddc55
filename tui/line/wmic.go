package line

import (
	"io"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/tui/text"
)

// WMIC is what WriteWMIC shows.
type WMIC struct {
	Present    *bool  // the WMIC of Windows; nil: not known
	Path       string // what is found by the name; "none" for none, "" when not known
	Capability string // state of the feature, a word of package capability; "" when not known
	Standin    string // version of the stand-in; "" for none
	Problem    error  // why the state of the feature is not known
	Remedies   []manifest.Remedy
}

// WriteWMIC writes what there is of WMIC, and the remedies in their order.
func WriteWMIC(w io.Writer, p *text.Printer, v WMIC) error {
	g := newPage(p)
	said := func(id string) string { return p.Message(id, nil) }
	present := "view-wmic-unknown"
	if v.Present != nil {
		present = map[bool]string{true: "view-wmic-present", false: "view-wmic-absent"}[*v.Present]
	}
	feature := map[string]string{
		"installed": "view-wmic-feature-installed", "absent": "view-wmic-feature-absent",
		"install-pending": "view-wmic-feature-arriving", "removal-pending": "view-wmic-feature-leaving",
	}[v.Capability]
	if feature == "" {
		feature = "view-wmic-unknown"
	}
	found := p.Value(v.Path)
	switch v.Path {
	case "":
		found = said("view-wmic-unknown")
	case "none":
		found = said("view-wmic-found-none")
	}
	standin := said("view-wmic-standin-none")
	if v.Standin != "" {
		standin = p.Message("view-wmic-standin", map[string]string{"Version": v.Standin})
	}
	g.fields(0, []text.Field{
		{Label: said("view-wmic-label-windows"), Value: said(present)},
		{Label: said("view-wmic-label-feature"), Value: said(feature)},
		{Label: said("view-wmic-label-standin"), Value: standin},
		{Label: said("view-wmic-label-found"), Value: found},
	})
	if v.Problem != nil {
		sentence, hint := p.Error(v.Problem)
		g.b.WriteString("\n" + paragraph(string(text.MarkWarn)+" ", sentence))
		if hint != "" {
			g.item(indent, hint)
		}
	}
	g.remedies(v.Remedies)
	return g.writeTo(w)
}

// WriteRemedies writes remedies in their order, nothing for none.
func WriteRemedies(w io.Writer, p *text.Printer, all []manifest.Remedy) error {
	g := newPage(p)
	g.remedies(all)
	return g.writeTo(w)
}

func (g *page) remedies(all []manifest.Remedy) {
	if len(all) == 0 {
		return
	}
	g.head(g.p.Message("view-wmic-remedies", nil))
	for _, r := range all {
		g.item(2, g.p.Text(r.Text))
		if r.Command != "" {
			g.item(4, r.Command)
		}
	}
}
