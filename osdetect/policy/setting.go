package policy

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/releve-sante/releve/osdetect/quote"
)

// Limits of values. A policy is written by hand; a site has a few numbers.
const (
	maxEntries = 60   // in a list; joined, they still fit a fact
	maxText    = 2048 // bytes of one text or entry
)

// setting is how a value is read into the policy and shown from it.
type setting struct {
	expected string // form, for people; the same in both languages
	// read sets the member and returns what it had to leave out.
	read  func(p *Policy, raw any) (set bool, refused []string)
	value func(p *Policy) any
}

// order is that of docs/policy.md.
var order = []Key{Channel, Repositories, Packages, CAFile, Ring, Groups, Department, FINESS, Pins,
	MaxMetadataAgeDays, Withdrawn, Migration, QuiesceMinutes}

// settings is what is known of each value; it is never changed.
var settings = map[Key]setting{
	Channel:      text("[a-z0-9-]{1,32}", func(p *Policy) *string { return &p.Channel }, channelName),
	Repositories: list("https://… | http://… | /…", func(p *Policy) *[]string { return &p.Repositories }, address),
	Packages:     list("https://… | http://… | /…", func(p *Policy) *[]string { return &p.Packages }, address),
	CAFile:       text("/…", func(p *Policy) *string { return &p.CAFile }, absolute),
	Ring:         text(Pilot, func(p *Policy) *string { return &p.Ring }, oneOf(Pilot)),
	Groups:       list("[a-z0-9-]{1,64}", func(p *Policy) *[]string { return &p.Groups }, group),
	Department:   text("01–95, 2A, 2B, 971–978, 984–988", func(p *Policy) *string { return &p.Department }, department),
	FINESS:       list("123456789, 2A1234567", func(p *Policy) *[]string { return &p.FINESS }, finess),
	Pins: {
		expected: "C@V",
		read:     readPins,
		value: func(p *Policy) any {
			out := []string{}
			for _, c := range slices.Sorted(maps.Keys(p.Pins)) {
				out = append(out, c+"@"+p.Pins[c])
			}
			return out
		},
	},
	MaxMetadataAgeDays: number(MostMetadataAgeDays, func(p *Policy) *int { return &p.MaxMetadataAgeDays }),
	Withdrawn:          text(Keep+" | "+GoBack, func(p *Policy) *string { return &p.Withdrawn }, oneOf(Keep, GoBack)),
	Migration:          text(Forbid+" | "+Allow, func(p *Policy) *string { return &p.Migration }, oneOf(Forbid, Allow)),
	QuiesceMinutes:     number(MostQuiesceMinutes, func(p *Policy) *int { return &p.QuiesceMinutes }),
}

// keyOf finds a value by its name. Letters may be of either case, as they may
// in the registry.
func keyOf(name string) (Key, bool) {
	for _, k := range order {
		if strings.EqualFold(string(k), name) {
			return k, true
		}
	}
	return "", false
}

// form checks one text and returns it as it is kept.
type form func(string) (string, bool)

// text is a value that is one text. An empty one is as good as none.
func text(expected string, member func(*Policy) *string, accept form) setting {
	return setting{
		expected: expected,
		read: func(p *Policy, raw any) (bool, []string) {
			s, isText := raw.(string)
			if isText && s == "" {
				return false, nil
			}
			kept, ok := accept(s)
			if !isText || !ok || !plain(s) {
				return false, []string{show(raw)}
			}
			*member(p) = kept
			return true, nil
		},
		value: func(p *Policy) any { return *member(p) },
	}
}

// list is a value that is several texts, each judged by itself.
func list(expected string, member func(*Policy) *[]string, accept form) setting {
	return setting{
		expected: expected,
		read: func(p *Policy, raw any) (bool, []string) {
			var kept, refused []string
			entries, ok := entriesOf(raw)
			if !ok {
				return false, []string{show(raw)}
			}
			for _, entry := range entries {
				k, ok := accept(entry)
				switch {
				case !ok || !plain(entry):
					refused = append(refused, show(entry))
				case !slices.Contains(kept, k):
					kept = append(kept, k)
				}
			}
			if len(kept) == 0 {
				return false, refused
			}
			*member(p) = kept
			return true, refused
		},
		value: func(p *Policy) any { return append([]string{}, *member(p)...) },
	}
}

// entriesOf returns the entries of a list: a list of texts, or one text whose
// entries are separated by semicolons or line ends, as an administrator types
// it into a single field.
func entriesOf(raw any) ([]string, bool) {
	var entries []string
	switch v := raw.(type) {
	case string:
		entries = strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' })
	case []string:
		entries = v
	default:
		return nil, false
	}
	var out []string
	for _, e := range entries {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, e)
		}
	}
	return out, len(out) <= maxEntries
}

func readPins(p *Policy, raw any) (bool, []string) {
	entries, ok := entriesOf(raw)
	if !ok {
		return false, []string{show(raw)}
	}
	pins, refused := map[string]string{}, []string(nil)
	for _, entry := range entries {
		name, version, ok := strings.Cut(entry, "@")
		before, twice := pins[name]
		if !ok || !isName(name, 32) || version == "" || !plain(version) || twice && before != version {
			refused = append(refused, show(entry))
			continue
		}
		pins[name] = version
	}
	if len(pins) == 0 {
		return false, refused
	}
	p.Pins = pins
	return true, refused
}

// number is a value that is a whole number from 0 to most, also when it is
// written as a text.
func number(most int, member func(*Policy) *int) setting {
	return setting{
		expected: "0–" + strconv.Itoa(most),
		read: func(p *Policy, raw any) (bool, []string) {
			n, ok := raw.(int64)
			if s, isText := raw.(string); isText {
				var err error
				n, err = strconv.ParseInt(strings.TrimSpace(s), 10, 64)
				ok = err == nil
			}
			if !ok || n < 0 || n > int64(most) {
				return false, []string{show(raw)}
			}
			*member(p) = int(n)
			return true, nil
		},
		value: func(p *Policy) any { return *member(p) },
	}
}

func oneOf(allowed ...string) form {
	return func(s string) (string, bool) { return s, slices.Contains(allowed, s) }
}

func channelName(s string) (string, bool) { return s, isName(s, 32) }

// group is the name of a group. Case does not matter, since people type it on
// both sides.
func group(s string) (string, bool) {
	s = strings.ToLower(s)
	return s, isName(s, 64)
}

func isName(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// address is where a repository lies: the web, or a folder that does not
// depend on where the program was started.
func address(s string) (string, bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return s, rest != "" && !strings.HasPrefix(rest, "/")
		}
	}
	return absolute(s)
}

func absolute(s string) (string, bool) { return s, filepath.IsAbs(s) }

// department is the code of a département or an overseas territory, as INSEE
// writes it.
func department(s string) (string, bool) {
	s = strings.ToUpper(s)
	if s == "2A" || s == "2B" {
		return s, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || strings.ContainsAny(s, "+-") {
		return s, false
	}
	switch len(s) {
	case 2:
		return s, n != 20 && n <= 95
	case 3:
		return s, n >= 971 && n <= 978 || n >= 984 && n <= 988 && n != 985
	}
	return s, false
}

// finess is a FINESS number: nine digits, of which the second is A or B for
// Corsica. Its last digit is a key, which is not checked: a list is compared
// as it was published.
func finess(s string) (string, bool) {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(s) != 9 {
		return s, false
	}
	for i, r := range []byte(s) {
		corsica := i == 1 && s[0] == '2' && (r == 'A' || r == 'B')
		if (r < '0' || r > '9') && !corsica {
			return s, false
		}
	}
	return s, true
}

// plain reports whether a text is short and holds nothing that could act on a
// terminal or hide from a reader.
func plain(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, quote.Hidden)
}
