package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// DecodeStrict reads one JSON value into v, a non-nil pointer, and replaces
// what it points to; on failure that is left as it was. Other packages read
// their own documents with it.
//
// It refuses, with a *SyntaxError: fields that the type does not have (names
// are compared exactly), keys given twice, null, numbers that do not fit,
// characters that cannot be seen, bytes after the value, and documents beyond
// MaxDocument, MaxValues or MaxDepth. One null is allowed: as a value of a
// struct field of type map[string]any, where it says "known to be unknown".
// A number inside an any becomes an int64; one that is none is refused.
// Types with an UnmarshalJSON or UnmarshalText of their own are asked, after
// the same checks. A missing field keeps its zero value.
func DecodeStrict(data []byte, v any) error {
	if err := decode(data, v, false, shapes{}); err != nil {
		return err
	}
	return nil
}

// decode is DecodeStrict; with complete it also refuses an object that lacks
// a field which is always written.
func decode(data []byte, v any, complete bool, known shapes) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("decoding into %T: not a pointer to a value", v)
	}
	if len(data) > MaxDocument {
		return &SyntaxError{Reason: CodeTooLarge,
			Expected: "<= " + strconv.Itoa(MaxDocument) + " bytes", Found: strconv.Itoa(len(data))}
	}
	s, err := known.of(target.Type().Elem())
	if err != nil {
		return fmt.Errorf("decoding into %T: %w", v, err)
	}
	d := decoder{scanner: scanner{text: string(data)}, complete: complete}
	fresh := reflect.New(target.Type().Elem()).Elem()
	if err := d.into(fresh, s); err != nil {
		return err
	}
	if d.next() != 0 || d.pos < len(d.text) {
		return d.unexpected("end of document")
	}
	target.Elem().Set(fresh)
	return nil
}

type decoder struct {
	scanner
	complete bool
}

// into reads the next value into v, whose type is s.
func (d *decoder) into(v reflect.Value, s *shape) *SyntaxError {
	switch s.form {
	case formPointer:
		if d.next() == 'n' {
			return d.null()
		}
		p := reflect.New(s.elem.typ)
		if err := d.into(p.Elem(), s.elem); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case formAny:
		x, err := d.any(false)
		if err == nil {
			v.Set(reflect.ValueOf(x))
		}
		return err
	case formForeign:
		return d.foreign(v)
	}
	if err := d.value(); err != nil {
		return err
	}
	switch s.form {
	case formString:
		return d.stringInto(v)
	case formBool:
		return d.boolInto(v)
	case formList:
		return d.list(v, s)
	case formObject:
		return d.object(v, s)
	case formMap:
		return d.mapping(v, s)
	default:
		return d.integerInto(v, s)
	}
}

// wrong is the error of a value of another type than expected.
func (d *decoder) wrong(expected string) *SyntaxError {
	c := d.next()
	switch {
	case c == 'n' && strings.HasPrefix(d.text[d.pos:], "null"):
		return d.null()
	case c == 0, !strings.ContainsRune(`"{[tf-0123456789`, rune(c)):
		return d.unexpected(expected)
	}
	return &SyntaxError{Reason: CodeType, Expected: expected, Found: d.excerpt()}
}

func (d *decoder) null() *SyntaxError {
	if !strings.HasPrefix(d.text[d.pos:], "null") {
		return d.unexpected("value")
	}
	return &SyntaxError{Reason: CodeNull, Found: "null"}
}

func (d *decoder) stringInto(v reflect.Value) *SyntaxError {
	if d.next() != '"' {
		return d.wrong("string")
	}
	text, err := d.str()
	if err == nil {
		v.SetString(text)
	}
	return err
}

func (d *decoder) boolInto(v reflect.Value) *SyntaxError {
	d.next()
	switch {
	case d.word("true"):
		v.SetBool(true)
	case d.word("false"):
		v.SetBool(false)
	default:
		return d.wrong("true | false")
	}
	return nil
}

// integerInto reads a number without fraction that fits v.
func (d *decoder) integerInto(v reflect.Value, s *shape) *SyntaxError {
	if c := d.next(); c != '-' && (c < '0' || c > '9') {
		return d.wrong("integer")
	}
	text, whole, err := d.number()
	if err != nil {
		return err
	}
	bits := s.typ.Bits()
	if s.form == formUint {
		n, bad := strconv.ParseUint(text, 10, bits)
		if whole && bad == nil {
			v.SetUint(n)
			return nil
		}
	} else {
		n, bad := strconv.ParseInt(text, 10, bits)
		if whole && bad == nil {
			v.SetInt(n)
			return nil
		}
	}
	return &SyntaxError{Reason: CodeType, Expected: "integer, " + strconv.Itoa(bits) + " bits", Found: visible(text)}
}

func (d *decoder) list(v reflect.Value, s *shape) *SyntaxError {
	if d.next() != '[' {
		return d.wrong("list")
	}
	if err := d.open(); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(s.typ, 0, 0))
	for n := 0; ; n++ {
		more, err := d.more(']', n == 0)
		if err != nil {
			return err.element(n)
		}
		if !more {
			return nil
		}
		v.Grow(1)
		v.SetLen(n + 1)
		if err := d.into(v.Index(n), s.elem); err != nil {
			return err.element(n)
		}
	}
}

func (d *decoder) object(v reflect.Value, s *shape) *SyntaxError {
	if d.next() != '{' {
		return d.wrong("object")
	}
	if err := d.open(); err != nil {
		return err
	}
	seen := uint64(0)
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if err != nil {
			return err
		}
		if !more {
			return d.missing(s, seen)
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		i, known := s.byName[key]
		if !known {
			unknown := &SyntaxError{Reason: CodeUnknownField, Expected: s.names(), Found: visible(key)}
			return unknown.under(key)
		}
		if seen&(1<<i) != 0 {
			return duplicateKey(key)
		}
		seen |= 1 << i
		f := &s.fields[i]
		if err := d.into(v.FieldByIndex(f.index), f.shape); err != nil {
			return err.under(f.name)
		}
	}
}

// missing names the first field of s that is not in seen though it must be.
func (d *decoder) missing(s *shape, seen uint64) *SyntaxError {
	if !d.complete || s.required&^seen == 0 {
		return nil
	}
	for i, f := range s.fields {
		if (s.required&^seen)&(1<<i) != 0 {
			missing := &SyntaxError{Reason: CodeMissingField, Expected: f.name}
			return missing.under(f.name)
		}
	}
	return nil
}

func (s *shape) names() string {
	var b strings.Builder
	for i, f := range s.fields {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(f.name)
	}
	return b.String()
}

func duplicateKey(key string) *SyntaxError {
	twice := &SyntaxError{Reason: CodeDuplicateKey, Found: visible(key)}
	return twice.under(key)
}

func (d *decoder) mapping(v reflect.Value, s *shape) *SyntaxError {
	if d.next() != '{' {
		return d.wrong("object")
	}
	if err := d.open(); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(s.typ))
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if err != nil || !more {
			return err
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		k := reflect.ValueOf(key).Convert(s.typ.Key())
		if v.MapIndex(k).IsValid() {
			return duplicateKey(key)
		}
		x := reflect.New(s.elem.typ).Elem()
		if d.next(); s.nullable && d.word("null") {
			v.SetMapIndex(k, x)
			continue
		}
		if err := d.into(x, s.elem); err != nil {
			return err.under(key)
		}
		v.SetMapIndex(k, x)
	}
}

// foreign checks the next value like any other and then leaves it to
// encoding/json.
func (d *decoder) foreign(v reflect.Value) *SyntaxError {
	d.next()
	start := d.pos
	if _, err := d.any(true); err != nil {
		return err
	}
	if bad := json.Unmarshal([]byte(d.text[start:d.pos]), v.Addr().Interface()); bad != nil {
		return &SyntaxError{Reason: CodeType, Expected: v.Type().String(), Found: visible(d.text[start:d.pos])}
	}
	return nil
}

// any reads a value of no particular type: string, bool, int64, []any or
// map[string]any. With floats every number is accepted, and is a json.Number.
func (d *decoder) any(floats bool) (any, *SyntaxError) {
	c := d.next()
	if err := d.value(); err != nil {
		return nil, err
	}
	switch {
	case c == '"':
		return d.str()
	case c == '[':
		return d.anyList(floats)
	case c == '{':
		return d.anyObject(floats)
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case c == '-' || c >= '0' && c <= '9':
		text, whole, err := d.number()
		if err != nil || floats {
			return json.Number(text), err
		}
		n, bad := strconv.ParseInt(text, 10, 64)
		if bad != nil || !whole {
			return nil, &SyntaxError{Reason: CodeType, Expected: "integer, 64 bits", Found: visible(text)}
		}
		return n, nil
	}
	return nil, d.wrong("value")
}

func (d *decoder) anyList(floats bool) (any, *SyntaxError) {
	if err := d.open(); err != nil {
		return nil, err
	}
	out := []any{}
	for {
		more, err := d.more(']', len(out) == 0)
		if err != nil {
			return nil, err.element(len(out))
		}
		if !more {
			return out, nil
		}
		x, err := d.any(floats)
		if err != nil {
			return nil, err.element(len(out))
		}
		out = append(out, x)
	}
}

func (d *decoder) anyObject(floats bool) (any, *SyntaxError) {
	if err := d.open(); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for {
		more, err := d.more('}', len(out) == 0)
		if err != nil {
			return nil, err
		}
		if !more {
			return out, nil
		}
		key, err := d.key()
		if err != nil {
			return nil, err
		}
		if _, twice := out[key]; twice {
			return nil, duplicateKey(key)
		}
		x, err := d.any(floats)
		if err != nil {
			return nil, err.under(key)
		}
		out[key] = x
	}
}
