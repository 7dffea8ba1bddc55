package text

import (
	"strconv"
	"strings"

	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// Field is a labelled value, to be laid out in a table.
type Field struct{ Label, Value string }

// Because says in a sentence why a reason stands: the signed one, or that of
// its code. Component and version are those of the refusal, step or warning
// that the reason belongs to.
func (p *Printer) Because(r plan.Reason, component, version string) string {
	if s := p.Text(r.Because); s != "" {
		return s
	}
	return p.Message(r.Code, p.reasonArgs(r, component, version))
}

// Remedy says what can be done about a reason, "" when nothing is known.
func (p *Printer) Remedy(r plan.Reason, component, version string) string {
	if r.Remedy != nil {
		if s := p.Text(*r.Remedy); s != "" {
			return s
		}
	}
	return p.Hint(r.Code, p.reasonArgs(r, component, version))
}

// Reason is what a person needs to check a reason: rule, required, found,
// confidence when it is only an inference, source and remedy. What is empty
// is left out, but for what was found: there "unknown" is an answer.
func (p *Printer) Reason(r plan.Reason, component, version string) []Field {
	args := p.reasonArgs(r, component, version)
	fields := []Field{{p.Message("view-rule", nil), p.Value(r.Code)}}
	if r.Required != "" {
		fields = append(fields,
			Field{p.Message("view-required", nil), p.subject(r) + p.Value(args["Required"])},
			Field{p.Message("view-found", nil), p.found(args["Actual"])})
	}
	if r.Confidence == manifest.Inferred {
		fields = append(fields, Field{p.Message("view-confidence", nil), p.Message("view-inferred", nil)})
	}
	if r.Source != "" {
		fields = append(fields, Field{p.Message("view-source", nil), p.Value(r.Source)})
	}
	if s := p.Remedy(r, component, version); s != "" {
		fields = append(fields, Field{p.Message("view-remedy", nil), s})
	}
	return fields
}

// Accepted says which release of a refused component would be accepted; none
// gives no field. Title is what the component is called.
func (p *Printer) Accepted(r plan.Refusal, title string) []Field {
	if r.Accepted == "" {
		return nil
	}
	id := "view-accepted"
	if r.Chosen {
		id = "view-accepted-chosen"
	}
	return []Field{{
		Label: p.Message("view-instead", nil),
		Value: p.Message(id, map[string]string{"Component": title, "Version": r.Accepted}),
	}}
}

// Leaf is one comparison: "version du système >= 10.15" and what was found.
// What must not be is told in a sign, since the words of a condition are English.
func (p *Printer) Leaf(l manifest.Leaf) (required, found string) {
	sign := l.Required
	if value, ok := strings.CutPrefix(sign, "not = "); ok {
		sign = "≠ " + value
	}
	return p.Fact(l.Fact) + " " + p.Value(sign), p.found(l.Actual)
}

// Fact is what a fact is called; a fact without a name keeps its path.
func (p *Printer) Fact(path string) string {
	if s, ok := p.find("view-fact-"+path, nil, 2); ok {
		return s
	}
	name, isComponent := strings.CutPrefix(path, "component.")
	for _, last := range []string{"version", "versions", "present"} {
		if name, ok := strings.CutSuffix(name, "."+last); ok && isComponent {
			return p.Message("view-fact-component-"+last, map[string]string{"Component": name})
		}
	}
	return p.Value(path)
}

// Why says why a step is in a plan.
func (p *Printer) Why(s plan.Step) string {
	text, ok := p.find("view-why-"+s.Why, map[string]string{"For": s.For}, 2)
	if !ok {
		return p.Value(s.Why)
	}
	return text
}

// Verb is an action of a plan as a noun: "installation".
func (p *Printer) Verb(action string) string { return p.Message("action-"+action, nil) }

// Severity is the rank of a finding in a word.
func (p *Printer) Severity(s manifest.Severity) string {
	switch s {
	case manifest.Blocking:
		return p.Message("view-severity-blocking", nil)
	case manifest.Warning:
		return p.Message("view-severity-warning", nil)
	case manifest.Info:
		return p.Message("view-severity-info", nil)
	}
	return p.Value(string(s))
}

// SeverityMark is the mark of a finding.
func SeverityMark(s manifest.Severity) Mark {
	switch s {
	case manifest.Blocking:
		return MarkFail
	case manifest.Warning:
		return MarkWarn
	case manifest.Info:
	}
	return MarkInfo
}

func (p *Printer) subject(r plan.Reason) string {
	switch {
	case r.Fact != "":
		return p.Fact(r.Fact) + " "
	case r.Other != "":
		return p.Value(r.Other) + " "
	}
	return ""
}

func (p *Printer) found(actual string) string {
	if actual == "" {
		return p.Message("view-unknown", nil)
	}
	return p.Value(actual)
}

// reasonArgs are the arguments of the sentence of a reason, with sizes as a
// person reads them.
func (p *Printer) reasonArgs(r plan.Reason, component, version string) map[string]string {
	args := r.Args(component, version)
	if r.Code == plan.CodeDiskTooSmall || strings.HasSuffix(r.Fact, "_bytes") {
		for _, k := range []string{"Required", "Actual"} {
			if n, err := strconv.ParseInt(args[k], 10, 64); err == nil {
				args[k] = p.Bytes(n)
			}
		}
	}
	return args
}
