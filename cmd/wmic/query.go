package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/releve-sante/releve/osdetect/process"
)

// What the program ends with: numbers of WMI, as WMIC passes them on.
const (
	statusOK           = 0
	statusFailed       = 0x80041001 // WBEM_E_FAILED
	statusNotSupported = 0x8004100c // WBEM_E_NOT_SUPPORTED
	statusInvalidClass = 0x80041010 // WBEM_E_INVALID_CLASS
	statusInvalidQuery = 0x80041017 // WBEM_E_INVALID_QUERY
)

// maxLine is the longest command line that Windows knows, in characters.
const maxLine = 32767

// refusal is a question that is not answered.
type refusal struct {
	code uint32
	text string // what WMI calls it
	why  string // for whoever reads it
}

func (r *refusal) Error() string { return r.text + ": " + r.why }

func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	return &refusal{code: statusFailed, text: "Generic failure", why: err.Error()}
}

func unsupported(what string) error {
	return &refusal{statusNotSupported, "Not supported", "this stand-in for WMIC answers \"path win32_process where ... get ...\" alone, not: " + what}
}

func invalidQuery(why string) error {
	return &refusal{statusInvalidQuery, "Invalid query", why}
}

// query is a question about running processes.
type query struct {
	where      condition  // nil: all
	properties []property // sorted by name, each once; at least one
	list       bool       // a line for each property, not a table
}

// parse reads a command line as WMIC does: words between spaces, in any case;
// quotes keep a word together, and stand around values.
func parse(line string) (query, error) {
	if len(line) > maxLine {
		return query{}, invalidQuery("the command line is too long")
	}
	words, err := split(line)
	if err != nil {
		return query{}, err
	}
	rest, err := subject(words)
	if err != nil {
		return query{}, err
	}
	var q query
	if len(rest) > 0 && strings.EqualFold(rest[0].text, "where") {
		verb := slices.IndexFunc(rest[1:], func(w word) bool { return !w.quoted && strings.EqualFold(w.text, "get") }) + 1
		if verb <= 1 {
			return query{}, unsupported(`a condition without "get" after it`)
		}
		if q.where, err = parseCondition(rest[1:verb]); err != nil {
			return query{}, err
		}
		rest = rest[verb:]
	}
	if len(rest) == 0 || !strings.EqualFold(rest[0].text, "get") {
		return query{}, unsupported(describe(rest, "nothing to get"))
	}
	return q.wanted(rest[1:])
}

// subject reads which instances are meant: the class, or its alias.
func subject(words []word) ([]word, error) {
	switch {
	case len(words) == 0:
		return nil, unsupported("the interactive mode")
	case strings.EqualFold(words[0].text, "process"):
		return words[1:], nil
	case !strings.EqualFold(words[0].text, "path"):
		return nil, unsupported(words[0].text)
	case len(words) == 1:
		return nil, invalidQuery("no class is named")
	case !strings.EqualFold(words[1].text, "win32_process"):
		return nil, &refusal{statusInvalidClass, "Invalid class", "this stand-in for WMIC knows win32_process alone, not: " + words[1].text}
	}
	return words[2:], nil
}

// wanted reads the properties and the form of the answer.
func (q query) wanted(words []word) (query, error) {
	for _, w := range words {
		if form, ok := strings.CutPrefix(strings.ToLower(w.text), "/"); ok {
			switch form {
			case "value", "format:list", "format:value":
				q.list = true
			case "format:table":
			default:
				return query{}, unsupported(w.text)
			}
			continue
		}
		for name := range strings.SplitSeq(w.text, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			p, ok := propertyNamed(name)
			if !ok {
				return query{}, invalidQuery("unknown property: " + name)
			}
			if !slices.ContainsFunc(q.properties, func(have property) bool { return have.name == p.name }) {
				q.properties = append(q.properties, p)
			}
		}
	}
	if len(q.properties) == 0 {
		return query{}, unsupported("all properties at once")
	}
	slices.SortFunc(q.properties, func(a, b property) int { return strings.Compare(a.name, b.name) })
	return q, nil
}

// rows are the values of the processes that are meant, in the order of the
// properties.
func (q query) rows(all []process.Process) [][]string {
	var rows [][]string
	for _, p := range all {
		if q.where != nil && !q.where(p) {
			continue
		}
		row := make([]string, len(q.properties))
		for i, want := range q.properties {
			row[i] = want.of(p)
		}
		rows = append(rows, row)
	}
	return rows
}

// describe names the first of words, or says what is missing.
func describe(words []word, missing string) string {
	if len(words) == 0 {
		return missing
	}
	return words[0].text
}
