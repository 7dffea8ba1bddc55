package exe

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// commandLine writes arguments as one line, by the rules of CommandLineToArgvW.
// One that has quotes is written as it stands: setup programs have rules of
// their own, as that of InstallShield for /v"/qn", and whoever wrote quotes
// knows them.
func commandLine(arguments []string) string {
	written := make([]string, len(arguments))
	for i, argument := range arguments {
		written[i] = argument
		if !strings.Contains(argument, `"`) {
			written[i] = escape(argument)
		}
	}
	return strings.Join(written, " ")
}

// escape writes an argument as CommandLineToArgvW reads it back, whatever is in
// it. Backslashes count only before a quote.
func escape(argument string) string {
	if argument != "" && !strings.ContainsAny(argument, " \t\"") {
		return argument
	}
	var b strings.Builder
	b.WriteByte('"')
	backslashes := 0
	for i := range len(argument) {
		switch c := argument[i]; c {
		case '\\':
			backslashes++
		case '"':
			b.WriteString(strings.Repeat(`\`, backslashes+1))
			backslashes = 0
		default:
			backslashes = 0
		}
		b.WriteByte(argument[i])
	}
	b.WriteString(strings.Repeat(`\`, backslashes) + `"`)
	return b.String()
}

// wantsLog reports whether arguments have a place for the path of a log.
func wantsLog(arguments []string) bool {
	return strings.Contains(strings.Join(arguments, " "), manifest.SetupLog)
}

// withLog puts the path of the log where arguments have a place for it. A path
// with spaces gets quotes where it stands within quotes that hold more than it,
// with the backslash that InstallShield and Windows want of those; in an
// argument without quotes the whole argument gets them when it is written.
func withLog(arguments []string, file string) []string {
	out := slices.Clone(arguments)
	for i, argument := range out {
		before, after, found := strings.Cut(argument, manifest.SetupLog)
		if !found {
			continue
		}
		quoted := file
		alone := strings.HasSuffix(before, `"`) && (strings.HasPrefix(after, `"`) || strings.HasPrefix(after, `\"`))
		if strings.ContainsAny(file, " \t") && strings.Contains(argument, `"`) && !alone {
			quoted = `\"` + file + `\"`
			if !within(before) {
				quoted = `"` + file + `"`
			}
		}
		out[i] = before + quoted + after
	}
	return out
}

// within reports whether what follows text stands within quotes. A quote after
// a backslash neither begins nor ends them.
func within(text string) bool {
	return (strings.Count(text, `"`)-strings.Count(text, `\"`))%2 == 1
}
