package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/releve-sante/releve/tui/text"
)

// sheet collects the lines of a page at one width.
type sheet struct {
	st    styles
	width int
	lines []string
}

// indent is the width of a mark and the space behind it.
const indent = 7

func (s *sheet) gap() {
	if len(s.lines) > 0 {
		s.lines = append(s.lines, "")
	}
}

// head begins a part.
func (s *sheet) head(t string) {
	s.gap()
	for _, l := range text.Wrap(t, s.width) {
		s.lines = append(s.lines, s.st.head.Render(l))
	}
}

// text is a paragraph behind some space.
func (s *sheet) text(by int, t string) {
	by = s.narrow(by)
	for _, l := range text.Wrap(t, s.width-by) {
		s.lines = append(s.lines, strings.Repeat(" ", by)+l)
	}
}

// entry is a mark with its sentence and what belongs to it.
func (s *sheet) entry(e text.Entry) {
	if e.Mark == text.MarkHead {
		s.head(e.Text)
		return
	}
	for i, l := range text.Wrap(e.Text, s.width-indent) {
		mark := strings.Repeat(" ", indent-1)
		if i == 0 {
			mark = s.st.mark(e.Mark)
		}
		s.lines = append(s.lines, mark+" "+l)
	}
	for _, more := range e.More {
		s.text(indent, more)
	}
}

// number is an item of a numbered list.
func (s *sheet) number(i int, t string) {
	for j, l := range text.Wrap(t, s.width-5) {
		head := "     "
		if j == 0 {
			head = fmt.Sprintf("%3d. ", i)
		}
		s.lines = append(s.lines, head+l)
	}
}

// fields are labelled values, labels in one column; where a line is too short
// for two columns, the value stands below its label.
func (s *sheet) fields(by int, fields []text.Field) {
	by = s.narrow(by)
	width := 0
	for _, f := range fields {
		width = max(width, ansi.StringWidth(f.Label))
	}
	if by+width+2 > s.width*3/5 {
		for _, f := range fields {
			s.text(by, f.Label)
			s.text(by+2, f.Value)
		}
		return
	}
	for _, f := range fields {
		for i, l := range text.Wrap(f.Value, s.width-by-width-2) {
			label := strings.Repeat(" ", width)
			if i == 0 {
				label = s.st.dim.Render(text.Pad(f.Label, width))
			}
			s.lines = append(s.lines, strings.Repeat(" ", by)+label+"  "+l)
		}
	}
}

// narrow takes back indentation where a line is short.
func (s *sheet) narrow(by int) int {
	if s.width < 60 {
		return min(by, 2)
	}
	return by
}
