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
	"unicode"
	"unicode/utf8"
)

// Codes of the errors ParseFacts and Detect return. They are stable.
const (
	CodeTooLarge    = "facts-too-large"   // the document, a path or a text is too long
	CodeSyntax      = "facts-syntax"      // not one flat JSON object
	CodePath        = "facts-path"        // not the form of a fact path
	CodeDuplicate   = "facts-duplicate"   // the same path twice
	CodeValue       = "facts-value"       // a value no fact, or not this fact, can have
	CodeUnsupported = "facts-unsupported" // the system is none of those this program knows
)

// Limits of a facts document. A captured machine has some dozens of facts.
const (
	maxDocument = 1 << 20 // bytes
	maxText     = 4096    // bytes in one value
	maxShown    = 80      // characters of somebody else's text in an error
)

// Error says why a facts document was refused, or why the machine could not
// be told. It is a coded error: the views have a sentence for every code.
type Error struct {
	code     string
	Path     string // fact path, or "" when the document as a whole is meant
	Expected string
	Found    string // shortened and free of control characters
	cause    error
}

// Error returns the English sentence for the log.
func (e *Error) Error() string {
	what := "reading facts"
	if e.Path != "" {
		what = fmt.Sprintf("reading fact %q", e.Path)
	}
	return fmt.Sprintf("%s: expected %s, found %s", what, e.Expected, e.Found)
}

// Code returns the stable code of the error.
func (e *Error) Code() string { return e.code }

// Args returns what the sentences of the views fill in.
func (e *Error) Args() map[string]string {
	return map[string]string{"Path": e.Path, "Expected": e.Expected, "Found": e.Found}
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// ParseFacts reads a facts document: one flat JSON object of at most 1 MiB
// whose values are strings, booleans and whole numbers. It refuses null,
// duplicate and malformed paths, control and direction characters, and for a
// path that docs/facts.md lists also a value of another type or outside the
// listed ones. A path it does not know is accepted. Errors are *Error.
func ParseFacts(data []byte) (Facts, error) {
	if len(data) > maxDocument {
		return nil, &Error{code: CodeTooLarge, Expected: fmt.Sprintf("at most %d bytes", maxDocument), Found: fmt.Sprintf("%d bytes", len(data))}
	}
	if !utf8.Valid(data) {
		return nil, &Error{code: CodeSyntax, Expected: "UTF-8 text", Found: "other bytes"}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, syntax("", "a JSON object", tok, err)
	}
	f := Facts{}
	for dec.More() {
		if err := readFact(dec, f); err != nil {
			return nil, err
		}
	}
	if tok, err := dec.Token(); err != nil {
		return nil, syntax("", "the end of the object", tok, err)
	}
	if tok, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, syntax("", "nothing after the object", tok, err)
	}
	return f, nil
}

// readFact reads one path and its value into f.
func readFact(dec *json.Decoder, f Facts) error {
	tok, err := dec.Token()
	path, isText := tok.(string)
	if err != nil || !isText {
		return syntax("", "a fact path", tok, err)
	}
	if len(path) > maxPath {
		return &Error{code: CodeTooLarge, Expected: fmt.Sprintf("a fact path of at most %d bytes", maxPath), Found: show(path)}
	}
	if !wellFormed(path) {
		return &Error{code: CodePath, Expected: "lower-case words joined by points, for example os.version", Found: show(path)}
	}
	if _, twice := f[path]; twice {
		return &Error{code: CodeDuplicate, Path: path, Expected: "each fact once", Found: "the fact twice"}
	}
	tok, err = dec.Token()
	if err != nil {
		return syntax(path, "a string, a whole number, true or false", tok, err)
	}
	value, problem := factValue(path, tok)
	if problem != nil {
		return problem
	}
	f[path] = value
	return nil
}

// factValue turns a JSON token into the value of a fact, or says why it cannot
// be one.
func factValue(path string, tok json.Token) (any, *Error) {
	expected := "a string, a whole number, true or false"
	known, listed := info(path)
	if listed {
		expected = describe(known)
	}
	wrong := &Error{code: CodeValue, Path: path, Expected: expected, Found: show(tok)}
	switch v := tok.(type) {
	case bool:
		if listed && known.Type != Bool {
			return nil, wrong
		}
		return v, nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || listed && known.Type != Int {
			return nil, wrong
		}
		return n, nil
	case string:
		if len(v) > maxText {
			return nil, &Error{code: CodeTooLarge, Path: path, Expected: fmt.Sprintf("at most %d bytes", maxText), Found: fmt.Sprintf("%d bytes", len(v))}
		}
		outside := listed && (known.Type != String || known.Values != nil && !slices.Contains(known.Values, v))
		if outside || strings.IndexFunc(v, hidden) >= 0 {
			return nil, wrong
		}
		return v, nil
	}
	return nil, wrong
}

// describe words what the value of a listed path must be.
func describe(p PathInfo) string {
	switch {
	case p.Values != nil:
		return "one of " + strings.Join(p.Values, ", ")
	case p.Type == Bool:
		return "true or false"
	case p.Type == Int:
		return "a whole number"
	}
	return "a text without control characters"
}

// syntax reports a token that may not stand where it was found.
func syntax(path, expected string, tok json.Token, err error) *Error {
	found := show(tok)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		found = "the end of the document"
	case err != nil:
		found = show(err.Error())
	}
	return &Error{code: CodeSyntax, Path: path, Expected: expected, Found: found, cause: err}
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
	s = strings.Map(func(r rune) rune {
		if hidden(r) {
			return '?'
		}
		return r
	}, s)
	if short := []rune(s); len(short) > maxShown {
		s = string(short[:maxShown]) + "…"
	}
	if isText {
		return strconv.Quote(s)
	}
	return s
}

// hidden reports whether a character can make a terminal or a reader see
// something else than what is there: controls, line and direction marks.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}
