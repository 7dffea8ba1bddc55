package manifest

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How the allowed forms are written in errors. The JSON Schemas say the same.
const (
	nameNotation       = "[a-z0-9][a-z0-9-]{0,31}"
	codeNotation       = "[a-z0-9][a-z0-9-]{0,63}"
	identifierNotation = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
	factNotation       = "[a-z0-9_-]+(.[a-z0-9_-]+)*"
	versionNotation    = "3.42.03 | 5.2.6_x64 | 5,2,6,0 | 1.0-rc1"
	rangeNotation      = ">= 3.42, < 4"
	guidNotation       = "{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}"
	fileNotation       = "dir/file.ext"
	dateNotation       = "YYYY-MM-DD"
	digestNotation     = "[0-9a-f]{64}"
)

// checkForm checks one text against its form.
func checkForm(field, value, notation string, ok func(string) bool) *SyntaxError {
	if !ok(value) {
		return outside(field, notation, value)
	}
	return nil
}

// checkText checks that a sentence says something in both languages.
func checkText(field string, t *Text) *SyntaxError {
	for _, l := range [...]struct{ name, text string }{{"fr", t.FR}, {"en", t.EN}} {
		n := utf8.RuneCountInString(l.text)
		if n > maxText || strings.TrimSpace(l.text) == "" {
			return outside(l.name, "1.."+strconv.Itoa(maxText)+" characters", strconv.Itoa(n)).under(field)
		}
	}
	return nil
}

// checkLine checks a text that may be absent.
func checkLine(field, s string) *SyntaxError {
	if n := utf8.RuneCountInString(s); n > maxText {
		return outside(field, "<= "+strconv.Itoa(maxText)+" characters", strconv.Itoa(n))
	}
	return nil
}

// checkDate checks a day that may be absent.
func checkDate(field, s string) *SyntaxError {
	if s == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return outside(field, dateNotation, s)
	}
	return nil
}

// checkBetween checks a number.
func checkBetween(field string, n, low, high int64) *SyntaxError {
	if n < low || n > high {
		return outside(field, strconv.FormatInt(low, 10)+".."+strconv.FormatInt(high, 10), strconv.FormatInt(n, 10))
	}
	return nil
}

// oneOf checks a value against those that exist.
func oneOf[T ~string](field string, value T, known ...T) *SyntaxError {
	if slices.Contains(known, value) {
		return nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return outside(field, strings.Join(names, " | "), string(value))
}

// optional is oneOf for a field that may be absent.
func optional[T ~string](field string, value T, known ...T) *SyntaxError {
	if value == "" {
		return nil
	}
	return oneOf(field, value, known...)
}

// checkVersion checks a version that may be absent.
func checkVersion(field, s string) *SyntaxError {
	if s == "" {
		return nil
	}
	if _, err := ParseVersion(s); err != nil {
		return badVersion(s).under(field)
	}
	return nil
}

// only reports whether s has 1 to most bytes, each allowed, and begins with a
// letter or a digit.
func only(s string, most int, allowed func(c byte) bool) bool {
	if s == "" || len(s) > most || !isLetter(s[0]) && !isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isLowerWord(c byte) bool { return c >= 'a' && c <= 'z' || isDigit(c) || c == '-' }

// isName reports whether s can name a component or a channel. Names become
// names of directories, so those that Windows keeps for devices are none.
func isName(s string) bool { return only(s, 32, isLowerWord) && !isDevice(s) }

// isCode reports whether s can be the stable code of a rule or a remedy.
func isCode(s string) bool { return only(s, 64, isLowerWord) }

// isIdentifier reports whether s can name an advisory.
func isIdentifier(s string) bool {
	return only(s, 64, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' || c == '_' || c == '-' })
}

// isDevice reports whether Windows opens a device under this name, with
// whatever ending.
func isDevice(s string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && isDigit(stem[3])
}

// isFact reports whether s can be the path of a fact.
func isFact(s string) bool {
	if len(s) > 128 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool {
			return r >= utf8.RuneSelf || !isLowerWord(byte(r)) && r != '_'
		}) {
			return false
		}
	}
	return true
}

// isDigest reports whether s is a SHA-256 as documents write it.
func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// isGUID reports whether s is a product or upgrade code of Windows Installer.
func isGUID(s string) bool {
	if len(s) != 38 || s[0] != '{' || s[37] != '}' {
		return false
	}
	for i := 1; i < 37; i++ {
		c := s[i]
		hyphen := i == 9 || i == 14 || i == 19 || i == 24
		if hyphen != (c == '-') || !hyphen && !isDigit(c) && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isFile reports whether s is a path below a directory that means the same on
// every system: slashes, no way up, nothing that Windows reads differently.
func isFile(s string) bool {
	if s == "" || len(s) > maxPath || strings.ContainsAny(s, `\:*?"<>|`) {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || isDevice(part) || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return false // ".", ".." and what Windows would shorten are among these
		}
	}
	return true
}

// isTarget reports whether s can be a target path of the repository, which is
// also part of an address.
func isTarget(s string) bool {
	return isFile(s) && strings.Trim(s, targetCharacters) == ""
}

const targetCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+,~-/"
