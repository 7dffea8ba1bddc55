package msi

import "strings"

// Words reads a line of arguments as msiexec does.
func Words(line string) []string {
	var words []string
	var word strings.Builder
	inside, begun := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"' && inside && i+1 < len(line) && line[i+1] == '"':
			word.WriteByte('"')
			i++
		case c == '"':
			inside, begun = !inside, true
		case c == ' ' && !inside:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

// InstallLine is installLine.
func InstallLine(file, log string, properties map[string]string) string {
	return installLine(file, log, properties)
}
