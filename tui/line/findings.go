package line

import (
	"io"
	"strings"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/tui/text"
)

// Findings writes every finding with its reasons, remedies and source.
func Findings(w io.Writer, p *text.Printer, findings []diagnose.Finding) error {
	g := newPage(p)
	if len(findings) == 0 {
		g.b.WriteString(paragraph(string(text.MarkOK)+" ", p.Message("view-findings-none", nil)))
		return g.writeTo(w)
	}
	g.head(p.Count("view-findings", len(findings), nil))
	for _, f := range findings {
		g.b.WriteString("\n" + paragraph(string(text.SeverityMark(f.Severity))+" ", p.FindingTitle(f)))
		g.item(indent, p.Text(f.Because))
		g.fields(indent, p.FindingFields(f))
	}
	return g.writeTo(w)
}

// Explanation writes what is thought of each release of a component: every
// rule, those that hold too, and the newest release that would be accepted.
func Explanation(w io.Writer, p *text.Printer, e plan.Explanation) error {
	g := newPage(p)
	args := map[string]string{"Component": e.Component, "Version": p.Version(e.Installed)}
	g.head(p.Message("view-explain-installed", args))
	for _, v := range e.Releases {
		g.b.WriteString("\n" + paragraph(string(verdictMark(v))+" ", verdict(p, e.Component, v)))
		for _, r := range v.Reasons {
			head := strings.Repeat(" ", indent) + string(truthMark(r.Holds)) + " "
			g.b.WriteString(paragraph(head, p.Because(r, e.Component, v.Version)))
			g.fields(2*indent, p.Reason(r, e.Component, v.Version))
		}
		if built := v.Provenance; built != nil {
			g.item(indent, p.Message("view-explain-provenance", map[string]string{
				"Identity": built.Identity, "Issuer": built.Issuer,
			}))
		}
	}
	args["Version"] = e.Newest
	if e.Newest == "" {
		g.head(p.Message("view-explain-none", args))
	} else {
		g.head(p.Message("view-explain-newest", args))
	}
	return g.writeTo(w)
}

func verdictMark(v plan.Verdict) text.Mark {
	switch {
	case v.Accepted:
		return text.MarkOK
	case v.Holds == manifest.Unknown && !v.Withdrawn:
		return text.MarkWarn
	}
	return text.MarkFail
}

func truthMark(t manifest.Truth) text.Mark {
	switch t {
	case manifest.True:
		return text.MarkOK
	case manifest.Unknown:
		return text.MarkWarn
	case manifest.False:
	}
	return text.MarkFail
}

func verdict(p *text.Printer, component string, v plan.Verdict) string {
	args := map[string]string{"Component": component, "Version": v.Version}
	switch {
	case v.Accepted:
		return p.Message("view-verdict-accepted", args)
	case v.Withdrawn:
		return p.Message("view-verdict-withdrawn", args)
	case v.Holds == manifest.Unknown:
		return p.Message("view-verdict-unknown", args)
	}
	return p.Message("view-verdict-refused", args)
}
