package plan

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// drawRelease is any release of component c00 to c03, with any rule.
func drawRelease(t *rapid.T, name string, version int) manifest.Release {
	other := rapid.SampledFrom([]string{"c00", "c01", "c02", "c03", "ghost"})
	in := rapid.SampledFrom([]string{"", ">= 2", "< 2", "= 1", "!= 3"})
	var change []func(*manifest.Release)
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		need := other.Draw(t, "other")
		if need == name {
			need = "ghost"
		}
		change = append(change, rapid.SampledFrom([]func(*manifest.Release){
			needs(need, in.Draw(t, "in")), conflicts(need, in.Draw(t, "in")), withdrawn("1"), noPackage,
			atLeast("10.15"), atLeast("10.14", "< 10.15"), atLeast("12"), func(*manifest.Release) {},
		}).Draw(t, "rule"))
	}
	return release(name, strconv.Itoa(version), change...)
}

// drawInput is any machine with any request.
func drawInput(t *rapid.T, tb testing.TB) Input {
	var comps []manifest.Component
	installed := map[string]Installed{}
	for i := range 4 {
		name := fmt.Sprintf("c%02d", i)
		c := manifest.Component{Name: name}
		for v := 1; v <= 3; v++ {
			c.Releases = append(c.Releases, drawRelease(t, name, v))
		}
		comps = append(comps, c)
		i := Installed{
			Version: rapid.SampledFrom([]string{"", "1", "2", "3", "4", "weird"}).Draw(t, "installed"),
			Backend: rapid.SampledFrom([]string{"bundle", "bundle", "", "msi"}).Draw(t, "backend"),
			Absent:  rapid.Bool().Draw(t, "was absent"),
		}
		if rapid.Bool().Draw(t, "has previous") {
			i.Previous = &c.Releases[rapid.IntRange(0, 2).Draw(t, "previous")]
		}
		installed[name] = i
	}
	r := Request{Action: rapid.SampledFrom([]Verb{Install, Update, Uninstall, Rollback, Repair}).Draw(t, "verb")}
	for i := range 4 {
		if rapid.Bool().Draw(t, "named") {
			version := rapid.SampledFrom([]string{"", "", "1", "3"}).Draw(t, "version")
			r.Components = append(r.Components, Target{fmt.Sprintf("c%02d", i), version})
		}
	}
	if rapid.Bool().Draw(t, "pinned") {
		r.Pins = map[string]string{"c01": "2"}
	}
	f := mac(rapid.SampledFrom([]string{"10.14.6", "10.15.7", "13", "10.16", "odd"}).Draw(t, "system"))
	return input(tb, comps, f, installed, r)
}

// TestMakeProperties holds what is true of every plan.
func TestMakeProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := drawInput(rt, t)
		p, err := Make(in)
		if err != nil {
			rt.Fatalf("Make: %v", err)
		}
		again, err := Make(in)
		if err != nil {
			rt.Fatalf("Make: %v", err)
		}
		first, err := Encode(p)
		if err != nil {
			rt.Fatalf("Encode: %v", err)
		}
		if second, _ := Encode(again); !bytes.Equal(first, second) {
			rt.Fatalf("equal inputs gave\n%s\nand\n%s", first, second)
		}
		if _, err := Decode(first); err != nil {
			rt.Fatalf("Decode: %v", err)
		}
		holdsOfSteps(rt, in, p)
		for _, r := range p.Refusals {
			if r.Code == "" || len(r.Reasons) == 0 {
				rt.Fatalf("a refusal without a reason: %+v", r)
			}
		}
	})
}

// holdsOfSteps checks each step by itself and then what they come to.
func holdsOfSteps(t *rapid.T, in Input, p Plan) {
	after := map[string]string{}
	for name, i := range in.Installed {
		after[name] = i.Version
	}
	named := map[string]string{}
	for _, c := range in.Request.Components {
		named[c.Component] = c.Version
	}
	for _, s := range p.Steps {
		if in.Installed[s.Component].Version != "" && in.Installed[s.Component].Backend == "" {
			t.Fatalf("%s was installed by something else and is changed: %+v", s.Component, s)
		}
		if s.Action == backend.Downgrade && named[s.Component] != s.To {
			t.Fatalf("%s goes down to %s, which nobody named", s.Component, s.To)
		}
		brings := s.Action == backend.Install || s.Action == backend.Update || s.Action == backend.Downgrade
		if brings && (s.Release.Withdrawn != nil || s.Release.Artifact == nil) {
			t.Fatalf("%s %s is withdrawn or has no package, and is installed", s.Component, s.To)
		}
		if pin := in.Request.Pins[s.Component]; brings && pin != "" && pin != s.To {
			t.Fatalf("%s is pinned to %s and goes to %s", s.Component, pin, s.To)
		}
		if s.Backend == "" || s.Why == WhyNeededBy && s.For == "" {
			t.Fatalf("a step does not say who does it, or for whom: %+v", s)
		}
		after[s.Component] = s.To
	}
	holdsOfOutcome(t, in, p, after)
}

// holdsOfOutcome checks that every rule between components that is met today
// is met afterwards, and every rule of what is new.
func holdsOfOutcome(t *rapid.T, in Input, p Plan, after map[string]string) {
	pl := newPlanner(in)
	release := map[string]*manifest.Release{}
	for _, name := range slices.Sorted(maps.Keys(in.Installed)) {
		release[name] = pl.entry(name).current
	}
	isNew := map[string]bool{}
	for _, s := range p.Steps {
		release[s.Component], isNew[s.Component] = s.Release, s.Action != backend.Repair
	}
	for name, r := range release {
		if r == nil || after[name] == "" {
			continue
		}
		check := func(rules []manifest.Need, conflict bool) {
			for _, n := range rules {
				then := pl.ranges.holds(n, pl.version(after[n.Component])) != conflict
				today := pl.ranges.holds(n, pl.present(n.Component)) != conflict
				if n.Component != name && !then && (isNew[name] || today) {
					t.Fatalf("%s %s has rule %+v (conflict: %v), which the plan breaks:\n%s", name, after[name], n, conflict, lines(p))
				}
			}
		}
		check(r.Needs, false)
		check(r.Conflicts, true)
	}
}

func TestExplainNeverFails(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := drawInput(rt, t)
		version := rapid.SampledFrom([]string{"", "1", "2", "3"}).Draw(rt, "explained")
		e, err := Explain(in, Target{"c01", version})
		if err != nil {
			rt.Fatalf("Explain: %v", err)
		}
		for _, v := range e.Releases {
			if v.Accepted && v.Holds != manifest.True {
				rt.Fatalf("%s is accepted though its conditions are %s", v.Version, v.Holds)
			}
		}
	})
}

func TestMakeOfNothing(t *testing.T) {
	for _, verb := range []Verb{Install, Update, Uninstall, Rollback, Repair} {
		p, err := Make(Input{Request: Request{Action: verb}})
		if err != nil || !p.Empty() || p.Refused() {
			t.Errorf("Make of an empty input for %s: %+v, error %v", verb, p, err)
		}
	}
	empty := manifesttest.Verified(t, "stable", nil)
	if _, err := Make(Input{Request: Request{Action: Install, Components: targets("a")}, Manifest: empty}); err == nil {
		t.Error("a component that does not exist was planned")
	}
}

func FuzzDecode(f *testing.F) {
	valid, err := Encode(fieldPlan(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(valid)
	f.Add([]byte(`{"schema":1,"request":{"action":"update"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data)
		if err != nil {
			return
		}
		first, err := Encode(p)
		if err != nil {
			t.Fatalf("encoding what was decoded: %v", err)
		}
		again, err := Decode(first)
		if err != nil {
			t.Fatalf("decoding what was encoded: %v", err)
		}
		if m := Moved(p, again); m != nil {
			t.Fatalf("the plan changed on the way: %v", m)
		}
	})
}
