package plan

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// stepLimit is how many choices one call of Make or Explain may reject or
// take back. A choice that is right the first time costs nothing, so a chain
// of ten thousand components costs none; nor does one that is known to be
// none.
const stepLimit = 10_000

// kind says what a choice does to its component.
type kind int

const (
	absent kind = iota // not installed, and stays so
	keep               // installed, and stays as it is
	take               // replaced by, or brought as, choice.offer
)

// choice is one way to settle a component.
type choice struct {
	kind      kind
	text      string            // version as published; "" when absent
	version   *manifest.Version // of text; nil when not to be compared
	offer     *offer            // with take
	needs     []manifest.Need   // what it asks of the others
	conflicts []manifest.Need   // what it excludes
}

// clash is one need or conflict that a choice did not meet.
type clash struct {
	source, version string // whose it is
	kept            bool   // source is installed and stays as it is
	need            manifest.Need
	conflict        bool
	actual          string // version of need.Component that was tried; "" when absent
}

func newClash(source string, of choice, n manifest.Need, conflict bool, actual string) *clash {
	return &clash{source, of.text, of.kind == keep, n, conflict, actual}
}

// same says that two clashes are about the same rule, perhaps with other
// versions on either side.
func (c clash) same(d clash) bool {
	return c.source == d.source && c.need == d.need && c.conflict == d.conflict
}

// demand is a need or conflict of an earlier variable on a later one.
type demand struct {
	from     int
	need     manifest.Need
	conflict bool
}

// variable is a component whose choice is searched.
type variable struct {
	name     string
	domain   func(i int) (choice, bool) // the i-th preference
	pos      int                        // of current, -1 before the first
	current  choice
	incoming []demand         // of the variables before it
	culprits []int            // earlier variables whose choice rejected one of ours
	why      [][]clash        // by position, why a choice is none
	learnt   map[int][]nogood // by position
}

// nogood is learnt at a dead end: a choice is none while the earlier
// variables named have these positions.
type nogood struct {
	with []held
	why  []clash
}

// held is a variable at one of its positions.
type held struct{ variable, pos int }

// search finds the first selection in the order of the variables and of their
// preferences. When a variable has no choice left it goes back to the last
// variable that had a part in that, not to the last one (conflict-directed
// backjumping), and remembers what they had in common, so that neither what
// has nothing to do with a dead end nor the dead end itself is tried again.
type search struct {
	vars   []*variable
	index  map[string]int
	ranges *ranges
	budget *budget
	dead   []clash          // after a failure: the rules that cannot meet
	askers map[string][]int // variables by what they have rules about, made by rivals
}

// budget counts the choices rejected or taken back.
type budget struct{ steps, limit int }

func (b *budget) spend(c clash) error {
	if b.steps++; b.steps > b.limit {
		return &ComplexError{Component: c.source, Other: c.need.Component, Steps: b.limit}
	}
	return nil
}

func newSearch(vars []*variable, r *ranges, b *budget) *search {
	s := &search{vars: vars, index: make(map[string]int, len(vars)), ranges: r, budget: b}
	for i, v := range vars {
		v.pos = -1
		s.index[v.name] = i
	}
	return s
}

// run searches. False means that no selection exists, and dead says why.
func (s *search) run() (bool, error) {
	for i := 0; i < len(s.vars); {
		found, err := s.advance(i)
		if err != nil {
			return false, err
		}
		if found {
			s.assign(i)
			i++
			continue
		}
		v := s.vars[i]
		because := gather(v.why)
		back := -1
		for _, c := range v.culprits {
			back = max(back, c)
		}
		if back < 0 {
			s.dead = because
			return false, nil
		}
		if err := s.retreat(i, back, because); err != nil {
			return false, err
		}
		i = back
	}
	return true, nil
}

// advance moves variable i to its next choice that fits the earlier ones.
func (s *search) advance(i int) (bool, error) {
	v := s.vars[i]
	for {
		c, ok := v.domain(v.pos + 1)
		if !ok {
			return false, nil
		}
		v.pos++
		v.current = c
		if why := s.recall(v); why != nil {
			v.why = append(v.why, why)
			continue
		}
		culprit, clashed := s.reject(i, c)
		if clashed == nil {
			v.why = append(v.why, nil)
			return true, nil
		}
		v.why = append(v.why, []clash{*clashed})
		if culprit >= 0 {
			v.blame(culprit)
		}
		if c.kind == take {
			if err := s.budget.spend(*clashed); err != nil {
				return false, err
			}
		}
	}
}

// recall returns why the current choice of v is known to be none, nil when it
// is not, and blames the variables that make it so.
func (s *search) recall(v *variable) []clash {
next:
	for _, n := range v.learnt[v.pos] {
		for _, h := range n.with {
			if s.vars[h.variable].pos != h.pos {
				continue next
			}
		}
		for _, h := range n.with {
			v.blame(h.variable)
		}
		return n.why
	}
	return nil
}

// reject returns the rule that choice c of variable i breaks, nil if none,
// with the earlier variable that has a part in it, -1 if none has.
func (s *search) reject(i int, c choice) (culprit int, broken *clash) {
	v := s.vars[i]
	for _, d := range v.incoming {
		if s.ranges.holds(d.need, c) == d.conflict {
			from := s.vars[d.from]
			return d.from, newClash(from.name, from.current, d.need, d.conflict, c.text)
		}
	}
	for _, conflict := range []bool{false, true} {
		rules := c.needs
		if conflict {
			rules = c.conflicts
		}
		for _, n := range rules {
			t, known := s.index[n.Component]
			if known && t >= i {
				continue // asked when that one is chosen; of itself nothing is asked
			}
			other, from := choice{}, -1
			if known {
				other, from = s.vars[t].current, t
			}
			if s.ranges.holds(n, other) == conflict {
				return from, newClash(v.name, c, n, conflict, other.text)
			}
		}
	}
	return -1, nil
}

func (v *variable) blame(earlier int) {
	for _, c := range v.culprits {
		if c == earlier {
			return
		}
	}
	v.culprits = append(v.culprits, earlier)
}

// assign lets the later variables know what the choice of variable i asks.
func (s *search) assign(i int) {
	c := &s.vars[i].current
	for _, n := range c.needs {
		s.demand(i, n, false)
	}
	for _, n := range c.conflicts {
		s.demand(i, n, true)
	}
}

func (s *search) demand(from int, n manifest.Need, conflict bool) {
	if t, known := s.index[n.Component]; known && t > from {
		s.vars[t].incoming = append(s.vars[t].incoming, demand{from, n, conflict})
	}
}

// retreat undoes the choices from variable i, which has none left, to
// variable back, and hands back what was learnt: the other culprits, and why
// the current choice of back is none beside them.
func (s *search) retreat(i, back int, because []clash) error {
	to := s.vars[back]
	learnt := nogood{why: because}
	for _, c := range s.vars[i].culprits {
		if c != back {
			to.blame(c)
			learnt.with = append(learnt.with, held{c, s.vars[c].pos})
		}
	}
	if to.learnt == nil {
		to.learnt = map[int][]nogood{}
	}
	to.learnt[to.pos] = append(to.learnt[to.pos], learnt)
	to.why[to.pos] = because
	for j := i; j > back; j-- {
		if j < i {
			s.withdraw(j)
		}
		v := s.vars[j]
		v.pos, v.culprits, v.why = -1, v.culprits[:0], v.why[:0]
	}
	s.withdraw(back)
	return s.budget.spend(because[len(because)-1])
}

// withdraw takes back what variable i asked of later ones. What it asked is
// the last that was asked of them: everything after i is already undone.
func (s *search) withdraw(i int) {
	c := &s.vars[i].current
	for _, rules := range [][]manifest.Need{c.needs, c.conflicts} {
		for _, n := range rules {
			t, known := s.index[n.Component]
			if !known || t <= i {
				continue
			}
			in := s.vars[t].incoming
			for len(in) > 0 && in[len(in)-1].from == i {
				in = in[:len(in)-1]
			}
			s.vars[t].incoming = in
		}
	}
}

// gather joins explanations, each rule once. Of a rule that several choices
// broke it keeps the first that was installed or could be, since "absent"
// explains less than a version.
func gather(why [][]clash) []clash {
	var out []clash
	for _, some := range why {
	next:
		for _, c := range some {
			for i := range out {
				if out[i].same(c) {
					if out[i].actual == "" {
						out[i].actual = c.actual
					}
					continue next
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// rivals returns, in order, the variables that a selection has a rule between
// them and v: a rule of theirs, or one of release now of v.
func (s *search) rivals(v *variable, now manifest.Release) []int {
	if s.askers == nil {
		s.askers = map[string][]int{}
		for i, o := range s.vars {
			for _, rules := range [][]manifest.Need{o.current.needs, o.current.conflicts} {
				for _, n := range rules {
					if n.Component != o.name {
						s.askers[n.Component] = append(s.askers[n.Component], i)
					}
				}
			}
		}
	}
	out := slices.Clone(s.askers[v.name])
	for _, rules := range [][]manifest.Need{now.Needs, now.Conflicts} {
		for _, n := range rules {
			if i, known := s.index[n.Component]; known && n.Component != v.name {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
