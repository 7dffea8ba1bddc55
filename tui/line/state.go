package line

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/tui/text"
)

// State is what Status shows: what is known without the network.
type State struct {
	System     string      `json:"system,omitempty"`
	Metadata   *Metadata   `json:"metadata,omitempty"` // nil: none was ever fetched
	Components []Component `json:"components"`
	Problems   []Problem   `json:"problems,omitempty"`
}

// Problem is what is out of order in what releve keeps, by the code of its
// sentence.
type Problem struct {
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
}

// Metadata says how old the signed documents are.
type Metadata struct {
	Age         time.Duration `json:"age_ns"`                    // since they were last fetched
	Expires     time.Time     `json:"expires"`                   // of the role that expires first
	Expired     bool          `json:"expired"`                   // new installs are refused
	GraceDays   int           `json:"grace_days,omitempty"`      // past their date, and used under a grace of so many days
	ClockBehind time.Duration `json:"clock_behind_ns,omitempty"` // the clock was turned back by this
	Roles       []Role        `json:"roles"`
}

// Role is one file of signed metadata and how long it is good.
type Role struct {
	Name    string    `json:"name"`
	Version int64     `json:"version"`
	Expires time.Time `json:"expires"`
	State   RoleState `json:"state"`
}

// RoleState is what the date of a role means now.
type RoleState string

// The states of a role.
const (
	RoleCurrent RoleState = "current"
	RoleSoon    RoleState = "soon"    // two thirds of its life have passed
	RoleGrace   RoleState = "grace"   // past its date, and used under the grace of the policy
	RoleExpired RoleState = "expired" // past its date
)

// Component is an installed component; Version "" is not installed.
type Component struct {
	Name     string        `json:"name"`
	Title    manifest.Text `json:"title"`
	Version  string        `json:"version"`
	Versions []string      `json:"versions,omitempty"` // when several stand side by side, the newest first
	Unknown  bool          `json:"unknown,omitempty"`  // which version is installed, or whether any is, cannot be told
	Previous string        `json:"previous,omitempty"` // what rollback returns to
	Damaged  bool          `json:"damaged,omitempty"`
	// Withdrawn says how the publisher took the installed version back.
	Withdrawn *manifest.Withdrawal `json:"withdrawn,omitempty"`
}

// Past is a run of the history.
type Past struct {
	Run     string
	Time    time.Time // when it began
	Outcome event.Outcome
	Steps   []event.StepInfo
}

// Difference is one file that is not as it was installed.
type Difference struct {
	Path string `json:"path"` // relative to the component
	What string `json:"what"` // missing, changed, unexpected
}

// Status writes the components of this machine and the age of the metadata.
func Status(w io.Writer, p *text.Printer, s State) error {
	g := newPage(p)
	if s.System != "" {
		g.head(p.Message("view-system", map[string]string{"System": s.System}))
	}
	g.metadata(s.Metadata)
	g.components(s.Components)
	for _, problem := range s.Problems {
		g.problem(p.Message(problem.Code, problem.Args), p.Hint(problem.Code, problem.Args))
	}
	return g.writeTo(w)
}

// components lists what is installed, and what is out of the ordinary about it.
func (g *page) components(all []Component) {
	p := g.p
	if len(all) == 0 {
		g.item(0, p.Message("view-components-none", nil))
		return
	}
	g.head(p.Count("view-components", len(all), nil))
	var rows [][]string
	for _, c := range all {
		row := []string{p.Value(c.Name), p.Version(c.Version), p.Text(c.Title)}
		if c.Unknown {
			row[1] = p.Message("view-unknown", nil)
		}
		if c.Previous != "" {
			row[2] += " (" + p.Message("view-previous", map[string]string{"Version": c.Previous}) + ")"
		}
		if len(c.Versions) > 0 {
			row[2] += " - " + p.Message("view-versions", map[string]string{"Versions": strings.Join(c.Versions, ", ")})
		}
		if c.Withdrawn != nil {
			row[2] += " - " + p.Message("view-withdrawn", map[string]string{"Because": p.Text(c.Withdrawn.Because)})
		}
		if c.Damaged {
			row[2] += " - " + p.Message("view-damaged", nil)
		}
		rows = append(rows, row)
	}
	g.table(2, rows)
}

// metadata says how old the metadata is, and what is out of the ordinary.
func (g *page) metadata(m *Metadata) {
	if m == nil {
		g.item(0, g.p.Message("view-metadata-none", nil))
		return
	}
	args := map[string]string{
		"Age": g.p.Duration(m.Age), "Expires": minute(m.Expires), "Days": strconv.Itoa(m.GraceDays),
		"Behind": g.p.Duration(m.ClockBehind),
	}
	switch {
	case m.Expired:
		g.item(0, g.p.Message("view-metadata-expired", args))
	case m.GraceDays > 0:
		g.item(0, g.p.Message("view-metadata-grace", args))
	default:
		g.item(0, g.p.Message("view-metadata", args))
	}
	if m.ClockBehind > 0 {
		g.item(0, g.p.Message("view-clock-behind", args))
	}
	var rows [][]string
	for _, r := range m.Roles {
		rows = append(rows, []string{g.p.Value(r.Name), strconv.FormatInt(r.Version, 10), minute(r.Expires), roleState(g.p, r.State)})
	}
	if len(rows) > 0 {
		g.head(g.p.Message("view-roles", nil))
		g.table(2, rows)
	}
}

// roleState says what is out of the ordinary about a role.
func roleState(p *text.Printer, s RoleState) string {
	switch s {
	case RoleSoon:
		return p.Message("view-role-soon", nil)
	case RoleGrace:
		return p.Message("view-role-grace", nil)
	case RoleExpired:
		return p.Message("view-role-expired", nil)
	}
	return ""
}

// minute writes a time of signed metadata, which is in UTC.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// History writes the runs of this machine as given, newest first.
func History(w io.Writer, p *text.Printer, runs []Past) error {
	g := newPage(p)
	if len(runs) == 0 {
		g.item(0, p.Message("view-history-none", nil))
	}
	for _, r := range runs {
		g.item(0, r.Time.Local().Format(time.DateTime)+"  "+p.Value(r.Run))
		g.b.WriteString(paragraph(string(text.OutcomeMark(r.Outcome))+" ", p.Outcome(r.Outcome)))
		for _, s := range r.Steps {
			g.item(indent, p.Action(s, func(name string) string { return name }))
		}
	}
	return g.writeTo(w)
}

// Damage writes, per component, every file that is not as it was installed.
func Damage(w io.Writer, p *text.Printer, damage map[string][]Difference) error {
	g := newPage(p)
	for _, name := range slices.Sorted(maps.Keys(damage)) {
		found := damage[name]
		if len(found) == 0 {
			g.b.WriteString(paragraph(string(text.MarkOK)+" ", p.Message("view-whole", map[string]string{"Component": name})))
			continue
		}
		g.b.WriteString(paragraph(string(text.MarkFail)+" ", p.Count("view-damage", len(found), map[string]string{"Component": name})))
		for _, d := range found {
			g.item(indent, p.Message("view-difference", map[string]string{"What": difference(p, d.What), "Path": d.Path}))
		}
		g.item(indent, p.Message("view-repair", map[string]string{"Component": name}))
	}
	return g.writeTo(w)
}

func difference(p *text.Printer, what string) string {
	switch what {
	case "missing":
		return p.Message("view-difference-missing", nil)
	case "changed":
		return p.Message("view-difference-changed", nil)
	case "unexpected":
		return p.Message("view-difference-unexpected", nil)
	}
	return what
}

// Facts writes what is known about the machine, one fact a line in order.
func Facts(w io.Writer, p *text.Printer, facts map[string]any) error {
	g := newPage(p)
	var fields []text.Field
	for _, path := range slices.Sorted(maps.Keys(facts)) {
		fields = append(fields, text.Field{Label: p.Value(path), Value: p.Value(fmt.Sprint(facts[path]))})
	}
	g.fields(0, fields)
	return g.writeTo(w)
}
