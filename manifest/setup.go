package manifest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxMinutes is the longest time a setup may be given.
const maxMinutes = 120

// check checks that a program is a process or a service, and what starts it.
func (p *Program) check() *SyntaxError {
	if err := oneOf("platform", p.Platform, Windows, MacOS, Linux); err != nil {
		return err
	}
	switch {
	case p.Process != "" && p.Service != "":
		return outside("service", "process | service", p.Service)
	case p.Service != "":
		if p.Start != "" {
			return outside("start", "process", p.Service)
		}
		return checkForm("service", p.Service, serviceNotation, isService)
	case p.Process == "":
		return missing("process")
	}
	if err := checkForm("process", p.Process, programNotation, isProgram); err != nil {
		return err
	}
	if p.Start != "" && !absolute(p.Platform, p.Start) {
		return outside("start", settingNotation(p.Platform), p.Start)
	}
	return nil
}

const (
	serviceNotation = "[A-Za-z0-9._ -]{1,128}"
	programNotation = "name.exe, without a folder"
)

func isService(s string) bool {
	return s != "" && only(s, 128, func(c byte) bool {
		return isLetter(c) || isDigit(c) || strings.IndexByte("._ -", c) >= 0
	})
}

// isProgram reports whether s is the file name of a program.
func isProgram(s string) bool { return isFile(s) && !strings.Contains(s, "/") }

// check checks how a package is run.
func (s *Setup) check() *SyntaxError {
	if s == nil {
		return nil
	}
	err := first(
		checkLine("signer", s.Signer),
		checkProperties(s.Properties),
		checkSetupArguments(s.Arguments),
		s.Uninstall.check(),
		each("success", maxEntries, s.Success, checkStatus),
		each("reboot", maxEntries, s.Reboot, checkStatus),
		checkBetween("minutes", int64(s.Minutes), 0, maxMinutes),
	)
	if err != nil {
		return err.under("setup")
	}
	return nil
}

// check checks that the program of a command is named by its place.
func (c *SetupCommand) check() *SyntaxError {
	if c == nil {
		return nil
	}
	err := checkSetupArguments(c.Arguments)
	if !absolute(Windows, c.Path) {
		err = outside("path", settingNotation(Windows), c.Path)
	}
	if err != nil {
		return err.under("uninstall")
	}
	return nil
}

// SetupLog stands in an argument of a setup program for the path of the log
// that it is to write.
const SetupLog = "{log}"

// checkSetupArguments checks the arguments of a setup program: as any others,
// and the only word in braces is that for the log, which one program can
// write.
func checkSetupArguments(all []string) *SyntaxError {
	logs := 0
	return each("arguments", maxEntries, all, func(s *string) *SyntaxError {
		if err := checkArgument(s); err != nil {
			return err
		}
		expected, found := "", visible(*s)
		n, other := braces(*s)
		logs += n
		switch {
		case other != "":
			expected, found = "in braces only "+SetupLog+" or a product code", visible(other)
		case logs > 1:
			expected = SetupLog + " once"
		case !wholeQuotes(*s):
			expected = "one argument, with its quotes in pairs and no space outside of them"
		default:
			return nil
		}
		return &SyntaxError{Reason: CodeValue, Expected: expected, Found: found}
	})
}

// braces counts the places for a log, and returns the first other word in
// braces, "" for none. Product codes of Windows Installer are no words.
func braces(s string) (logs int, other string) {
	for {
		at := strings.IndexAny(s, "{}")
		if at < 0 {
			return logs, ""
		}
		s = s[at:]
		end := strings.IndexByte(s, '}') + 1
		if end <= 0 {
			return logs, s
		}
		switch word := s[:end]; {
		case word == SetupLog:
			logs++
		case !isGUID(word):
			return logs, word
		}
		s = s[end:]
	}
}

// wholeQuotes reports whether an argument is one: when it has quotes it is
// handed over as it stands, so that they have to be in pairs, and to hold its
// spaces. A quote after a backslash is a character like any other.
func wholeQuotes(s string) bool {
	if !strings.Contains(s, `"`) {
		return true
	}
	inside := false
	for i := range len(s) {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			inside = !inside
		case s[i] == ' ' && !inside:
			return false
		}
	}
	return !inside
}

// checkStatus checks an exit code: 32 bits, written with or without a sign.
func checkStatus(code *int) *SyntaxError {
	if n := int64(*code); n < math.MinInt32 || n > math.MaxUint32 {
		return &SyntaxError{Reason: CodeValue, Expected: "32 bits", Found: strconv.Itoa(*code)}
	}
	return nil
}

// ownProperties are set by releve itself: how much is shown, whether the
// machine is restarted, and which package and what kind of change it is.
var ownProperties = []string{"ACTION", "ADMIN", "PATCH", "REBOOT", "REINSTALL", "REINSTALLMODE", "REMOVE", "TRANSFORMS"}

// checkProperties checks public properties: only those are handed on to the
// half of Windows Installer that has the rights, and their names are in
// capitals.
func checkProperties(all map[string]string) *SyntaxError {
	if len(all) > maxEntries {
		return outside("properties", "<= "+strconv.Itoa(maxEntries), strconv.Itoa(len(all)))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		public := name != "" && isUpper(name[0]) && only(name, 64, func(c byte) bool { return isUpper(c) || isDigit(c) || c == '_' })
		if !public || slices.Contains(ownProperties, name) {
			return outside("properties", "[A-Z][A-Z0-9_]{0,63}, not "+strings.Join(ownProperties, ", "), name)
		}
		if err := checkLine(name, all[name]); err != nil {
			return err.under("properties")
		}
	}
	return nil
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
