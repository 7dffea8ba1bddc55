package manifest

import (
	"fmt"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// maxTerms is how many constraints a range can hold.
const maxTerms = 16

// The operators of a range, longer ones before their beginnings.
const operators = ">= <= != ~> > < ="

// A Range is a set of versions: all that satisfy every one of its
// constraints. The zero Range, which ParseRange also gives for "", holds every
// version.
type Range struct {
	text  string
	terms []term
}

// A term is one constraint.
type term struct {
	op      string
	version Version
	pre     *goversion.Constraint // when version is a pre-release
}

// ParseRange reads constraints separated by commas, each an operator (one of
// = != > >= < <= ~>) and a version: ">= 3.42, < 4". "~> 3.43" is ">= 3.43,
// < 4" and "~> 3.43.1" is ">= 3.43.1, < 3.44". The error is a *TextError with
// CodeRange.
//
// As with hashicorp's go-version, a pre-release satisfies an ordering only
// when the constraint names a pre-release of the same numbers, so that "rc1"
// of the next version is not installed by ">= 3.42".
func ParseRange(s string) (Range, error) {
	r := Range{text: s}
	if s == "" {
		return r, nil
	}
	count := strings.Count(s, ",") + 1
	if len(s) > 256 || count > maxTerms {
		return Range{}, rangeError(s, 0, fmt.Sprintf("<= %d constraints, <= 256 characters", maxTerms))
	}
	r.terms = make([]term, 0, count)
	for at := 0; at <= len(s); {
		end := strings.IndexByte(s[at:], ',')
		if end < 0 {
			end = len(s)
		} else {
			end += at
		}
		t, err := readTerm(s, at, end)
		if err != nil {
			return Range{}, err
		}
		r.terms = append(r.terms, t)
		at = end + 1
	}
	return r, nil
}

// String returns the range as it was written.
func (r Range) String() string { return r.text }

// Contains reports whether v satisfies every constraint.
func (r Range) Contains(v Version) bool {
	for i := range r.terms {
		if !r.terms[i].holds(&v) {
			return false
		}
	}
	return true
}

func rangeError(s string, at int, expected string) error {
	return &TextError{Reason: CodeRange, Text: visible(s), Column: at + 1, Expected: expected}
}

// readTerm reads the constraint in s[at:end].
func readTerm(s string, at, end int) (term, error) {
	for at < end && s[at] == ' ' {
		at++
	}
	for end > at && s[end-1] == ' ' {
		end--
	}
	op := operatorAt(s[at:end])
	if op == "" {
		return term{}, rangeError(s, at, operatorNotation)
	}
	at += len(op)
	for at < end && s[at] == ' ' {
		at++
	}
	v, bad, expected := readVersion(s[at:end])
	switch {
	case expected != "":
		return term{}, rangeError(s, at+bad, expected)
	case op == "~>" && v.pre != nil:
		return term{}, rangeError(s, at, "version that is no pre-release")
	case op == "~>" && v.written < 2:
		return term{}, rangeError(s, at, ">= 2 numbers")
	}
	t := term{op: op, version: v}
	if v.pre != nil {
		parsed, err := goversion.NewConstraint(op + v.pre.String())
		if err != nil {
			return term{}, rangeError(s, at, "version")
		}
		t.pre = parsed[0]
	}
	return t, nil
}

const operatorNotation = "= | != | > | >= | < | <= | ~>"

// operatorAt returns the operator that s begins with, or "".
func operatorAt(s string) string {
	if s == "" {
		return ""
	}
	for op := range strings.FieldsSeq(operators) {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// holds reports whether v satisfies the constraint. Numbers alone decide
// nearly always; of two pre-releases go-version is the judge.
func (t *term) holds(v *Version) bool {
	if v.pre != nil {
		if t.pre != nil {
			return t.pre.Check(v.pre)
		}
		return t.op == "!="
	}
	c := v.Compare(t.version)
	switch t.op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	}
	return c >= 0 && sameBut(v, &t.version)
}

// sameBut reports whether v begins with the numbers of bound but its last
// written one: the upper end of ~>.
func sameBut(v, bound *Version) bool {
	for i := range bound.written - 1 {
		if v.numbers[i] != bound.numbers[i] {
			return false
		}
	}
	return true
}

// containsFrom answers for a version of which only the lowest possible value
// is known: true or false when every version from floor on gives that answer.
func (r Range) containsFrom(floor Version) Truth {
	out := True
	for i := range r.terms {
		out = and(out, r.terms[i].holdsFrom(&floor))
	}
	return out
}

func (t *term) holdsFrom(floor *Version) Truth {
	c := floor.Compare(t.version)
	switch t.op {
	case "=":
		if c > 0 {
			return False
		}
	case "!=":
		if c > 0 {
			return True
		}
	case ">":
		if c > 0 {
			return True
		}
	case ">=":
		if c >= 0 {
			return True
		}
	case "<":
		if c >= 0 {
			return False
		}
	case "<=":
		if c > 0 {
			return False
		}
	default:
		if c > 0 && !sameBut(floor, &t.version) {
			return False
		}
	}
	return Unknown
}
