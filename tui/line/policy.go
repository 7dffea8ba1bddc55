package line

import (
	"io"

	"github.com/releve-sante/releve/tui/text"
)

// Decision is one value of the policy of this machine.
type Decision struct {
	Name   string
	Value  string // "" is none
	Source string // "" when nobody decided
	Fixed  bool   // by the administrator: nothing else counts
}

// Policy writes each value of the policy with where it comes from.
func Policy(w io.Writer, p *text.Printer, decisions []Decision) error {
	g := newPage(p)
	var fields []text.Field
	for _, d := range decisions {
		value := p.Value(d.Value)
		if d.Value == "" {
			value = p.Message("view-policy-none", nil)
		}
		args := map[string]string{"Value": value, "Source": d.Source}
		switch {
		case d.Fixed:
			value = p.Message("view-policy-fixed", args)
		case d.Source != "":
			value = p.Message("view-policy-from", args)
		default:
			value = p.Message("view-policy-default", args)
		}
		fields = append(fields, text.Field{Label: p.Value(d.Name), Value: value})
	}
	g.fields(0, fields)
	return g.writeTo(w)
}
