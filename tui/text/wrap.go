package text

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Wrap breaks a clean string into lines of at most width cells. It breaks at
// spaces, but not where French sets a space that does not part (before a
// colon, inside quotation marks, between a number and its unit); a word
// longer than a line is cut. An empty string is one empty line.
func Wrap(s string, width int) []string {
	width = max(width, 1)
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		lines = append(lines, wrapParagraph(paragraph, width)...)
	}
	return lines
}

func wrapParagraph(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		w := ansi.StringWidth(word)
		if line != "" && used+1+w <= width {
			line, used = line+" "+word, used+1+w
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		if w > width {
			parts := strings.Split(strings.TrimPrefix(ansi.Hardwrap(word, width, true), "\n"), "\n")
			lines = append(lines, parts[:len(parts)-1]...)
			word = parts[len(parts)-1]
			w = ansi.StringWidth(word)
		}
		line, used = word, w
	}
	return append(lines, line)
}

// words splits at the spaces where a line may end.
func words(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' }) {
		if n := len(out); n > 0 && sticks(out[n-1], w) {
			out[n-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

// sticks says that no line may end between two words.
func sticks(before, w string) bool {
	if strings.HasSuffix(before, "«") || strings.ContainsAny(w[:1], ":;?!%") || strings.HasPrefix(w, "»") {
		return true
	}
	last := []rune(before)
	if !unicode.IsDigit(last[len(last)-1]) {
		return false
	}
	switch strings.Trim(w, ".,)") {
	case "o", "ko", "Mo", "Go", "To", "B", "kB", "MB", "GB", "TB", "s", "min", "h", "j", "d",
		"ko/s", "Mo/s", "Go/s", "kB/s", "MB/s", "GB/s":
		return true
	}
	return false
}

// Fit cuts a clean string to width cells and marks the cut with "..", so
// that a table keeps its columns.
func Fit(s string, width int) string {
	if ansi.StringWidth(s) <= width {
		return s
	}
	if width < 4 {
		return ansi.Truncate(s, max(width, 0), "")
	}
	return ansi.Truncate(s, width, "..")
}

// Pad fits a clean string to exactly width cells.
func Pad(s string, width int) string {
	s = Fit(s, width)
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}
