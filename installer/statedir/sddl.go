package statedir

import (
	"slices"
	"strings"
)

// descriptor is the security of the state folder on Windows, as text: it
// belongs to the administrators; nothing is inherited from above; the system
// and administrators may do everything, in it and in all below.
const descriptor = "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

// The accounts that may own the folder and have access, by the two ways
// Windows writes them.
var (
	system         = []string{"SY", "S-1-5-18"}
	administrators = []string{"BA", "S-1-5-32-544"}
)

// security is what a descriptor says.
type security struct {
	owner string   // "" when it names none
	shut  bool     // nothing is inherited from above
	list  bool     // there is an access list; without one everybody may do everything
	rules []string // of the access list, each without its parentheses
}

// parseSDDL reads the text form of a security descriptor, as far as it
// matters here. What it does not understand is left out, and makes judge say
// no: no text is taken for a safe one by mistake.
func parseSDDL(text string) security {
	var s security
	part, rest := section(text)
	for part != "" {
		switch body := part[2:]; part[:2] {
		case "O:":
			s.owner = body
		case "D:":
			flags, rules, _ := strings.Cut(body, "(")
			s.list = flags != "NO_ACCESS_CONTROL"
			s.shut = s.list && strings.Contains(flags, "P")
			if rules != "" {
				s.rules = strings.Split(strings.TrimSuffix(rules, ")"), ")(")
			}
		}
		part, rest = section(rest)
	}
	return s
}

// section cuts the first of the parts O:, G:, D:, S: from text. A colon
// stands nowhere else but in conditions, which only callback rules have; such
// a rule is split and then not understood.
func section(text string) (part, rest string) {
	if len(text) < 2 || text[1] != ':' {
		return "", ""
	}
	next := strings.IndexByte(text[2:], ':')
	if next < 1 {
		return text, ""
	}
	return text[:2+next-1], text[2+next-1:]
}

// trusted reports whether owner may own what is read as SYSTEM: the system,
// the administrators, or the administrator who runs this.
func trusted(owner, self string) bool {
	return slices.Contains(system, owner) || slices.Contains(administrators, owner) || owner != "" && owner == self
}

// tight reports whether the access list is the one of descriptor.
func (s security) tight() bool {
	if !s.list || !s.shut || len(s.rules) != 2 {
		return false
	}
	var forSystem, forAdministrators bool
	for _, rule := range s.rules {
		f := strings.Split(rule, ";")
		if len(f) != 6 || f[0] != "A" || f[1] != "OICI" || f[2] != "FA" && f[2] != "0x1f01ff" || f[3] != "" || f[4] != "" {
			return false
		}
		forSystem = forSystem || slices.Contains(system, f[5])
		forAdministrators = forAdministrators || slices.Contains(administrators, f[5])
	}
	return forSystem && forAdministrators
}

// judge says what a folder with this descriptor is. self is the account that
// runs this.
func judge(text, self string) standing {
	s := parseSDDL(text)
	switch {
	case !trusted(s.owner, self):
		return foreign
	case s.tight() && s.owner != self:
		return sound
	}
	return loose
}
