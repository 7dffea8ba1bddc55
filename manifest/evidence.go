package manifest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// check checks that a piece of evidence names what its kind looks at.
func (e *Evidence) check() *SyntaxError {
	if err := first(
		oneOf("kind", e.Kind, EvidenceBundle, EvidenceUpgradeCode, EvidenceProductCode, EvidenceRegistry,
			EvidenceFileVersion, EvidenceReceipt, EvidencePlist, EvidenceProcess),
		oneOf("platform", e.Platform, Windows, MacOS, Linux, Any),
		checkLine("id", e.ID),
		checkLine("path", e.Path),
		checkLine("name", e.Name),
		checkVersion("version", e.Version),
		checkLine("source", e.Source),
	); err != nil {
		return err
	}
	switch e.Kind {
	case EvidenceUpgradeCode, EvidenceProductCode:
		return checkForm("id", e.ID, guidNotation, isGUID)
	case EvidenceReceipt, EvidenceProcess:
		if e.ID == "" {
			return missing("id")
		}
	case EvidenceRegistry, EvidenceFileVersion, EvidencePlist:
		if e.Path == "" {
			return missing("path")
		}
	}
	return nil
}

// check checks that the path of a setting is one on its platform.
func (s *Setting) check() *SyntaxError {
	if err := oneOf("platform", s.Platform, Windows, MacOS, Linux, Any); err != nil {
		return err
	}
	if isFile(s.Path) || s.absolute() {
		return nil
	}
	return outside("path", settingNotation(s.Platform), s.Path)
}

func settingNotation(p Platform) string {
	switch p {
	case Windows:
		return fileNotation + ` | C:\` + "dir\\file.ext | %NAME%\\file.ext"
	case MacOS, Linux:
		return fileNotation + " | /" + fileNotation
	}
	return fileNotation
}

// absolute reports whether the path is absolute on the setting's platform and
// says plainly where it leads.
func (s *Setting) absolute() bool {
	switch s.Platform {
	case MacOS, Linux:
		return strings.HasPrefix(s.Path, "/") && isFile(s.Path[1:])
	case Windows:
		root, rest, ok := strings.Cut(s.Path, `\`)
		if !ok || strings.Contains(rest, "/") || !isFile(strings.ReplaceAll(rest, `\`, "/")) {
			return false
		}
		return len(root) == 2 && isLetter(root[0]) && root[1] == ':' || isVariable(root)
	}
	return false
}

// isVariable reports whether s names an environment variable: %ProgramData%,
// %ProgramFiles(x86)%.
func isVariable(s string) bool {
	name, ok := strings.CutPrefix(s, "%")
	if !ok || !strings.HasSuffix(name, "%") {
		return false
	}
	name = strings.TrimSuffix(name, "%")
	return only(name, 32, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '(' || c == ')' || c == '_' })
}

// duplicateSettings refuses the same file twice: it would be saved after it
// was put back.
func duplicateSettings(list []Setting) *SyntaxError {
	seen := map[Setting]bool{}
	for i, s := range list {
		s.Path = strings.ToLower(s.Path)
		if seen[s] {
			return duplicate("path", list[i].Path).entry("settings", i)
		}
		seen[s] = true
	}
	return nil
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
