package main

import (
	"strings"
	"unicode/utf8"

	"github.com/releve-sante/releve/osdetect/process"
)

// condition tells which processes are meant.
type condition func(process.Process) bool

// word is a part of a command line between spaces.
type word struct {
	text   string // without the quotes around all of it
	quoted bool   // it stood in quotes, all of it
}

// split cuts a command line into words. Quotes keep spaces together; those
// around a whole word are taken off, and a \" within them stands for a quote.
func split(line string) ([]word, error) {
	var words []word
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return words, nil
		}
		end, ok := wordEnd(line)
		if !ok {
			return nil, invalidQuery("a quote is not closed")
		}
		w := word{text: line[:end]}
		if n := len(w.text); n >= 2 && w.text[0] == '"' && w.text[n-1] == '"' {
			w = word{text: strings.ReplaceAll(w.text[1:n-1], `\"`, `"`), quoted: true}
		}
		words, line = append(words, w), line[end:]
	}
}

// wordEnd returns where the first word of a line ends.
func wordEnd(line string) (int, bool) {
	var quote byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ' ' || c == '\t':
			return i, true
		}
	}
	return len(line), quote == 0
}

// token is a part of a condition.
type token struct {
	text  string
	value bool // it stood in quotes
}

// tokens cuts a condition into names, operators, parentheses and values.
func tokens(text string) ([]token, error) {
	var out []token
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" {
			return out, nil
		}
		size := 1
		switch c := text[0]; {
		case c == '"' || c == '\'':
			end := strings.IndexByte(text[1:], c)
			if end < 0 {
				return nil, invalidQuery("a quote is not closed in the condition")
			}
			// WQL doubles a backslash within quotes.
			out = append(out, token{strings.ReplaceAll(text[1:end+1], `\\`, `\`), true})
			text = text[end+2:]
			continue
		case strings.HasPrefix(text, "<>") || strings.HasPrefix(text, "!="):
			size = 2
		case c == '(' || c == ')' || c == '=':
		default:
			if size = strings.IndexAny(text, " \t()=<>!\"'"); size < 0 {
				size = len(text)
			}
			if size == 0 {
				return nil, unsupported("the operator " + text[:1] + " in a condition")
			}
		}
		out = append(out, token{text: text[:size]})
		text = text[size:]
	}
}

// conditionParser reads WQL: comparisons joined by and, or, parentheses.
type conditionParser struct {
	rest  []token
	depth int
}

// maxDepth of parentheses is far beyond what anybody writes.
const maxDepth = 32

func parseCondition(words []word) (condition, error) {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	all, err := tokens(strings.Join(texts, " "))
	if err != nil {
		return nil, err
	}
	p := &conditionParser{rest: all}
	c, err := p.either()
	if err == nil && len(p.rest) > 0 {
		err = invalidQuery("not understood in the condition: " + p.rest[0].text)
	}
	return c, err
}

// keyword takes a word away if it comes next.
func (p *conditionParser) keyword(name string) bool {
	if len(p.rest) == 0 || p.rest[0].value || !strings.EqualFold(p.rest[0].text, name) {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *conditionParser) either() (condition, error) {
	left, err := p.both()
	for err == nil && p.keyword("or") {
		var right condition
		before := left
		right, err = p.both()
		left = func(x process.Process) bool { return before(x) || right(x) }
	}
	return left, err
}

func (p *conditionParser) both() (condition, error) {
	left, err := p.one()
	for err == nil && p.keyword("and") {
		var right condition
		before := left
		right, err = p.one()
		left = func(x process.Process) bool { return before(x) && right(x) }
	}
	return left, err
}

func (p *conditionParser) one() (condition, error) {
	if p.keyword("(") {
		if p.depth++; p.depth > maxDepth {
			return nil, invalidQuery("too many parentheses")
		}
		c, err := p.either()
		if err == nil && !p.keyword(")") {
			err = invalidQuery("a parenthesis is not closed")
		}
		p.depth--
		return c, err
	}
	if len(p.rest) < 3 {
		return nil, invalidQuery("a condition is a property, an operator and a value")
	}
	name, operator, value := p.rest[0], p.rest[1], p.rest[2]
	p.rest = p.rest[3:]
	prop, ok := propertyNamed(name.text)
	if !ok || name.value {
		return nil, invalidQuery("unknown property: " + name.text)
	}
	if !value.value && strings.ContainsAny(value.text, "()=<>!") {
		return nil, invalidQuery("a value is missing after " + name.text)
	}
	return compare(prop, operator, value.text)
}

// compare builds one comparison. Texts are equal without regard to case, as
// in WQL.
func compare(prop property, operator token, value string) (condition, error) {
	is := func(p process.Process) bool { return strings.EqualFold(prop.of(p), value) }
	switch op := strings.ToLower(operator.text); {
	case operator.value:
	case op == "=":
		return is, nil
	case op == "<>" || op == "!=":
		return func(p process.Process) bool { return !is(p) }, nil
	case op == "like":
		pattern := strings.ToLower(value)
		if strings.ContainsAny(pattern, "[]^") {
			return nil, unsupported("sets of characters after like")
		}
		return func(p process.Process) bool { return like(strings.ToLower(prop.of(p)), pattern) }, nil
	}
	return nil, unsupported("the operator " + operator.text + " in a condition")
}

// like compares with a pattern of WQL: % is any text, _ any character. It goes
// back to the last % alone, so that its time is bounded by the product of both
// lengths.
func like(text, pattern string) bool {
	star, mark := -1, 0
	t, p := 0, 0
	for t < len(text) {
		_, size := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, t
			p++
			continue
		case p < len(pattern) && pattern[p] == '_':
			p, t = p+1, t+size
			continue
		case p < len(pattern) && pattern[p] == text[t]:
			p, t = p+1, t+1
			continue
		case star < 0:
			return false
		}
		_, size = utf8.DecodeRuneInString(text[mark:])
		mark += size
		p, t = star+1, mark
	}
	return strings.Trim(pattern[p:], "%") == ""
}
