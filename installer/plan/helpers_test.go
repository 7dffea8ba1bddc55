package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// The real components with the limits that were confirmed in the field.
const (
	cryptolib = "cryptolib-cps"
	galss     = "galss"
	srvsvcnam = "srvsvcnam"
)

// facts is a machine that knows what it is told.
type facts map[string]any

func (f facts) lookup(path string) (any, bool) {
	v, known := f[path]
	return v, known
}

func mac(version string) facts {
	return facts{"os.family": "macos", "os.version": version, "disk.free_bytes": int64(1 << 40)}
}

// release is a macOS release with a package of 100 bytes that unpacks to 300.
func release(component, version string, change ...func(*manifest.Release)) manifest.Release {
	r := manifest.Release{
		Version: version, Platform: manifest.MacOS, Backend: "bundle",
		Artifact: &manifest.Artifact{
			Path:   "components/" + component + "/" + version + "/macos/package.tar.gz",
			Length: 100, SHA256: strings.Repeat("a", 64), Unpacked: 300,
		},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// atLeast asks for a macOS; known, when given, is the range it was verified in.
func atLeast(version string, known ...string) func(*manifest.Release) {
	return func(r *manifest.Release) {
		rule := manifest.Rule{
			Code: "macos-too-old", Source: "S2",
			Require: manifest.Condition{Fact: "os.version", In: ">= " + version},
			Because: manifest.Text{FR: "Trop ancien.", EN: "Too old."},
		}
		for _, k := range known {
			rule.Known = &manifest.Condition{Fact: "os.version", In: k}
		}
		r.Requires = append(r.Requires, rule)
	}
}

func inferred(r *manifest.Release) {
	r.Requires[len(r.Requires)-1].Confidence = manifest.Inferred
}

func needs(component, in string) func(*manifest.Release) {
	return func(r *manifest.Release) {
		r.Needs = append(r.Needs, manifest.Need{Component: component, In: in})
	}
}

func conflicts(component, in string) func(*manifest.Release) {
	return func(r *manifest.Release) {
		r.Conflicts = append(r.Conflicts, manifest.Need{Component: component, In: in})
	}
}

func withdrawn(replacement string) func(*manifest.Release) {
	return func(r *manifest.Release) {
		r.Withdrawn = &manifest.Withdrawal{ReplaceWith: replacement,
			Because: manifest.Text{FR: "Défaut.", EN: "Flaw."}}
	}
}

func noPackage(r *manifest.Release) { r.Artifact = nil }

func component(name string, releases ...manifest.Release) manifest.Component {
	return manifest.Component{Name: name, Releases: releases}
}

// field is the set of the real components on macOS.
func field(change ...func(map[string]*manifest.Component)) []manifest.Component {
	all := map[string]*manifest.Component{}
	for _, c := range []manifest.Component{
		component(cryptolib, release(cryptolib, "5.1.5"),
			release(cryptolib, "5.1.8", atLeast("10.15")),
			release(cryptolib, "5.2.1", atLeast("10.15", "< 26"))),
		component(galss, release(galss, "3.42.03"), release(galss, "3.43.02", atLeast("10.15"))),
		component(srvsvcnam, release(srvsvcnam, "3.40.02", needs(galss, ">= 3.42")),
			release(srvsvcnam, "3.42.02", needs(galss, ">= 3.42")),
			release(srvsvcnam, "3.43", needs(galss, ">= 3.43"))),
	} {
		all[c.Name] = &c
	}
	for _, c := range change {
		c(all)
	}
	var out []manifest.Component
	for _, name := range []string{cryptolib, galss, srvsvcnam} {
		out = append(out, *all[name])
	}
	return out
}

// on changes one release of the field.
func on(name, version string, change func(*manifest.Release)) func(map[string]*manifest.Component) {
	return func(all map[string]*manifest.Component) {
		for i := range all[name].Releases {
			if all[name].Releases[i].Version == version {
				change(&all[name].Releases[i])
			}
		}
	}
}

// by is what releve installed: "galss@3.42.03".
func by(names ...string) map[string]Installed {
	out := map[string]Installed{}
	for _, n := range names {
		name, version, _ := strings.Cut(n, "@")
		out[name] = Installed{Version: version, Backend: "bundle"}
	}
	return out
}

func targets(names ...string) []Target {
	var out []Target
	for _, n := range names {
		name, version, _ := strings.Cut(n, "@")
		out = append(out, Target{name, version})
	}
	return out
}

func input(t testing.TB, comps []manifest.Component, f facts, installed map[string]Installed, r Request) Input {
	t.Helper()
	return Input{
		Request: r, Manifest: manifesttest.Verified(t, "stable", comps), Platform: manifest.MacOS,
		Facts: f.lookup, Installed: installed,
	}
}

// lines is what a plan comes to, one line for each step, refusal and warning.
func lines(p Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s %s %s->%s %s", s.Action, s.Component, s.From, s.To, s.Why)
		if s.For != "" {
			b.WriteString(" " + s.For)
		}
		for _, q := range s.Questions {
			b.WriteString(" ?" + q.Code)
		}
		b.WriteString("\n")
	}
	for _, r := range p.Refusals {
		fmt.Fprintf(&b, "refused %s %s:", r.Component, r.Version)
		for _, reason := range r.Reasons {
			b.WriteString(" " + brief(reason))
		}
		if r.Accepted != "" {
			fmt.Fprintf(&b, " accepted %s", r.Accepted)
		}
		if r.Chosen {
			b.WriteString(" chosen")
		}
		b.WriteString("\n")
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "warning %s %s: %s\n", w.Component, w.Version, brief(w.Reason))
	}
	return b.String()
}

func brief(r Reason) string {
	subject := r.Code
	if r.Component != "" {
		subject += " of " + r.Component + " " + r.Version
	}
	if r.Other != "" {
		subject += " " + r.Other
	}
	return fmt.Sprintf("%s(%s|%s)", subject, r.Required, r.Actual)
}

// plain removes the indentation of a wanted text.
func plain(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// planCase is one row of a table.
type planCase struct {
	name      string
	comps     []manifest.Component // nil: the field
	facts     facts
	installed map[string]Installed
	request   Request
	change    func(*Input)
	want      string
}

func runCases(t *testing.T, tests []planCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			comps := tt.comps
			if comps == nil {
				comps = field()
			}
			in := input(t, comps, tt.facts, tt.installed, tt.request)
			if tt.change != nil {
				tt.change(&in)
			}
			p, err := Make(in)
			if err != nil {
				t.Fatalf("Make: %v", err)
			}
			got, want := lines(p), plain(tt.want)
			if got != want {
				t.Errorf("Make\n got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
