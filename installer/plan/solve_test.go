package plan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/releve-sante/releve/manifest"
)

// puzzle is a search problem in small: preferences[i] are the choices of
// variable i, best first, a version of 0 being absent.
type puzzle struct {
	names       []string
	preferences [][]choice
}

func (p puzzle) search() *search {
	vars := make([]*variable, len(p.names))
	for i, name := range p.names {
		vars[i] = &variable{name: name, domain: func(n int) (choice, bool) {
			if n >= len(p.preferences[i]) {
				return choice{}, false
			}
			return p.preferences[i][n], true
		}}
	}
	return newSearch(vars, newRanges(), &budget{limit: 1_000_000})
}

// fits says whether a whole selection breaks no rule.
func (p puzzle) fits(selection []int) bool {
	r := newRanges()
	at := func(name string) choice {
		if i := slices.Index(p.names, name); i >= 0 {
			return p.preferences[i][selection[i]]
		}
		return choice{}
	}
	for i, n := range selection {
		c := p.preferences[i][n]
		for _, need := range c.needs {
			if need.Component != p.names[i] && !r.holds(need, at(need.Component)) {
				return false
			}
		}
		for _, need := range c.conflicts {
			if need.Component != p.names[i] && r.holds(need, at(need.Component)) {
				return false
			}
		}
	}
	return true
}

// brute returns the first selection that fits, trying them all in the order
// in which the first variable counts most; nil when there is none.
func (p puzzle) brute() []int {
	selection := make([]int, len(p.names))
	for {
		if p.fits(selection) {
			return selection
		}
		i := len(selection) - 1
		for ; i >= 0; i-- {
			if selection[i]++; selection[i] < len(p.preferences[i]) {
				break
			}
			selection[i] = 0
		}
		if i < 0 {
			return nil
		}
	}
}

func numbered(version int) choice {
	if version == 0 {
		return choice{}
	}
	text := strconv.Itoa(version)
	return choice{kind: take, text: text, version: number(text)}
}

func drawPuzzle(t *rapid.T) puzzle {
	var p puzzle
	count := rapid.IntRange(1, 5).Draw(t, "components")
	for i := range count {
		p.names = append(p.names, string(rune('a'+i)))
	}
	rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) manifest.Need {
		op := rapid.SampledFrom([]string{"", ">= ", "< ", "= ", "!= "}).Draw(t, "operator")
		n := manifest.Need{Component: rapid.SampledFrom(append(p.names, "ghost")).Draw(t, "other")}
		if op != "" {
			n.In = op + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "bound"))
		}
		return n
	}), 0, 2)
	for range count {
		choices := []choice{}
		for v := 3; v >= 1; v-- {
			c := numbered(v)
			c.needs, c.conflicts = rules.Draw(t, "needs"), rules.Draw(t, "conflicts")
			choices = append(choices, c)
		}
		switch rapid.IntRange(0, 2).Draw(t, "absent") {
		case 0:
			choices = append([]choice{{}}, choices...)
		case 1:
			choices = append(choices, choice{})
		}
		p.preferences = append(p.preferences, choices)
	}
	return p
}

// TestSearchFindsTheFirstSelection compares with trying everything.
func TestSearchFindsTheFirstSelection(t *testing.T) {
	solvable := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawPuzzle(t)
		want := p.brute()
		s := p.search()
		ok, err := s.run()
		if err != nil {
			t.Fatalf("run: %v", err)
		}
		if ok != (want != nil) {
			t.Fatalf("run found a selection: %v, trying all of them gives %v", ok, want)
		}
		if !ok {
			if len(s.dead) == 0 {
				t.Fatal("no selection, and no rule that explains it")
			}
			return
		}
		solvable++
		var got []int
		for _, v := range s.vars {
			got = append(got, v.pos)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("run\n got %v\nwant %v", got, want)
		}
	})
	if solvable == 0 {
		t.Error("no drawn puzzle had a solution: the test shows nothing")
	}
}

// TestExplanationIsEnough drops every rule that the explanation of a failure
// does not name: what is left must still be impossible.
func TestExplanationIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPuzzle(t)
		s := p.search()
		if ok, err := s.run(); ok || err != nil {
			return
		}
		named := func(source string, n manifest.Need, conflict bool) bool {
			return slices.ContainsFunc(s.dead, func(c clash) bool {
				return c.source == source && c.need == n && c.conflict == conflict
			})
		}
		for i, choices := range p.preferences {
			choices = slices.Clone(choices)
			for j := range choices {
				c := &choices[j]
				c.needs = slices.DeleteFunc(slices.Clone(c.needs), func(n manifest.Need) bool { return !named(p.names[i], n, false) })
				c.conflicts = slices.DeleteFunc(slices.Clone(c.conflicts), func(n manifest.Need) bool { return !named(p.names[i], n, true) })
			}
			p.preferences[i] = choices
		}
		if left := p.brute(); left != nil {
			t.Fatalf("with only the rules of the explanation %v there is a selection: %v", s.dead, left)
		}
	})
}

// family is k components with ten versions each.
func family(k int, rules func(i, version int) []func(*manifest.Release)) []manifest.Component {
	var out []manifest.Component
	for i := range k {
		name := fmt.Sprintf("c%02d", i)
		var releases []manifest.Release
		for v := 1; v <= 10; v++ {
			releases = append(releases, release(name, strconv.Itoa(v), rules(i, v)...))
		}
		out = append(out, component(name, releases...))
	}
	return out
}

// hardFamily is a problem that plain backtracking would need ages for.
type hardFamily struct {
	name    string
	comps   []manifest.Component
	refused int
}

func hardFamilies(k int) []hardFamily {
	free := func(int, int) []func(*manifest.Release) { return nil }
	below := func(i, _ int) []func(*manifest.Release) {
		if i == k-1 {
			return []func(*manifest.Release){needs("ghost", "")}
		}
		return []func(*manifest.Release){needs(fmt.Sprintf("c%02d", i+1), ">= 1")}
	}
	exclude := func(from func(i int) int, in string) func(i, _ int) []func(*manifest.Release) {
		return func(i, _ int) []func(*manifest.Release) {
			var out []func(*manifest.Release)
			for j := from(i); j < k; j++ {
				if j != i {
					out = append(out, conflicts(fmt.Sprintf("c%02d", j), in))
				}
			}
			return out
		}
	}
	return []hardFamily{
		{"one-need-that-nothing-meets", append(family(k, free), component("leaf", release("leaf", "1", needs("c07", ">= 11")))), 1},
		{"a-need-deep-below-that-nothing-meets", append(family(k, below), component("free", release("free", "1"))), k},
		{"all-exclude-one-another", family(k, exclude(func(int) int { return 0 }, "")), k},
		{"each-excludes-the-later-ones", family(k, exclude(func(i int) int { return i }, ">= 1")), k},
	}
}

// TestHardFamilies plans them and prints how many choices were rejected or
// taken back.
func TestHardFamilies(t *testing.T) {
	for _, tt := range hardFamilies(20) {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlanner(input(t, tt.comps, mac("12.7"), nil, Request{Action: Install}))
			all, err := p.targets()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.bring(all); err != nil {
				t.Fatalf("planning: %v", err)
			}
			t.Logf("%d steps of %d", p.budget.steps, stepLimit)
			refused := map[string]bool{}
			for _, r := range p.refusals {
				refused[r.Component] = true
				if len(r.Reasons) == 0 || r.Reasons[0].Other == "" {
					t.Errorf("the refusal of %s does not name the other side: %+v", r.Component, r.Reasons)
				}
			}
			if len(refused) != tt.refused || len(p.steps) != len(tt.comps)-tt.refused {
				t.Errorf("%d components refused and %d steps, want %d and %d",
					len(refused), len(p.steps), tt.refused, len(tt.comps)-tt.refused)
			}
		})
	}
}

// TestTooComplex meets the limit: twenty components share ten places.
func TestTooComplex(t *testing.T) {
	comps := family(20, func(i, version int) []func(*manifest.Release) {
		var out []func(*manifest.Release)
		for j := range 20 {
			if j != i {
				out = append(out, conflicts(fmt.Sprintf("c%02d", j), "= "+strconv.Itoa(version)))
			}
		}
		return out
	})
	_, err := Make(input(t, comps, mac("12.7"), nil, Request{Action: Install}))
	var complex *ComplexError
	ok := errors.As(err, &complex)
	if !ok {
		t.Fatalf("Make: error %v, want a *ComplexError", err)
	}
	if complex.Component == "" || complex.Other == "" || complex.Steps != stepLimit {
		t.Errorf("the error does not say who stands against whom: %+v", complex)
	}
}
