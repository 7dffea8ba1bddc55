package main

import (
	"strings"
	"unicode/utf16"
)

// gap is what stands between two columns, and after the last one.
const gap = "  "

// render writes the lines of an answer. After the last instance comes an empty
// line; where there is none, that line is all.
func render(q query, rows [][]string) []string {
	var lines []string
	switch {
	case len(rows) == 0:
	case q.list:
		lines = asList(q, rows)
	default:
		lines = asTable(q, rows)
	}
	return append(lines, "")
}

// asTable writes a heading and a line for each instance. A column is as wide
// as its widest text, counted as Windows counts.
func asTable(q query, rows [][]string) []string {
	heading := make([]string, len(q.properties))
	widths := make([]int, len(q.properties))
	for i, p := range q.properties {
		heading[i] = p.name
		widths[i] = width(p.name)
		for _, row := range rows {
			widths[i] = max(widths[i], width(row[i]))
		}
	}
	lines := make([]string, 0, len(rows)+1)
	for _, row := range append([][]string{heading}, rows...) {
		var b strings.Builder
		for i, text := range row {
			b.WriteString(text)
			b.WriteString(strings.Repeat(" ", widths[i]-width(text)))
			b.WriteString(gap)
		}
		lines = append(lines, b.String())
	}
	return lines
}

// asList writes a line for each property, and two empty lines before each
// instance.
func asList(q query, rows [][]string) []string {
	var lines []string
	for _, row := range rows {
		lines = append(lines, "", "")
		for i, text := range row {
			lines = append(lines, q.properties[i].name+"="+text)
		}
	}
	return append(lines, "", "")
}

func width(text string) int { return len(utf16.Encode([]rune(text))) }

// kind is what an answer is written to.
type kind int

const (
	toFile    kind = iota // UTF-16 with a mark
	toPipe                // the code page of the console
	toConsole             // text
)

// encode writes lines as WMIC does. Into a file they are UTF-16 with its mark.
// Into a pipe they are in the code page of the console, and since WMIC ends its
// lines itself and its C library does so once more, each ends in CR CR LF: who
// reads WMIC through a pipe expects that.
func encode(lines []string, to kind, narrow func(string) []byte) []byte {
	end := "\r\n"
	if to == toPipe {
		end = "\r\r\n"
	}
	text := strings.Join(lines, end) + end
	if to == toPipe {
		return narrow(text)
	}
	units := utf16.Encode([]rune(text))
	out := make([]byte, 0, 2*len(units)+2)
	if to == toFile {
		out = append(out, 0xff, 0xfe)
	}
	for _, u := range units {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}
