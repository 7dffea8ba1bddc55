// Package policy holds what the administrator of a machine decided, with
// where each decision comes from.
//
// Three kinds of people are concerned:
//   - the administrator, who writes the policy of the machine: Group Policy
//     on Windows, managed preferences on macOS, a file of root's elsewhere
//   - the person who starts the program and may name a file of the same form,
//     to try a policy out before it is deployed
//   - an ordinary user, who must not be able to weaken any of it
//
// What the package promises:
//   - The policy of the machine is read where administrators alone can write.
//     Nothing of a user's is looked at: no HKCU, no preferences of an account,
//     no environment.
//   - A value that the machine fixes wins over any other. A file fills in only
//     what the machine leaves open.
//   - A value that cannot be read never counts in part: it is left out, the
//     documented default holds, and a Problem says so. Of a list each entry
//     is judged by itself, so that one slip does not lose the others.
//   - Every read has a limit.
//
// The names of the values are a contract with administrators: they are the
// same in the registry, in a property list and in JSON, and are listed in
// docs/policy.md. Names are added, never renamed.
package policy

import "slices"

// Key is the name of a value, as the administrator writes it.
type Key string

// The values there are.
const (
	Channel            Key = "Channel"
	Repositories       Key = "Repositories"
	Packages           Key = "Packages"
	CAFile             Key = "CAFile"
	Ring               Key = "Ring"
	Groups             Key = "Groups"
	Department         Key = "Department"
	FINESS             Key = "FINESS"
	Pins               Key = "Pins"
	MaxMetadataAgeDays Key = "MaxMetadataAgeDays"
	Withdrawn          Key = "Withdrawn"
	Migration          Key = "Migration"
	QuiesceMinutes     Key = "QuiesceMinutes"
)

// Pilot is the only ring that a machine can be put into by name.
const Pilot = "pilot"

// What Withdrawn may say of an installed release that was taken back.
const (
	Keep   = "keep"    // the default: it stays, and every command says so
	GoBack = "go-back" // update plans the way to the last good release
)

// What Migration may say of the move of the readers from PSS to PC/SC.
const (
	Forbid = "forbid" // the default: nobody said that the billing software accepts it
	Allow  = "allow"  // the billing software of this machine accepts PC/SC readers
)

// MostMetadataAgeDays is the longest time past its expiry, in days, that
// metadata may be allowed to be used.
const MostMetadataAgeDays = 180

// How long, in minutes, a change waits for a card that is in use.
const (
	DefaultQuiesceMinutes = 5
	MostQuiesceMinutes    = 120
)

// Policy is what was decided, typed. A member that nobody set has its zero
// value, or the default its comment names.
type Policy struct {
	Channel            string            // name of the channel; "" leaves it open
	Repositories       []string          // addresses or folders of signed repositories, first choice first
	Packages           []string          // where packages may come from instead, first choice first
	CAFile             string            // absolute path of certificates in PEM that are trusted besides the system's
	Ring               string            // Pilot or ""
	Groups             []string          // groups the machine belongs to, lower case
	Department         string            // code of the département: "75", "2A", "971"
	FINESS             []string          // FINESS numbers of the site, 9 characters each
	Pins               map[string]string // component to the only version allowed
	MaxMetadataAgeDays int               // days past expiry that metadata may still be used, 0 to 180; default 0
	Withdrawn          string            // Keep or GoBack; default Keep
	Migration          string            // Forbid or Allow; default Forbid
	QuiesceMinutes     int               // longest wait for a card in use before programs are stopped, 0 to 120; default 5

	from     map[Key]*Source
	problems []Problem
}

// Load puts the policy together. A value of the machine wins over the same
// value of file; nil stands for no file.
func Load(machine, file *Source) Policy {
	p := Policy{Withdrawn: Keep, Migration: Forbid, QuiesceMinutes: DefaultQuiesceMinutes, from: map[Key]*Source{}}
	for _, s := range []*Source{machine, file} {
		if s != nil {
			p.add(s)
		}
	}
	return p
}

// add takes from a source what no earlier one set.
func (p *Policy) add(s *Source) {
	if s.err != nil {
		p.problems = append(p.problems, Problem{code: CodeSource, Source: s.Name, Found: show(s.err.Error())})
	}
	for _, name := range s.names() {
		k, known := keyOf(name)
		if !known {
			p.problems = append(p.problems, Problem{code: CodeUnknownName, Key: Key(show(name)), Source: s.Name})
			continue
		}
		if _, fixed := p.from[k]; fixed {
			continue
		}
		set, refused := settings[k].read(p, s.values[name])
		if set {
			p.from[k] = s
		}
		for _, found := range refused {
			p.problems = append(p.problems, Problem{code: CodeValue, Key: k, Source: s.Name,
				Found: found, Expected: settings[k].expected})
		}
	}
}

// Fixed reports whether the administrator of the machine set a value, so that
// nothing on a command line may say otherwise.
func (p Policy) Fixed(k Key) bool {
	s, set := p.from[k]
	return set && s.machine
}

// Problems lists what could not be read, in a stable order.
func (p Policy) Problems() []Problem { return slices.Clone(p.problems) }

// Value is one value with where it comes from.
type Value struct {
	Key    Key    `json:"name"`
	Value  any    `json:"value"`            // string, int, []string; the default when Source is ""
	Source string `json:"source,omitempty"` // "" when nobody set it
	Fixed  bool   `json:"fixed"`            // by the administrator of the machine
}

// Values lists every value there is, in a fixed order.
func (p Policy) Values() []Value {
	out := make([]Value, 0, len(order))
	for _, k := range order {
		v := Value{Key: k, Value: settings[k].value(&p), Fixed: p.Fixed(k)}
		if s, set := p.from[k]; set {
			v.Source = s.Name
		}
		out = append(out, v)
	}
	return out
}
