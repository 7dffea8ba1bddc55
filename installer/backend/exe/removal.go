package exe

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/program"
)

// Folders are the places that a removal may run from, absolute and without a
// backslash at the end.
type Folders struct {
	Programs []string // Program Files, of both kinds
	Windows  string
	System   string // System32
}

// uninstallKey is where Windows keeps how programs are removed, below HKLM.
const uninstallKey = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`

// registered finds out how a component is removed silently: by the command of
// its own installer, else by Windows Installer. What the evidence leads to is
// looked up in the list of programs too, because evidence of a file or a value
// says nothing of it. Commands that cannot be used are an error only when
// nothing else can.
func (f Folders) registered(ctx context.Context, m component.Machine, evidence []manifest.Evidence) (Removal, error) {
	found, err := component.Find(ctx, m, evidence)
	if err != nil {
		return Removal{}, err
	}
	list, listErr := m.Listed(ctx)
	var product string
	var problems []error
	try := func(key, line, code string) Removal {
		if product == "" && productCode.MatchString(code) { // the newest comes first
			product = code
		}
		if strings.TrimSpace(line) == "" {
			return Removal{}
		}
		r, err := f.removal(key, line)
		problems = append(problems, err)
		if r.Product == "" {
			return r
		}
		if product == "" {
			product = r.Product
		}
		return Removal{}
	}
	for _, in := range found.Installs {
		if r := try(in.Place, in.Removal, in.Product); !r.None() {
			return r, nil
		}
	}
	for _, e := range list {
		if !leadsTo(evidence, e.Key) {
			continue
		}
		code := ""
		if e.Installer {
			code = e.Key
		}
		if r := try(e.Key, e.Removal, code); !r.None() {
			return r, nil
		}
	}
	if product != "" {
		return Removal{Product: product}, nil
	}
	return Removal{}, errors.Join(append(problems, listErr)...)
}

// leadsTo reports whether evidence leads to a key of the list of programs.
func leadsTo(evidence []manifest.Evidence, key string) bool {
	return slices.ContainsFunc(evidence, func(e manifest.Evidence) bool {
		return slices.ContainsFunc(keysOf(e), func(k string) bool { return strings.EqualFold(k, key) })
	})
}

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

// removal reads the command line that the registry keeps for removing the
// program key silently. One that must not be run as administrator is an
// error: a relative name, a place that users may write to, an interpreter
// with a script. Of one for Windows Installer only the product code is taken.
func (f Folders) removal(key, line string) (Removal, error) {
	name, arguments := split(line)
	if installer(name) {
		return productIn(key, arguments)
	}
	if !f.allow(name) {
		return Removal{}, fmt.Errorf("the registry removes %q by %q, which is no program below Program Files", key, line)
	}
	for i, argument := range arguments {
		if strings.Contains(argument, `"`) { // one of the argument, not around it
			arguments[i] = escape(argument)
		}
	}
	return Removal{File: name, Arguments: arguments}, nil
}

// productIn is the removal of the product that arguments of msiexec name.
func productIn(key string, arguments []string) (Removal, error) {
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
	return Removal{Product: code}, nil
}

// installer reports whether a program is that of Windows Installer, with or
// without a folder.
func installer(program string) bool {
	base := small(program[strings.LastIndexByte(program, '\\')+1:])
	return base == "msiexec" || base == "msiexec.exe"
}

// allow reports whether a program lies where only administrators can put one.
func (f Folders) allow(path string) bool { return program.Guarded(path, f.Programs, f.Windows) }

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
