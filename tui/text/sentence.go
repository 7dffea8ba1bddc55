package text

import (
	"encoding/json"
	"fmt"
	"strings"
)

// sentence is a text of the catalogue: one form, or a singular and a plural.
type sentence struct{ one, other string }

// UnmarshalJSON reads a string, or an object with the members one and other.
func (s *sentence) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &s.other); err == nil {
		s.one = s.other
		return nil
	}
	var forms struct {
		One   string `json:"one"`
		Other string `json:"other"`
	}
	if err := json.Unmarshal(data, &forms); err != nil {
		return fmt.Errorf("a text is a string or has one and other: %w", err)
	}
	*s = sentence{one: forms.One, other: forms.Other}
	return nil
}

// form is the form for n things: French counts none as one, English does not.
func (s sentence) form(lang string, n int) string {
	if n == 1 || n == 0 && lang == French {
		return s.one
	}
	return s.other
}

// The places of a sentence are written as in text/template, of which this is
// the part that sentences need: {{.Name}}, and {{if .Name}} with an optional
// {{else}} and an {{end}}. The package itself would keep the linker from
// leaving out every method that nobody calls, a quarter of the program.

// fill puts the arguments into the places of s. A place without an argument
// stays empty.
func fill(s string, args map[string]string) (string, error) {
	var b strings.Builder
	rest, stop, err := part(&b, s, args)
	if err == nil && (rest != "" || stop != "") {
		err = fmt.Errorf("{{%s}} without {{if}}", stop)
	}
	if err != nil {
		return "", fmt.Errorf("filling %q: %w", s, err)
	}
	return b.String(), nil
}

// part fills up to the end of s, or to an {{else}} or {{end}} that belongs to
// an {{if}} around it, and returns what follows and which of them it met.
func part(b *strings.Builder, s string, args map[string]string) (rest, stop string, err error) {
	for {
		before, after, found := strings.Cut(s, "{{")
		b.WriteString(before)
		if !found {
			return "", "", nil
		}
		place, after, closed := strings.Cut(after, "}}")
		if !closed {
			return "", "", fmt.Errorf("a place is not closed")
		}
		s = after
		if name, ok := strings.CutPrefix(place, "."); ok {
			b.WriteString(args[name])
			continue
		}
		if name, ok := strings.CutPrefix(place, "if ."); ok {
			if s, err = choose(b, s, args[name] != "", args); err != nil {
				return "", "", err
			}
			continue
		}
		if place == "else" || place == "end" {
			return s, place, nil
		}
		return "", "", fmt.Errorf("unknown place {{%s}}", place)
	}
}

// choose fills one of the branches of an {{if}} and returns what follows it.
func choose(b *strings.Builder, s string, yes bool, args map[string]string) (rest string, err error) {
	var branch, dropped strings.Builder
	first, second := &branch, &dropped
	if !yes {
		first, second = second, first
	}
	rest, stop, err := part(first, s, args)
	if err == nil && stop == "else" {
		rest, stop, err = part(second, rest, args)
	}
	if err == nil && stop != "end" {
		err = fmt.Errorf("{{if}} without {{end}}")
	}
	b.WriteString(branch.String())
	return rest, err
}
