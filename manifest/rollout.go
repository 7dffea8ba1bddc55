package manifest

import (
	"slices"
	"strconv"
	"strings"
)

// Rollout says to which machines a version of an offer is offered; a version
// without one is offered to all. A machine belongs to a roll-out as soon as
// one part of it names the machine, so that widening any part takes the
// version from nobody.
type Rollout struct {
	Version     string   `json:"version"`               // one of the offer's
	Salt        string   `json:"salt"`                  // 32 hexadecimal digits, made once: makes shares independent of one another
	Pilot       bool     `json:"pilot,omitempty"`       // machines that the administrator put into the pilot ring
	Share       int      `json:"share,omitempty"`       // of all machines, in basis points (1/100 of a percent), 0 to 10000
	Groups      []string `json:"groups,omitempty"`      // machines of these groups, [a-z0-9-]{1,64}
	Departments []string `json:"departments,omitempty"` // machines of sites in these départements: "75", "2A", "971"
	FINESS      []string `json:"finess,omitempty"`      // machines of sites with these FINESS numbers, 9 characters
	Stopped     *Stop    `json:"stopped,omitempty"`     // ended before all had it: who has the version keeps it, nobody else gets it
}

// Stop says why a roll-out was ended.
type Stop struct {
	Because Text `json:"because"`
}

// FullShare is a share of all machines, in basis points.
const FullShare = 10_000

// Floor is the oldest version of a component that a machine of a platform may
// be given, with the older ones that are safe all the same.
type Floor struct {
	Platform Platform `json:"platform"`
	Version  string   `json:"version"`
	Because  Text     `json:"because"`
	Safe     []string `json:"safe,omitempty"` // older versions that may still be installed and returned to
}

// maxSites is how many FINESS numbers a roll-out can name.
const maxSites = 10_000

const (
	saltNotation       = "[0-9a-f]{32}"
	groupNotation      = codeNotation
	departmentNotation = "01-95 | 2A | 2B | 971-978 | 984-988"
	finessNotation     = "[0-9]{9} | 2A[0-9]{7} | 2B[0-9]{7}"
)

// check checks one roll-out of an offer. seen holds the versions of the offer
// and whether each already has a roll-out.
func (r *Rollout) check(seen map[releaseKey]bool) *SyntaxError {
	v, err := ParseVersion(r.Version)
	if err != nil {
		return badVersion(r.Version).under("version")
	}
	twice, offered := seen[keyOf(v)]
	switch {
	case !offered:
		return outside("version", "versions", r.Version)
	case twice:
		return duplicate("version", r.Version)
	}
	seen[keyOf(v)] = true
	if err := first(
		checkForm("salt", r.Salt, saltNotation, func(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }),
		checkBetween("share", int64(r.Share), 0, FullShare),
		each("groups", maxEntries, r.Groups, formOf(groupNotation, IsGroup)),
		each("departments", maxEntries*2, r.Departments, formOf(departmentNotation, IsDepartment)),
		each("finess", maxSites, r.FINESS, formOf(finessNotation, IsFINESS)),
	); err != nil {
		return err
	}
	if r.Stopped != nil {
		if err := checkText("because", &r.Stopped.Because); err != nil {
			return err.under("stopped")
		}
	}
	if r.Stopped == nil && !r.Pilot && r.Share == 0 && len(r.Groups)+len(r.Departments)+len(r.FINESS) == 0 {
		return missing("pilot")
	}
	return nil
}

// formOf is a check of one text of a list.
func formOf(notation string, ok func(string) bool) func(*string) *SyntaxError {
	return func(s *string) *SyntaxError {
		if !ok(*s) {
			return &SyntaxError{Reason: CodeValue, Expected: notation, Found: visible(*s)}
		}
		return nil
	}
}

// IsGroup reports whether s can name a group of machines.
func IsGroup(s string) bool { return isCode(s) }

// IsDepartment reports whether s is the code of a département or of an
// overseas territory, as INSEE writes it.
func IsDepartment(s string) bool {
	if s == "2A" || s == "2B" {
		return true
	}
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case err != nil:
		return false
	case len(s) == 2:
		return n >= 1 && n <= 95 && n != 20
	}
	return len(s) == 3 && (n >= 971 && n <= 978 || n >= 984 && n <= 988 && n != 985)
}

// IsFINESS reports whether s has the form of a FINESS number: nine digits, or
// 2A or 2B and seven.
func IsFINESS(s string) bool {
	if len(s) != 9 {
		return false
	}
	for i := range len(s) {
		corsica := i == 1 && s[0] == '2' && (s[1] == 'A' || s[1] == 'B')
		if !isDigit(s[i]) && !corsica {
			return false
		}
	}
	return true
}

// checkFloors refuses two floors that a machine could be held to.
func checkFloors(floors []Floor) *SyntaxError {
	taken := platforms(0)
	for i := range floors {
		f := &floors[i]
		if err := f.check(); err != nil {
			return err.entry("floors", i)
		}
		if taken&setOf(f.Platform) != 0 {
			return duplicate("platform", string(f.Platform)).entry("floors", i)
		}
		taken |= setOf(f.Platform)
	}
	return nil
}

func (f *Floor) check() *SyntaxError {
	if err := first(
		oneOf("platform", f.Platform, Windows, MacOS, Linux, Any),
		checkText("because", &f.Because),
	); err != nil {
		return err
	}
	lowest, err := ParseVersion(f.Version)
	if err != nil {
		return badVersion(f.Version).under("version")
	}
	return each("safe", maxEntries, f.Safe, func(s *string) *SyntaxError {
		v, err := ParseVersion(*s)
		if err != nil {
			return badVersion(*s)
		}
		if v.Compare(lowest) >= 0 {
			return &SyntaxError{Reason: CodeValue, Expected: "< " + f.Version, Found: visible(*s)}
		}
		return nil
	})
}

// Permits says whether a version may be given to a machine that the floor
// holds for. What cannot be compared may not.
func (f Floor) Permits(version string) bool {
	lowest, err := ParseVersion(f.Version)
	v, err2 := ParseVersion(version)
	if err != nil || err2 != nil {
		return false
	}
	return v.Compare(lowest) >= 0 || slices.ContainsFunc(f.Safe, func(s string) bool {
		safe, err := ParseVersion(s)
		return err == nil && v.Compare(safe) == 0
	})
}

// Rollout returns to whom the channel offers a version of a component; false
// says that it is offered to all, or not at all.
func (v Verified) Rollout(component, version string) (Rollout, bool) {
	if v.c == nil {
		return Rollout{}, false
	}
	rollouts := v.c.rollouts[component]
	if len(rollouts) == 0 {
		return Rollout{}, false
	}
	wanted, err := ParseVersion(version)
	if err != nil {
		return Rollout{}, false
	}
	for _, r := range rollouts {
		if got, err := ParseVersion(r.Version); err == nil && got.Compare(wanted) == 0 {
			return r, true
		}
	}
	return Rollout{}, false
}
