package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/releve-sante/releve/tui/text"
)

// styles are the looks and the signs of the screens. Only the sixteen colours
// that every terminal lets its user choose are named.
type styles struct {
	head, good, bad, warn, dim, key lipgloss.Style

	rule, full, empty, up, down string
}

func newStyles(o Options) styles {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	if o.NoColor {
		r.SetColorProfile(termenv.Ascii)
	}
	r.SetHasDarkBackground(true) // never ask the terminal
	colour := func(c string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(c)) }
	s := styles{
		head: r.NewStyle().Bold(true),
		good: colour("2"), bad: colour("1").Bold(true), warn: colour("3"),
		dim: r.NewStyle().Faint(true), key: r.NewStyle().Bold(true),
		rule: "─", full: "█", empty: "░", up: "↑", down: "↓",
	}
	if o.ASCII {
		s.rule, s.full, s.empty, s.up, s.down = "-", "#", ".", "^", "v"
	}
	return s
}

// mark colours a mark.
func (s styles) mark(m text.Mark) string {
	switch m {
	case text.MarkOK:
		return s.good.Render(string(m))
	case text.MarkFail:
		return s.bad.Render(string(m))
	case text.MarkWarn, text.MarkBack:
		return s.warn.Render(string(m))
	case text.MarkInfo, text.MarkWait:
		return s.dim.Render(string(m))
	case text.MarkBusy, text.MarkHead:
	}
	return s.head.Render(string(m))
}

// bar is a progress bar of a width in cells; empty when the total is not known.
func (s styles) bar(done, total int64, width int) string {
	n := 0
	if total > 0 {
		n = int(min(max(done, 0), total) * int64(width) / total)
	}
	return s.good.Render(strings.Repeat(s.full, n)) + s.dim.Render(strings.Repeat(s.empty, width-n))
}
