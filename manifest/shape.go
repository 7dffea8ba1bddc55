package manifest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// form is how a Go type is written in JSON.
type form int

const (
	formString form = iota
	formBool
	formInt
	formUint
	formList
	formPointer
	formObject
	formMap
	formAny
	formForeign // knows its own JSON, or is of a kind left to encoding/json
)

// A shape is a Go type prepared for decoding.
type shape struct {
	form     form
	typ      reflect.Type
	elem     *shape         // of a list, pointer or map
	fields   []field        // of an object, in the order of the type
	byName   map[string]int // index in fields
	required uint64         // bit i: fields[i] is always written
	nullable bool           // a map whose values may be null
}

// A field is one member of an object.
type field struct {
	name      string
	index     []int // for reflect.Value.FieldByIndex
	omitEmpty bool
	omitZero  bool
	shape     *shape
}

// shapes prepares types; a type that contains itself is prepared once.
type shapes map[reflect.Type]*shape

func (m shapes) of(t reflect.Type) (*shape, error) {
	if s, ok := m[t]; ok {
		return s, nil
	}
	s := &shape{typ: t}
	m[t] = s
	if foreign(t) {
		s.form = formForeign
		return s, nil
	}
	var err error
	switch t.Kind() {
	case reflect.String:
		s.form = formString
	case reflect.Bool:
		s.form = formBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.form = formInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.form = formUint
	case reflect.Slice:
		s.form = formList
		s.elem, err = m.of(t.Elem())
	case reflect.Pointer:
		s.form = formPointer
		s.elem, err = m.of(t.Elem())
	case reflect.Map:
		s.form = formMap
		s.elem, err = m.of(t.Elem())
	case reflect.Struct:
		s.form = formObject
		err = m.object(s)
	case reflect.Interface:
		s.form = formAny
	}
	return s, err
}

// foreign reports whether encoding/json has to deal with t.
func foreign(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8 // base64
	case reflect.Map:
		return t.Key().Kind() != reflect.String
	case reflect.Interface:
		return t.NumMethod() > 0
	case reflect.Float32, reflect.Float64, reflect.Array, reflect.Complex64, reflect.Complex128,
		reflect.Chan, reflect.Func, reflect.Uintptr, reflect.UnsafePointer:
		return true
	}
	return false
}

// object fills in the fields of a struct.
func (m shapes) object(s *shape) error {
	s.byName = map[string]int{}
	s.fields = members(s.typ, nil)
	if len(s.fields) > 64 {
		return fmt.Errorf("type %s has more than 64 fields", s.typ)
	}
	for i := range s.fields {
		f := &s.fields[i]
		t := s.typ.FieldByIndex(f.index).Type
		inner, err := m.of(t)
		if err != nil {
			return err
		}
		if t == reflect.TypeFor[map[string]any]() {
			// Of its own, so that the exception does not reach other maps.
			inner = &shape{typ: t, form: formMap, elem: inner.elem, nullable: true}
		}
		f.shape = inner
		s.byName[f.name] = i
		if !f.omitEmpty && !f.omitZero {
			s.required |= 1 << i
		}
	}
	return nil
}

// members lists the fields of struct type t as JSON names them; those of an
// embedded struct without a name of its own count as the outer one's.
func members(t reflect.Type, prefix []int) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" && options == "":
			continue
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			out = append(out, members(f.Type, index)...)
			continue
		case !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		out = append(out, field{
			name: name, index: index,
			omitEmpty: hasOption(options, "omitempty"),
			omitZero:  hasOption(options, "omitzero"),
		})
	}
	return out
}

func hasOption(options, want string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == want {
			return true
		}
	}
	return false
}
