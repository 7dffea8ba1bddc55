package galss

import (
	"fmt"
	"strings"
)

// DiffLine is one line of the difference between two files.
type DiffLine struct {
	Sign string `json:"sign"` // "-" for the old file, "+" for the new one, " " for both, "…" for lines left out
	Text string `json:"text"` // its bytes, with those that do not show as \r, \n, \t, \\ or \xE9
}

const (
	around   = 2         // unchanged lines shown before and after a changed one
	maxCells = 1_000_000 // of the table that finds common lines; beyond it everything counts as changed
)

// Diff compares two files line by line, bytes and line ends included. Equal
// files give nothing.
func Diff(before, after []byte) []DiffLine {
	a, b := whole(before), whole(after)
	var head, tail int
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	all := make([]DiffLine, 0, len(a)+len(b))
	for _, l := range a[:head] {
		all = append(all, DiffLine{" ", l})
	}
	all = append(all, changed(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		all = append(all, DiffLine{" ", l})
	}
	return near(all)
}

func whole(data []byte) []string {
	lines := split(string(data))
	out := make([]string, len(lines))
	for n, l := range lines {
		out[n] = l.text + l.end
	}
	return out
}

// changed is the difference of two lists by their longest common subsequence.
func changed(a, b []string) []DiffLine {
	var out []DiffLine
	var common [][]int
	if len(a)*len(b) <= maxCells {
		common = table(a, b)
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case common != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, DiffLine{" ", a[i]})
			i, j = i+1, j+1
		case i < len(a) && (common == nil || j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, DiffLine{"-", a[i]})
			i++
		default:
			out = append(out, DiffLine{"+", b[j]})
			j++
		}
	}
	return out
}

// table says how many lines the rests of two lists have in common.
func table(a, b []string) [][]int {
	t := make([][]int, len(a)+1)
	for i := range t {
		t[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				t[i][j] = t[i+1][j+1] + 1
			} else {
				t[i][j] = max(t[i+1][j], t[i][j+1])
			}
		}
	}
	return t
}

// near leaves out unchanged lines far from changed ones, and writes the bytes
// so that they can be read.
func near(all []DiffLine) []DiffLine {
	keep := make([]bool, len(all))
	for n, l := range all {
		if l.Sign == " " {
			continue
		}
		for k := max(0, n-around); k <= min(len(all)-1, n+around); k++ {
			keep[k] = true
		}
	}
	var out []DiffLine
	for n, l := range all {
		switch {
		case keep[n]:
			out = append(out, DiffLine{l.Sign, visible(l.Text)})
		case len(out) > 0 && out[len(out)-1].Sign != "…":
			out = append(out, DiffLine{Sign: "…"})
		}
	}
	if len(out) > 0 && out[len(out)-1].Sign == "…" {
		out = out[:len(out)-1]
	}
	return out
}

func visible(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
