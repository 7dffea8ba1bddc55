package galss

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	"github.com/releve-sante/releve/osdetect/quote"
)

// The facts that this package adds.
const (
	FactMode    = "galss.mode"
	FactProblem = "galss.problem"
	FactPlace   = "galss.problem_at"
)

// noPlace is FactPlace of a file without problems.
const noPlace = "none"

// Facts says what is known from reading galss.ini with this result: data, or
// an error that wraps fs.ErrNotExist when there is no such file.
func Facts(data []byte, err error) map[string]any {
	f, problems := Judge(data, err)
	facts := map[string]any{FactProblem: 0, FactPlace: noPlace}
	if mode := f.Mode(); mode != Other && !unread(problems) {
		facts[FactMode] = string(mode)
	}
	for _, p := range problems {
		if p.Number != 0 {
			facts[FactProblem], facts[FactPlace] = p.Number, p.found()
			break
		}
	}
	return facts
}

// Judge reads what was read of galss.ini with this result, and says what is
// wrong with it.
func Judge(data []byte, err error) (File, []*Problem) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{}, []*Problem{{code: CodeMissing, Number: 32769}}
	case err != nil:
		return File{}, []*Problem{{code: CodeUnreadable, Number: 32769, Found: quote.Text(err.Error())}}
	}
	f, err := Parse(data)
	var p *Problem
	if errors.As(err, &p) {
		return File{}, []*Problem{p}
	}
	return f, f.Check()
}

// unread reports whether there is a file of which nothing can be told.
func unread(problems []*Problem) bool {
	return slices.ContainsFunc(problems, func(p *Problem) bool {
		return p.code == CodeUnreadable || p.code == CodeTooLarge || p.code == CodeEncoding
	})
}

// found is the place with what stands there.
func (p *Problem) found() string {
	if p.Found == "" {
		return p.Place()
	}
	return p.Place() + " = " + p.Found
}

// FactMissing names the first reader of the file that is not there.
const FactMissing = "galss.reader_missing"

// ReaderFacts says whether the PC/SC readers that the file names are among
// those of the system, which are all there are. Where the file names none
// there is nothing to say.
func ReaderFacts(f File, slots []Slot) map[string]any {
	named := f.Readers()
	if len(named) == 0 {
		return nil
	}
	for _, r := range named {
		if !slices.ContainsFunc(slots, func(s Slot) bool { return s.Reader == r.Name }) {
			return map[string]any{FactMissing: cmp.Or(quote.Text(r.Name), "?")}
		}
	}
	return map[string]any{FactMissing: noPlace}
}
