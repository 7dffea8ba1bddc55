package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on a metadata file, whoever signed it. 4.8 MB of nested JSON cost
// go-tuf about 650 MB of allocations, so depth and tokens are bounded as well
// as bytes.
const (
	smallLimit = 512 << 10 // root, timestamp and snapshot, bytes
	largeLimit = 8 << 20   // targets and delegated roles, and documents, bytes
	maxDepth   = 32
	maxTokens  = 400_000
)

var errCutShort = errors.New("the text ends before its last bracket")

// scan refuses what no honest publisher writes and parsers disagree about:
// null, two names that differ at most in case, under Strict names outside
// ASCII, invalid UTF-8, text after the end, and more depth or tokens than
// metadata needs. It runs before go-tuf sees a byte, because a null in the wrong place makes
// go-tuf panic before it has checked any signature.
func scan(data []byte, rules Rules) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	s := scanner{rules: rules}
	for tokens := 1; ; tokens++ {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && s.done:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errCutShort
		case err != nil:
			return err
		case tokens > maxTokens:
			return fmt.Errorf("more than %d tokens", maxTokens)
		}
		if err := s.take(token); err != nil {
			return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
	}
}

// scanner follows the nesting of one JSON text.
type scanner struct {
	rules Rules
	open  []frame
	done  bool // the outermost value is complete
}

// frame is an object or array that is still open.
type frame struct {
	names   map[string]bool // nil for an array
	expects bool            // the next token of an object is a name
}

func (s *scanner) take(token json.Token) error {
	if s.done {
		return errors.New("text after the end")
	}
	if len(s.open) > 0 {
		top := &s.open[len(s.open)-1]
		if name, ok := token.(string); ok && top.expects {
			top.expects = false
			return top.add(name, s.rules)
		}
		if _, closing := token.(json.Delim); top.names != nil && !closing {
			top.expects = true
		}
	}
	switch token {
	case nil:
		return errors.New("null")
	case json.Delim('{'), json.Delim('['):
		if len(s.open) == maxDepth {
			return fmt.Errorf("nested more than %d deep", maxDepth)
		}
		f := frame{}
		if token == json.Delim('{') {
			f = frame{names: map[string]bool{}, expects: true}
		}
		s.open = append(s.open, f)
	case json.Delim('}'), json.Delim(']'):
		s.open = s.open[:len(s.open)-1]
		if len(s.open) > 0 && s.open[len(s.open)-1].names != nil {
			s.open[len(s.open)-1].expects = true
		}
	}
	s.done = len(s.open) == 0
	return nil
}

// add notes a name. Names that differ in case only count as equal, since
// encoding/json would put both in the same field.
func (f *frame) add(name string, rules Rules) error {
	for i := range len(name) {
		if name[i] < 0x20 || name[i] > 0x7e && rules.strict() {
			return fmt.Errorf("name %q is not printable ASCII", name)
		}
	}
	folded := strings.Map(fold, name)
	if f.names[folded] {
		return fmt.Errorf("name %q twice", name)
	}
	f.names[folded] = true
	return nil
}

// fold gives the first of all letters that differ from c in case only: the
// Kelvin sign is a k to encoding/json.
func fold(c rune) rune {
	for {
		next := unicode.SimpleFold(c)
		if next <= c {
			return next
		}
		c = next
	}
}

// looksLikeHTML reports whether data is a web page, which is what a login
// page of a network or an error page of a proxy sends instead of the file.
func looksLikeHTML(data []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) > 0 && text[0] == '<'
}
