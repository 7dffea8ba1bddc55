package exe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Entry is a key below Uninstall in the registry, as it stands there.
type Entry struct {
	Key   string // name of the key
	Quiet string // QuietUninstallString
	Plain string // UninstallString
}

// Folders are the places that a removal may run from, absolute and without a
// backslash at the end.
type Folders struct {
	Programs []string // Program Files, of both kinds
	Windows  string
	System   string // System32
}

// uninstallKey is where Windows keeps how programs are removed, below HKLM.
const uninstallKey = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`

// keysOf lists the keys below Uninstall that a piece of evidence leads to: a
// product code is one, as Windows Installer writes it and as InstallShield
// does; a registry value may lie in one.
func keysOf(e manifest.Evidence) []string {
	switch e.Kind {
	case manifest.EvidenceProductCode:
		if productCode.MatchString(e.ID) {
			return []string{"InstallShield_" + e.ID, e.ID}
		}
	case manifest.EvidenceRegistry:
		if len(e.Path) > len(uninstallKey) && strings.EqualFold(e.Path[:len(uninstallKey)], uninstallKey) &&
			!strings.Contains(e.Path[len(uninstallKey):], `\`) {
			return []string{e.Path[len(uninstallKey):]}
		}
	}
	return nil
}

var productCode = regexp.MustCompile(`^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$`)

// Removal reads how a component is removed silently. An entry that can only
// be removed with questions gives the zero Removal. One that says something
// that must not be run as administrator gives an error: a relative name, a
// place that users may write to, an interpreter with a script.
//
// Of an entry of Windows Installer only the product code is taken. That many
// of them say /I, which asks what to do, does not matter then.
func (e Entry) Removal(f Folders) (Removal, error) {
	for _, line := range []string{e.Quiet, e.Plain} {
		if program, arguments := split(line); installer(program) {
			return f.product(e.Key, arguments)
		}
	}
	if strings.TrimSpace(e.Quiet) == "" {
		return Removal{}, nil
	}
	program, arguments := split(e.Quiet)
	if !f.allow(program) {
		return Removal{}, fmt.Errorf("the registry removes %q by %q, which is no program below Program Files", e.Key, e.Quiet)
	}
	return Removal{File: program, Arguments: arguments}, nil
}

// product is the removal of a product of Windows Installer.
func (f Folders) product(key string, arguments []string) (Removal, error) {
	var code string
	for i, argument := range arguments {
		lower := small(argument)
		if !strings.HasPrefix(lower, "/x") && !strings.HasPrefix(lower, "/i") {
			continue
		}
		if code = argument[2:]; code == "" && i+1 < len(arguments) {
			code = arguments[i+1]
		}
		break
	}
	if !productCode.MatchString(code) {
		return Removal{}, fmt.Errorf("the registry removes %q by Windows Installer and names no product: %q", key, arguments)
	}
	return Removal{
		File:      f.System + `\msiexec.exe`,
		Arguments: []string{"/x", code, "/qn", "REBOOT=ReallySuppress"},
		Product:   code,
	}, nil
}

// installer reports whether a program is that of Windows Installer, with or
// without a folder.
func installer(program string) bool {
	base := small(program[strings.LastIndexByte(program, '\\')+1:])
	return base == "msiexec" || base == "msiexec.exe"
}

// allow reports whether a program lies where only administrators can put one:
// below Program Files, or directly in the folder of Windows, as the
// uninstallers of old setup programs do. The folders below that one hold
// interpreters, and some that users write to.
func (f Folders) allow(program string) bool {
	lower := small(program)
	if !strings.HasSuffix(lower, ".exe") || strings.ContainsAny(lower, "/\"<>|*?") || strings.Contains(lower[min(2, len(lower)):], ":") {
		return false
	}
	elements := strings.Split(lower, `\`)
	bad := func(element string) bool {
		return element == "" || strings.Trim(element, ".") == "" || strings.HasSuffix(element, " ") || strings.HasSuffix(element, ".")
	}
	if slices.ContainsFunc(elements, bad) {
		return false
	}
	for _, folder := range f.Programs {
		if folder != "" && strings.HasPrefix(lower, small(folder)+`\`) {
			return true
		}
	}
	rest, below := strings.CutPrefix(lower, small(f.Windows)+`\`)
	return f.Windows != "" && below && !strings.Contains(rest, `\`)
}

// split takes a command line apart: the program as CreateProcess finds it
// when its name has no quotes, up to the first .exe, and the arguments by the
// rules of CommandLineToArgvW.
func split(line string) (program string, arguments []string) {
	line = strings.TrimSpace(line)
	if rest, quoted := strings.CutPrefix(line, `"`); quoted {
		name, rest, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", nil
		}
		return name, arguing(rest)
	}
	end := strings.IndexAny(line, " \t")
	if i := strings.Index(small(line), ".exe"); i >= 0 {
		if after := line[i+4:]; after == "" || strings.IndexAny(after, " \t") == 0 {
			end = i + 4
		}
	}
	if end < 0 {
		end = len(line)
	}
	return line[:end], arguing(line[end:])
}

// arguing splits arguments by the rules of CommandLineToArgvW: white space
// ends one outside quotes, two quotes inside quotes are one, and backslashes
// count only before a quote. Source: Microsoft, "CommandLineToArgvW".
func arguing(s string) []string {
	var out []string
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		var argument string
		argument, s = nextArgument(s)
		out = append(out, argument)
	}
	return out
}

// nextArgument returns the first argument of s and what is left.
func nextArgument(s string) (argument, rest string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
			if i+n < len(s) && s[i+n] == '"' {
				b.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					b.WriteByte('"')
					i++
				}
			} else {
				b.WriteString(strings.Repeat(`\`, n))
			}
			i += n - 1
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return b.String(), s[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// small makes the letters of ASCII small. Others stay as they are, and with
// them the places of all bytes.
func small(s string) string {
	out := []byte(s)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}
