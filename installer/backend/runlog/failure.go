package runlog

import (
	"slices"
	"strings"
)

// Failure is what a log says about a failure. Each part is "" when the log does
// not say it.
type Failure struct {
	Action string // of a package of Windows Installer, for example InstallFiles
	Number string // of the message, for example 1722
	Line   string // that tells most, as it was written, in the language of Windows
}

// maxLine is how much of a line is shown, in characters.
const maxLine = 300

// Failing finds in a log of Windows Installer the action that failed and the
// line that tells why. The end of an action is written in the language of
// Windows, "… 14:05:33 : InstallFiles. … 3.", so that it is told by its form: a
// time, the action, the number 3. The first such action is the one, those after
// it only contain it.
func Failing(log string) Failure {
	var f Failure
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if action := failedAction(line); action != "" {
			f.Action = action
			return f
		}
		text := withoutPrefix(line)
		if number := messageNumber(text); number != "" {
			f.Number, f.Line = number, cut(text)
		}
	}
	return f
}

// failedAction is the action whose end with the number 3 a line tells.
func failedAction(line string) string {
	rest, ok := strings.CutSuffix(line, "3.")
	if !ok || strings.HasPrefix(line, "MSI (") {
		return ""
	}
	at := strings.LastIndex(strings.TrimRight(rest, " \u00a0:"), ". ")
	if at < 0 {
		return ""
	}
	words := strings.FieldsFunc(rest[:at], func(r rune) bool { return r == ' ' || r == '\u00a0' })
	for i, word := range words[:max(0, len(words)-1)] {
		if isTime(strings.TrimSuffix(word, ":")) {
			action := words[len(words)-1]
			if i < len(words)-3 || !isWord(action) { // more than a colon lies between
				return ""
			}
			return action
		}
	}
	return ""
}

// isTime reports whether s is a time of the day: 9:05:33.
func isTime(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return false
	}
	for _, p := range parts {
		if len(p) < 1 || len(p) > 2 || !digits(p) {
			return false
		}
	}
	return true
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.{}-") == ""
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// withoutPrefix takes off who wrote a line and when: "MSI (s) (A4:F8)
// [10:12:33:446]: ".
func withoutPrefix(line string) string {
	if strings.HasPrefix(line, "MSI (") {
		if _, rest, ok := strings.Cut(line, "]: "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return line
}

// messageNumber is the number of the message in a line: "Error 1722. …",
// "Erreur 1722.…", "CustomAction X returned actual error code 1603 …". Notes
// that the engine writes to itself are no message.
func messageNumber(text string) string {
	if strings.HasPrefix(text, "Note: ") || strings.HasPrefix(text, "Property(") {
		return ""
	}
	for _, word := range []string{"Error ", "Erreur ", "error code "} {
		_, rest, ok := strings.Cut(text, word)
		if !ok {
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(rest)
		}
		if number := rest[:end]; len(number) >= 3 && len(number) <= 10 && !strings.Contains(text, "translated to success") {
			return number
		}
	}
	return ""
}

// cut shortens a line for a sentence.
func cut(line string) string {
	if runes := []rune(line); len(runes) > maxLine {
		return string(runes[:maxLine]) + "…"
	}
	return line
}

// Why finds what any log says about a failure: as Failing in one of Windows
// Installer, which a setup program may hand its work to, else its last words.
func Why(log string) Failure {
	if strings.Contains(log, "MSI (") {
		return Failing(log)
	}
	return Failure{Line: Last(log)}
}

const (
	lastLines = 5
	lastRunes = 400
)

// Last is the end of what a program wrote, short enough for a sentence.
func Last(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	last := []rune(strings.Join(lines[max(0, len(lines)-lastLines):], " / "))
	return string(last[max(0, len(last)-lastRunes):])
}
