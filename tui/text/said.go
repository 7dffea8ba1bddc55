package text

import (
	"maps"
	"slices"
	"strings"
)

// said is the area of what errors say was expected or found. Errors say it in
// English, for logs and programs: the English text of the area is the form to
// look for, and its places stand for numbers, names and dates.
const said = "said"

// told gives the arguments with Expected and Found in the language of the
// printer. Whatever has no known form (a name, a version, a digest) stays.
func (p *Printer) told(args map[string]string) map[string]string {
	if p.lang == English || args["Expected"] == "" && args["Found"] == "" {
		return args
	}
	all := maps.Clone(args)
	for _, name := range []string{"Expected", "Found"} {
		if args[name] != "" {
			all[name] = p.said(args[name])
		}
	}
	return all
}

func (p *Printer) said(value string) string {
	forms := newLexicon(English).area(said)
	ids := slices.SortedFunc(maps.Keys(forms), func(a, b string) int { return len(forms[b].other) - len(forms[a].other) })
	for _, id := range ids { // the longest form is the closest one
		places, ok := match(forms[id].other, value)
		if !ok {
			continue
		}
		if s, ok := p.find(id, places, 2); ok {
			return s
		}
	}
	return value
}

// match undoes fill for a form without conditions. A place holds no space,
// unless it is the end of the form.
func match(form, value string) (places map[string]string, ok bool) {
	places = map[string]string{}
	for {
		before, rest, more := strings.Cut(form, "{{.")
		after, ok := strings.CutPrefix(value, before)
		if !ok || !more {
			return places, ok && after == ""
		}
		name, rest, _ := strings.Cut(rest, "}}")
		end := len(after)
		if rest != "" {
			end = strings.IndexAny(after, " "+rest[:1])
		}
		if end <= 0 {
			return nil, false
		}
		places[name], form, value = after[:end], rest, after[end:]
	}
}
