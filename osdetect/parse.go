package osdetect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/releve-sante/releve/osdetect/quote"
)

// ParseFacts reads a facts document: one flat JSON object of at most 1 MiB
// whose values are strings, booleans and whole numbers. It refuses null,
// duplicate and malformed paths, control and direction characters, and for a
// path that docs/facts.md lists also a value of another type or outside the
// listed ones. A path it does not know is accepted. Errors are *Error.
func ParseFacts(data []byte) (Facts, error) {
	if len(data) > maxDocument {
		return nil, &Error{code: CodeTooLarge, Expected: strconv.Itoa(maxDocument), Found: strconv.Itoa(len(data))}
	}
	if !utf8.Valid(data) {
		return nil, &Error{code: CodeSyntax, Found: "0", cause: errors.New("not UTF-8")}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, syntax(dec, err)
	}
	f := Facts{}
	for dec.More() {
		if err := readFact(dec, f); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, syntax(dec, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, syntax(dec, errors.New("something follows the object"))
	}
	return f, nil
}

// readFact reads one path and its value into f.
func readFact(dec *json.Decoder, f Facts) error {
	tok, err := dec.Token()
	path, isText := tok.(string)
	if err != nil || !isText {
		return syntax(dec, err)
	}
	if len(path) > maxPath || !wellFormed(path) {
		return &Error{code: CodePath, Found: show(path)}
	}
	if _, twice := f[path]; twice {
		return &Error{code: CodeDuplicate, Path: path}
	}
	tok, err = dec.Token()
	if err != nil {
		return syntax(dec, err)
	}
	value, err := factValue(path, tok)
	if err != nil {
		return err
	}
	f[path] = value
	return nil
}

// factValue turns a JSON token into the value of a fact, or says why it cannot
// be one.
func factValue(path string, tok json.Token) (any, error) {
	refused := func(code string) error { return &Error{code: code, Path: path, Found: show(tok)} }
	known, listed := info(path)
	switch v := tok.(type) {
	case bool:
		if listed && known.Type != Bool {
			return nil, refused(codeOf(known.Type))
		}
		return v, nil
	case json.Number:
		if listed && known.Type != Int {
			return nil, refused(codeOf(known.Type))
		}
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return nil, refused(CodeNotInt)
		}
		return n, nil
	case string:
		if listed && known.Type != String {
			return nil, refused(codeOf(known.Type))
		}
		return textValue(path, v, known.Values)
	}
	if listed {
		return nil, refused(codeOf(known.Type))
	}
	return nil, refused(CodeNoValue)
}

// textValue checks the text of a fact against the limits and, when the set of
// values is closed, against the set.
func textValue(path, text string, allowed []string) (any, error) {
	switch {
	case len(text) > maxText:
		return nil, &Error{code: CodeTooLong, Path: path, Expected: strconv.Itoa(maxText), Found: strconv.Itoa(len(text))}
	case strings.IndexFunc(text, quote.Hidden) >= 0:
		return nil, &Error{code: CodeHidden, Path: path, Found: show(text)}
	case allowed != nil && !slices.Contains(allowed, text):
		return nil, &Error{code: CodeValue, Path: path, Expected: strings.Join(allowed, ", "), Found: show(text)}
	}
	return text, nil
}

// codeOf returns the code that says a value is not of the type it must be.
func codeOf(t Type) string {
	switch t {
	case Bool:
		return CodeNotBool
	case Int:
		return CodeNotInt
	}
	return CodeNotText
}

// syntax reports what stands where the decoder is and may not.
func syntax(dec *json.Decoder, cause error) *Error {
	return &Error{code: CodeSyntax, Found: strconv.FormatInt(dec.InputOffset(), 10), cause: cause}
}

// show makes somebody else's token fit for an error message.
func show(tok json.Token) string {
	if tok == nil {
		return "null"
	}
	s, isText := tok.(string)
	if !isText {
		s = fmt.Sprint(tok)
	}
	s = quote.Text(s)
	if isText {
		return strconv.Quote(s)
	}
	return s
}
