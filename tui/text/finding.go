package text

import (
	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/manifest"
)

// FindingTitle is a finding in a line: "PDT-INF-873 (blocking): title". One
// that a missing fact leaves open says so.
func (p *Printer) FindingTitle(f diagnose.Finding) string {
	rank := p.Severity(f.Severity)
	if f.Holds == manifest.Unknown {
		rank += ", " + p.Message("view-maybe", nil)
	}
	return p.Message("view-finding", map[string]string{"ID": f.ID, "Severity": rank, "Title": p.Text(f.Title)})
}

// FindingFields are the comparisons behind a finding, its confidence when it
// is only an inference, its remedies, most durable first, and its source.
func (p *Printer) FindingFields(f diagnose.Finding) []Field {
	var fields []Field
	for _, l := range f.Reasons {
		required, found := p.Leaf(l)
		fields = append(fields,
			Field{p.Message("view-applies", nil), required},
			Field{p.Message("view-found", nil), found})
	}
	if f.Confidence == manifest.Inferred {
		fields = append(fields, Field{p.Message("view-confidence", nil), p.Message("view-inferred", nil)})
	}
	for _, r := range f.Remedies {
		fields = append(fields, Field{p.Message("view-remedy", nil), p.Text(r.Text)})
		if r.Command != "" {
			fields = append(fields, Field{p.Message("view-command", nil), p.Value(r.Command)})
		}
	}
	if f.Source != "" {
		fields = append(fields, Field{p.Message("view-source", nil), p.Value(f.Source)})
	}
	return fields
}
