// Package text turns codes, quantities and signed sentences into what a
// person reads, in French or English.
//
// What the package promises: every string it returns is clean. No control
// character, no bidirectional override and no invisible character that came
// from a server, a manifest or a machine survives it, so that nothing outside
// can write to a terminal or forge a line of a log. It never fails once a
// Printer exists: a code without a text is shown as the code.
//
// The texts are the files locales/<area>.<language>.json, one area for each
// package that speaks. A code may have a second text, <code>.hint, which says
// what to do.
package text

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// The languages of the product.
const (
	French  = "fr"
	English = "en"
)

// Coded is an error that a person may meet: its code names a text and its
// arguments fill the places of that text.
type Coded interface {
	error
	Code() string
	Args() map[string]string
}

// Printer writes in one language. It is safe for concurrent use.
type Printer struct {
	lang  string
	ascii bool
	words *lexicon
}

// New returns the printer of a language, "fr" or "en". The texts are read at
// the first use, and only those of this language and of the areas spoken of.
func New(lang string) (*Printer, error) {
	if lang != French && lang != English {
		return nil, fmt.Errorf("choosing the language %q: the languages are fr and en", lang)
	}
	return &Printer{lang: lang, words: newLexicon(lang)}, nil
}

// ASCII returns a printer whose strings hold no byte above 127, for terminals
// that cannot show more: accents are dropped and signs written out.
func (p *Printer) ASCII() *Printer {
	return &Printer{lang: p.lang, ascii: true, words: p.words}
}

// Lang is the language of the printer, "fr" or "en".
func (p *Printer) Lang() string { return p.lang }

// Message is the sentence of a code with its places filled. A code without a
// text gives the code and its arguments.
func (p *Printer) Message(code string, args map[string]string) string {
	args = p.told(p.reasons(args))
	if s, ok := p.find(code, args, 2); ok {
		return s
	}
	return p.Value(bare(code, args))
}

// reasons adds the argument Reasons, a sentence for each failure that a code
// stands for: Code1 is the code of the first and Mirror1 the address it
// belongs to; Code1's own arguments end in 1 too, and so on.
func (p *Printer) reasons(args map[string]string) map[string]string {
	if args["Code1"] == "" {
		return args
	}
	all := maps.Clone(args)
	var told []string
	for i := 1; ; i++ {
		n := strconv.Itoa(i)
		code := args["Code"+n]
		if code == "" {
			break
		}
		own := map[string]string{}
		for name, value := range args {
			base, ok := strings.CutSuffix(name, n)
			if ok && strings.TrimRight(base, "0123456789") == base {
				own[base] = value
			}
		}
		told = append(told, p.Message("network-mirror", map[string]string{"Mirror": own["Mirror"], "Why": p.Message(code, own)}))
	}
	all["Reasons"] = strings.Join(told, " ")
	return all
}

// Hint says what to do about a code, or is "".
func (p *Printer) Hint(code string, args map[string]string) string {
	s, _ := p.find(code+".hint", p.told(args), 2)
	return s
}

// Count is the text of an id that has a singular and a plural; its place
// {{.N}} is n.
func (p *Printer) Count(id string, n int, args map[string]string) string {
	all := map[string]string{"N": fmt.Sprint(n)}
	for k, v := range args {
		all[k] = v
	}
	if s, ok := p.find(id, all, n); ok {
		return s
	}
	return p.Value(bare(id, all))
}

// Error is the sentence for an error and its hint, "" if there is none. Only
// a Coded error in the chain has a sentence of its own; what any other error
// says is English and goes after a general sentence.
func (p *Printer) Error(err error) (sentence, hint string) {
	if err == nil {
		return "", ""
	}
	var c Coded
	if errors.As(err, &c) {
		return p.Message(c.Code(), c.Args()), p.Hint(c.Code(), c.Args())
	}
	return p.Message("view-error", map[string]string{"Error": err.Error()}), ""
}

// Text is a signed sentence in the language of the printer, or in the other
// one when it has only that.
func (p *Printer) Text(t manifest.Text) string {
	s, other := t.FR, t.EN
	if p.lang == English {
		s, other = t.EN, t.FR
	}
	if s == "" {
		s = other
	}
	return p.fold(Clean(s))
}

// Value is a string from outside (a name, a version, a path) on one line.
func (p *Printer) Value(s string) string { return p.fold(Line(s)) }

func (p *Printer) fold(s string) string {
	if p.ascii {
		return fold(s)
	}
	return s
}

// find looks a text up, in its form for n things, and fills it. Arguments are
// cleaned to one line each, so that none can forge a line of its own.
func (p *Printer) find(id string, args map[string]string, n int) (string, bool) {
	words, ok := p.words.find(id)
	if !ok {
		return "", false
	}
	clean := make(map[string]string, len(args))
	for k, v := range args {
		clean[k] = Line(v)
	}
	s, err := fill(words.form(p.lang, n), clean)
	if err != nil {
		return "", false
	}
	return p.fold(s), true
}

// bare is how a code without a text is shown.
func bare(code string, args map[string]string) string {
	keys := make([]string, 0, len(args))
	for k := range args {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString(code)
	for _, k := range keys {
		fmt.Fprintf(&b, " %s=%q", k, args[k])
	}
	return b.String()
}
