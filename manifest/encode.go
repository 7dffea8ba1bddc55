package manifest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode returns v as canonical JSON: the keys of every object sorted by
// their bytes, no white space, no escape that JSON does not ask for, a list
// or map without entries as [] or {} even when it is nil, and one newline at
// the end. Equal values give equal bytes, so a digest of them names the value.
// It fails on what JSON cannot say: text that is not UTF-8, numbers that are
// not finite, functions.
func Encode(v any) ([]byte, error) {
	out, err := appendCanonical(nil, reflect.ValueOf(v))
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return append(out, '\n'), nil
}

func appendCanonical(b []byte, v reflect.Value) ([]byte, error) {
	if !v.IsValid() {
		return append(b, "null"...), nil
	}
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return append(b, "null"...), nil
	}
	if out, done, err := appendMarshaler(b, v); done {
		return out, err
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return appendCanonical(b, v.Elem())
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Struct:
		return appendStruct(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return appendForeign(b, v)
		}
		return appendList(b, v)
	}
	return appendForeign(b, v)
}

// appendMarshaler encodes a value that knows its own JSON.
func appendMarshaler(b []byte, v reflect.Value) (out []byte, done bool, err error) {
	if v.Kind() == reflect.Interface {
		return nil, false, nil
	}
	switch v.Interface().(type) {
	case json.Marshaler, encoding.TextMarshaler:
		out, err = appendForeign(b, v)
		return out, true, err
	}
	return nil, false, nil
}

// appendForeign lets encoding/json write v and puts the result in canonical
// form.
func appendForeign(b []byte, v reflect.Value) ([]byte, error) {
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, err
	}
	return appendTree(b, x)
}

// appendTree encodes what encoding/json decodes into an any.
func appendTree(b []byte, x any) ([]byte, error) {
	switch x := x.(type) {
	case json.Number:
		return append(b, x...), nil
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendTree(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		return appendMembers(b, x, appendTree)
	}
	return appendCanonical(b, reflect.ValueOf(x))
}

func appendList(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendCanonical(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value) ([]byte, error) {
	if v.Type().Key().Kind() != reflect.String {
		return appendForeign(b, v)
	}
	entries := make(map[string]reflect.Value, v.Len())
	for it := v.MapRange(); it.Next(); {
		entries[it.Key().String()] = it.Value()
	}
	return appendMembers(b, entries, appendCanonical)
}

func appendStruct(b []byte, v reflect.Value) ([]byte, error) {
	entries := map[string]reflect.Value{}
	for _, f := range members(v.Type(), nil) {
		x := v.FieldByIndex(f.index)
		if f.omitEmpty && isEmpty(x) || f.omitZero && x.IsZero() {
			continue
		}
		entries[f.name] = x
	}
	return appendMembers(b, entries, appendCanonical)
}

// appendMembers writes the object of entries.
func appendMembers[T any](b []byte, entries map[string]T, value func([]byte, T) ([]byte, error)) ([]byte, error) {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, name); err != nil {
			return nil, err
		}
		if b, err = value(append(b, ':'), entries[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return append(b, '}'), nil
}

// isEmpty is what omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// appendText writes s as a JSON string.
func appendText(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("text %q is not UTF-8", s)
	}
	b = append(b, '"')
	for {
		i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' })
		if i < 0 {
			return append(append(b, s...), '"'), nil
		}
		b = append(b, s[:i]...)
		if s[i] < ' ' {
			b = fmt.Appendf(b, "\\u%04x", s[i])
		} else {
			b = append(b, '\\', s[i])
		}
		s = s[i+1:]
	}
}
