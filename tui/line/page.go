package line

import (
	"fmt"
	"io"
	"strings"

	"github.com/releve-sante/releve/tui/text"
)

// page collects the answer of a command and is written at once.
type page struct {
	p *text.Printer
	b strings.Builder
}

func newPage(p *text.Printer) *page { return &page{p: p} }

func (g *page) writeTo(w io.Writer) error {
	if _, err := io.WriteString(w, g.b.String()); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// head begins a part of the page.
func (g *page) head(s string) {
	if g.b.Len() > 0 {
		g.b.WriteByte('\n')
	}
	g.b.WriteString(paragraph("", s))
}

// item is a line of a part.
func (g *page) item(indent int, s string) {
	g.b.WriteString(paragraph(strings.Repeat(" ", indent), s))
}

// problem is what is out of order, and what to do about it.
func (g *page) problem(sentence, hint string) {
	if g.b.Len() > 0 {
		g.b.WriteByte('\n')
	}
	g.b.WriteString(paragraph(string(text.MarkWarn)+" ", sentence))
	if hint != "" {
		g.item(indent, hint)
	}
}

// fields are labelled values with their labels in one column.
func (g *page) fields(indent int, fields []text.Field) {
	width := 0
	for _, f := range fields {
		width = max(width, len([]rune(f.Label)))
	}
	width = min(width, columns/2-indent)
	for _, f := range fields {
		g.hanging(strings.Repeat(" ", indent)+text.Pad(f.Label, width)+"  ", f.Value)
	}
}

// hanging writes s behind a head that may hold any letters.
func (g *page) hanging(head, s string) {
	width := len([]rune(head))
	for i, l := range text.Wrap(s, columns-width) {
		if i > 0 {
			head = strings.Repeat(" ", width)
		}
		g.b.WriteString(strings.TrimRight(head+l, " "))
		g.b.WriteByte('\n')
	}
}

// table writes rows in columns as wide as their longest cell; the last one
// is wrapped in what is left.
func (g *page) table(indent int, rows [][]string) {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		head := strings.Repeat(" ", indent)
		for i, cell := range row[:len(row)-1] {
			head += text.Pad(cell, width[i]) + "  "
		}
		g.hanging(head, row[len(row)-1])
	}
}
