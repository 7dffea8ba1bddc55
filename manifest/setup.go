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
		each("arguments", maxEntries, s.Arguments, checkArgument),
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
	err := each("arguments", maxEntries, c.Arguments, checkArgument)
	if !absolute(Windows, c.Path) {
		err = outside("path", settingNotation(Windows), c.Path)
	}
	if err != nil {
		return err.under("uninstall")
	}
	return nil
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
