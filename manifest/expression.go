package manifest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// longestExpression is how many bytes a condition on a command line may have.
const longestExpression = 1024

// ParseCondition reads a condition as it is typed on a command line:
//
//	os.version >= 10.15
//	os.family = macos && os.version >= 10.15, < 13
//	!(os.build = 28000) && (arch.native = arm64 || elevated = true)
//
// A comparison is a fact, an operator of a Range and a value; more constraints
// follow after commas. "&&" binds closer than "||", "!" closer than both. What
// begins with a digit and reads as a version is compared as one; true and
// false are truth values; anything else, and everything in quotation marks,
// is text, which only = and != compare. Inside the marks there is no escape.
// The error is a *TextError with CodeCondition.
func ParseCondition(s string) (Condition, error) {
	e := expression{text: s}
	if len(s) > longestExpression {
		return Condition{}, e.fault(longestExpression, fmt.Sprintf("<= %d characters", longestExpression))
	}
	for i, r := range s {
		if !allowedRune(r) || r == utf8.RuneError {
			return Condition{}, e.fault(i, "visible character")
		}
	}
	c, err := e.either()
	if err != nil {
		return Condition{}, err
	}
	if e.skip(); e.pos < len(s) {
		return Condition{}, e.fault(e.pos, "&& | || | ,")
	}
	if fault := checkCondition("", &c); fault != nil {
		return Condition{}, e.fault(0, fault.Expected)
	}
	return c, nil
}

// String writes the condition as ParseCondition reads it; a text with a
// quotation mark in it is only for reading.
func (c Condition) String() string {
	switch {
	case c.Not != nil && c.Not.Fact != "" && c.Not.In == "":
		return c.Not.Fact + " != " + valueText(c.Not.Is)
	case c.Not != nil:
		return "!(" + c.Not.String() + ")"
	case len(c.All) > 0:
		return joined(c.All, " && ")
	case len(c.Any) > 0:
		return joined(c.Any, " || ")
	case c.In != "":
		return c.Fact + " " + c.In
	}
	return c.Fact + " = " + valueText(c.Is)
}

func joined(parts []Condition, operator string) string {
	out := make([]string, len(parts))
	for i := range parts {
		out[i] = parts[i].String()
		if len(parts[i].All) > 0 || len(parts[i].Any) > 0 {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, operator)
}

// valueText writes a value, in quotation marks where it would be read as
// something else without.
func valueText(is any) string {
	text, ok := is.(string)
	if !ok {
		return factText(is)
	}
	plain := text != "" && text != "true" && text != "false" && !isDigit(text[0])
	for i := range len(text) {
		plain = plain && isValue(text[i])
	}
	if plain {
		return text
	}
	return `"` + text + `"`
}

// An expression is a condition being read.
type expression struct {
	text string
	pos  int
}

func (e *expression) fault(at int, expected string) error {
	return &TextError{Reason: CodeCondition, Text: visible(e.text), Column: at + 1, Expected: expected}
}

func (e *expression) skip() {
	for e.pos < len(e.text) && e.text[e.pos] == ' ' {
		e.pos++
	}
}

// take consumes what when it comes next.
func (e *expression) take(what string) bool {
	e.skip()
	if !strings.HasPrefix(e.text[e.pos:], what) {
		return false
	}
	e.pos += len(what)
	return true
}

// run consumes the characters that ok accepts.
func (e *expression) run(ok func(byte) bool) string {
	e.skip()
	start := e.pos
	for e.pos < len(e.text) && ok(e.text[e.pos]) {
		e.pos++
	}
	return e.text[start:e.pos]
}

func (e *expression) either() (Condition, error) {
	parts, err := e.list("||", e.both)
	if err != nil || len(parts) == 1 {
		return parts[0], err
	}
	return Condition{Any: parts}, nil
}

func (e *expression) both() (Condition, error) {
	parts, err := e.list("&&", e.unary)
	if err != nil || len(parts) == 1 {
		return parts[0], err
	}
	return Condition{All: parts}, nil
}

// list reads parts with operator between them; it returns at least one.
func (e *expression) list(operator string, part func() (Condition, error)) ([]Condition, error) {
	var parts []Condition
	for {
		c, err := part()
		parts = append(parts, c)
		if err != nil || !e.take(operator) {
			return parts, err
		}
	}
}

func (e *expression) unary() (Condition, error) {
	switch {
	case e.take("!"):
		c, err := e.unary()
		return Condition{Not: &c}, err
	case e.take("("):
		c, err := e.either()
		if err == nil && !e.take(")") {
			err = e.fault(e.pos, ")")
		}
		return c, err
	}
	return e.comparison()
}

// comparison reads a fact and the constraints on it.
func (e *expression) comparison() (Condition, error) {
	e.skip()
	start := e.pos
	fact := e.run(func(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' || c == '_' || c == '-' })
	if !isFact(fact) {
		return Condition{}, e.fault(start, factNotation)
	}
	op, text, version, err := e.constraint(true)
	if err != nil {
		return Condition{}, err
	}
	if !version {
		return textComparison(fact, op, text), nil
	}
	in := op + " " + text
	for e.take(",") {
		if op, text, _, err = e.constraint(false); err != nil {
			return Condition{}, err
		}
		in += ", " + op + " " + text
	}
	if _, err := ParseRange(in); err != nil {
		return Condition{}, e.fault(start, rangeNotation)
	}
	return Condition{Fact: fact, In: in}, nil
}

// textComparison compares a fact with what is no version. Text in quotation
// marks arrives with them.
func textComparison(fact, op, text string) Condition {
	c := Condition{Fact: fact, Is: strings.Trim(text, `"`)}
	if text == "true" || text == "false" {
		c.Is = text == "true"
	}
	if op == "!=" {
		return Condition{Not: &c}
	}
	return c
}

// constraint reads an operator and a value. version tells that the value is
// one; texts tells whether it may be anything else.
func (e *expression) constraint(texts bool) (op, text string, version bool, err error) {
	e.skip()
	op = operatorAt(e.text[e.pos:])
	if op == "" {
		return "", "", false, e.fault(e.pos, operatorNotation)
	}
	e.pos += len(op)
	e.skip()
	start := e.pos
	if e.take(`"`) {
		e.run(func(c byte) bool { return c != '"' })
		if !e.take(`"`) {
			return "", "", false, e.fault(e.pos, `"`)
		}
	} else {
		e.run(isValue)
	}
	text = e.text[start:e.pos]
	version = text != "" && isDigit(text[0])
	if version {
		_, bad, expected := readVersion(text)
		if expected != "" && texts && (op == "=" || op == "!=") {
			return op, text, false, nil
		}
		if expected != "" {
			return "", "", false, e.fault(start+bad, expected)
		}
		return op, text, true, nil
	}
	switch {
	case text == "" || text == `""`:
		return "", "", false, e.fault(start, "value")
	case !texts || op != "=" && op != "!=":
		return "", "", false, e.fault(start, "version")
	}
	return op, text, false, nil
}

// isValue reports whether c can stand in a value without quotation marks.
func isValue(c byte) bool {
	return c > ' ' && c != 0x7f && !strings.ContainsRune(`"&|()!=<>,~`, rune(c))
}
