package manifest

import (
	"strconv"
	"unicode/utf8"
)

// A Leaf is one comparison that an evaluation made. Holds is about Required
// as it stands there: below a "not", Required begins with "not" and Holds is
// turned accordingly.
type Leaf struct {
	Fact     string `json:"fact"`
	Required string `json:"required"`         // for example ">= 10.15", "= macos", "not = 28000"
	Actual   string `json:"actual,omitempty"` // as found; "" when unknown
	Holds    Truth  `json:"holds"`
}

// A Result is the value of a condition with every comparison behind it, in
// the order of the document. None is left out because another one decided:
// they are what a person is told.
type Result struct {
	Holds  Truth  `json:"holds"`
	Leaves []Leaf `json:"leaves,omitempty"`
}

// Eval answers the condition. A fact that l does not know, whose value has
// another type than the comparison asks for, or that cannot be read as a
// version where one is asked for, makes its comparison unknown. "All" is false
// when one part is, "any" true when one part is, whatever is unknown beside
// it.
//
// On macOS the aliases of os.version are looked through (MacOSVersion): 16.1
// is compared as 26.1, and 10.16, which can be any system from 11 on, gives
// true or false only where all of these agree.
func (c Condition) Eval(l Lookup) Result {
	e := evaluation{lookup: l}
	holds := e.eval(&c, false)
	return Result{Holds: holds, Leaves: e.leaves}
}

// Check answers the rule: its condition, of which a true becomes unknown
// where Known does not hold, for nobody has verified it there. The
// comparisons of Known are among the leaves when they made that difference.
func (r Rule) Check(l Lookup) Result {
	out := r.Require.Eval(l)
	if r.Known == nil || out.Holds != True {
		return out
	}
	if known := r.Known.Eval(l); known.Holds != True {
		out.Holds = Unknown
		out.Leaves = append(out.Leaves, known.Leaves...)
	}
	return out
}

// PlatformOf returns the platform of the fact os.family. A family that no
// release is made for is given what is made for any.
func PlatformOf(osFamily string) Platform {
	switch p := Platform(osFamily); p {
	case Windows, MacOS, Linux:
		return p
	}
	return Any
}

type evaluation struct {
	lookup Lookup
	leaves []Leaf
}

// eval returns the value of c; negated tells how its leaves are to be shown.
func (e *evaluation) eval(c *Condition, negated bool) Truth {
	switch {
	case c.Not != nil:
		return not(e.eval(c.Not, !negated))
	case len(c.All) > 0:
		out := True
		for i := range c.All {
			out = and(out, e.eval(&c.All[i], negated))
		}
		return out
	case len(c.Any) > 0:
		out := False
		for i := range c.Any {
			out = not(and(not(out), not(e.eval(&c.Any[i], negated))))
		}
		return out
	case c.Fact == "":
		return Unknown
	}
	holds, actual := e.compare(c)
	leaf := Leaf{Fact: c.Fact, Required: requirement(c), Actual: actual, Holds: holds}
	if negated {
		leaf.Required, leaf.Holds = "not "+leaf.Required, not(holds)
	}
	e.leaves = append(e.leaves, leaf)
	return holds
}

// requirement is what a comparison asks for.
func requirement(c *Condition) string {
	if c.In != "" {
		return c.In
	}
	return "= " + factText(c.Is)
}

// compare answers one comparison and says what was found.
func (e *evaluation) compare(c *Condition) (holds Truth, actual string) {
	value, known := e.lookup(c.Fact)
	if !known {
		return Unknown, ""
	}
	actual = factText(value)
	if c.In != "" {
		return e.within(c, value, actual), actual
	}
	return equal(c.Is, value), actual
}

// factText is how a fact is shown; "" for what no fact can be.
func factText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// equal compares two facts; of different types they cannot be compared.
func equal(want, value any) Truth {
	same := false
	switch want.(type) {
	case string:
		_, same = value.(string)
	case bool:
		_, same = value.(bool)
	case int64:
		_, same = value.(int64)
	}
	if !same {
		return Unknown
	}
	return truth(want == value)
}

// within answers whether a fact lies in the range of c.
func (e *evaluation) within(c *Condition, value any, text string) Truth {
	if _, isBool := value.(bool); isBool {
		return Unknown
	}
	r, err := ParseRange(c.In)
	if err != nil {
		return Unknown
	}
	number, alias := text, false
	if c.Fact == "os.version" {
		if family, _ := e.lookup("os.family"); family == string(MacOS) {
			number, alias = MacOSVersion(text)
		}
	}
	v, err := ParseVersion(number)
	switch {
	case err != nil:
		return Unknown
	case alias && v.numbers[0] == 11:
		return r.containsFrom(v)
	}
	return truth(r.Contains(v))
}

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func not(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

func and(a, b Truth) Truth {
	switch {
	case a == False || b == False:
		return False
	case a == True && b == True:
		return True
	}
	return Unknown
}

// Limits of one condition.
const (
	deepestCondition = 8
	mostParts        = 256
	longestFact      = 256 // characters of a text that a fact is compared with
)

// checkCondition checks a condition and everything in it.
func checkCondition(field string, c *Condition) *SyntaxError {
	left := mostParts
	if err := c.check(1, &left); err != nil {
		return err.under(field)
	}
	return nil
}

func (c *Condition) check(depth int, left *int) *SyntaxError {
	if depth > deepestCondition {
		return &SyntaxError{Reason: CodeTooLarge, Expected: "depth <= " + strconv.Itoa(deepestCondition)}
	}
	if *left--; *left < 0 {
		return &SyntaxError{Reason: CodeTooLarge, Expected: "<= " + strconv.Itoa(mostParts) + " parts"}
	}
	kinds := 0
	for _, given := range [...]bool{len(c.All) > 0, len(c.Any) > 0, c.Not != nil, c.Fact != ""} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		return &SyntaxError{Reason: CodeValue, Expected: "all | any | not | fact"}
	}
	if c.Fact == "" && (c.Is != nil || c.In != "") {
		return missing("fact")
	}
	inner := func(part *Condition) *SyntaxError { return part.check(depth+1, left) }
	switch {
	case c.Fact != "":
		return c.checkComparison()
	case c.Not != nil:
		if err := inner(c.Not); err != nil {
			return err.under("not")
		}
		return nil
	case len(c.All) > 0:
		return each("all", mostParts, c.All, inner)
	}
	return each("any", mostParts, c.Any, inner)
}

// checkComparison checks a condition about one fact.
func (c *Condition) checkComparison() *SyntaxError {
	if !isFact(c.Fact) {
		return outside("fact", factNotation, c.Fact)
	}
	if (c.Is == nil) == (c.In == "") {
		return &SyntaxError{Reason: CodeValue, Expected: "is | in"}
	}
	if c.In != "" {
		if _, err := ParseRange(c.In); err != nil {
			return badRange(c.In).under("in")
		}
		return nil
	}
	switch is := c.Is.(type) {
	case bool, int64:
		return nil
	case string:
		if n := utf8.RuneCountInString(is); n == 0 || n > longestFact {
			return outside("is", "1.."+strconv.Itoa(longestFact)+" characters", is)
		}
		return nil
	}
	bad := &SyntaxError{Reason: CodeType, Expected: "string | true | false | integer"}
	return bad.under("is")
}
