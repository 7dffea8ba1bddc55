package manifest

import (
	"strings"
	"unicode/utf8"
)

// check checks that a piece of evidence names what its kind looks at.
func (e *Evidence) check() *SyntaxError {
	if err := first(
		oneOf("kind", e.Kind, EvidenceBundle, EvidenceUpgradeCode, EvidenceProductCode, EvidenceRegistry,
			EvidenceUninstall, EvidenceFileVersion, EvidenceReceipt, EvidencePlist, EvidenceProcess),
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
	case EvidenceUninstall:
		return checkForm("name", e.Name, listedNotation, isListed)
	case EvidenceRegistry, EvidenceFileVersion, EvidencePlist:
		if e.Path == "" {
			return missing("path")
		}
	}
	return nil
}

const listedNotation = "1..128 characters, the first 4 of them no *"

// isListed reports whether s is a name under which a program can be listed. It
// begins with something of its own, so that it cannot fit every program.
func isListed(s string) bool {
	head, _, _ := strings.Cut(s, "*")
	return utf8.RuneCountInString(head) >= 4 && utf8.RuneCountInString(s) <= 128
}

// EvidenceOn returns the evidence that counts on platform, most trustworthy
// first.
func (c *Component) EvidenceOn(platform Platform) []Evidence {
	var out []Evidence
	for _, e := range c.Evidence {
		if e.Platform == platform || e.Platform == Any {
			out = append(out, e)
		}
	}
	return out
}

// check checks that the path of a setting is one on its platform.
func (s *Setting) check() *SyntaxError {
	if err := oneOf("platform", s.Platform, Windows, MacOS, Linux, Any); err != nil {
		return err
	}
	if isFile(s.Path) || absolute(s.Platform, s.Path) {
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

// absolute reports whether path is absolute on platform and says plainly where
// it leads.
func absolute(platform Platform, path string) bool {
	switch platform {
	case MacOS, Linux:
		return strings.HasPrefix(path, "/") && isFile(path[1:])
	case Windows:
		root, rest, ok := strings.Cut(path, `\`)
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
