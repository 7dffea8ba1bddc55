// Package registry reads the registry of Windows below HKEY_LOCAL_MACHINE.
//
// What it promises:
//   - it says which of the two registries of a 64-bit Windows it reads: a
//     32-bit program writes into one that 64-bit programs do not see
//   - its cost is bounded whatever somebody wrote there: the number of keys,
//     the length of a value and the time of an enumeration have limits, and
//     what was cut is said to be
//   - what is not there wraps fs.ErrNotExist and what this user may not read
//     fs.ErrPermission, so that "unknown" and "absent" stay two answers
//   - it only reads
//
// The functions that open keys exist on Windows alone; how values are read and
// lists are bounded is the same everywhere, and tested everywhere.
package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// View is one of the two registries of a 64-bit Windows.
type View int

// The views, by the width of the programs that see them.
const (
	View64 View = 64
	View32 View = 32
)

// String names the view as in an English sentence.
func (v View) String() string { return fmt.Sprintf("%d-bit view", int(v)) }

// Limits. A workstation has some hundreds of keys in its longest list, and
// values of some hundred bytes.
const (
	MaxKeys  = 20_000
	MaxValue = 64 << 10 // bytes
)

// Errors that callers tell apart, besides fs.ErrNotExist and fs.ErrPermission.
var (
	ErrTooMany   = fmt.Errorf("more than %d keys", MaxKeys)
	ErrTooLarge  = fmt.Errorf("more than %d bytes", MaxValue)
	ErrKind      = errors.New("value of another type")
	ErrMalformed = errors.New("value whose bytes do not fit its type")
)

// Types of values, as winnt.h numbers them.
const (
	kindText     = 1
	kindExpand   = 2
	kindBinary   = 3
	kindNumber   = 4
	kindSwapped  = 5 // a number, highest byte first
	kindTexts    = 7
	kindNumber64 = 11
)

// Value is what a name stands for. A value of a type that is not listed here
// has neither text nor number.
type Value struct {
	kind   uint32
	text   string
	texts  []string
	number uint64
}

// Text returns the text of a value, with variables such as %ProgramFiles% as
// they stand. The error is ErrKind for a value that is none.
func (v Value) Text() (string, error) {
	if v.kind != kindText && v.kind != kindExpand {
		return "", ErrKind
	}
	return v.text, nil
}

// Texts returns a list of texts. The error is ErrKind for a value that is
// none.
func (v Value) Texts() ([]string, error) {
	if v.kind != kindTexts {
		return nil, ErrKind
	}
	return v.texts, nil
}

// Number returns a number of 32 or 64 bits. The error is ErrKind for a value
// that is none.
func (v Value) Number() (uint64, error) {
	switch v.kind {
	case kindNumber, kindSwapped, kindNumber64:
		return v.number, nil
	}
	return 0, ErrKind
}

// decode reads the bytes of a value as its type says. The error is
// ErrMalformed. Whoever wrote a text may have left out its end, or have put
// other things behind it.
func decode(kind uint32, data []byte) (Value, error) {
	v := Value{kind: kind}
	switch kind {
	case kindText, kindExpand, kindTexts:
		if len(data)%2 != 0 {
			return Value{}, ErrMalformed
		}
		texts := split(data)
		if kind == kindTexts {
			v.texts = upToEmpty(texts)
		} else if len(texts) > 0 {
			v.text = texts[0]
		}
	case kindNumber, kindSwapped:
		if len(data) != 4 {
			return Value{}, ErrMalformed
		}
		v.number = uint64(binary.LittleEndian.Uint32(data))
		if kind == kindSwapped {
			v.number = uint64(binary.BigEndian.Uint32(data))
		}
	case kindNumber64:
		if len(data) != 8 {
			return Value{}, ErrMalformed
		}
		v.number = binary.LittleEndian.Uint64(data)
	}
	return v, nil
}

// split cuts UTF-16 at its zeros.
func split(data []byte) []string {
	var texts []string
	var units []uint16
	for i := 0; i+1 < len(data); i += 2 {
		if u := binary.LittleEndian.Uint16(data[i:]); u != 0 {
			units = append(units, u)
			continue
		}
		texts, units = append(texts, string(utf16.Decode(units))), nil
	}
	if len(units) > 0 {
		texts = append(texts, string(utf16.Decode(units)))
	}
	return texts
}

// upToEmpty drops the empty text that ends a list, and what follows it.
func upToEmpty(texts []string) []string {
	for i, t := range texts {
		if t == "" {
			return texts[:i]
		}
	}
	return texts
}

// errNoMore ends an enumeration.
var errNoMore = errors.New("no more")

// collect asks for one name after the other until there are no more. With an
// error it returns what it has: ErrTooMany, that of ctx, or next's.
func collect(ctx context.Context, next func(index uint32) (string, error)) ([]string, error) {
	var names []string
	for index := uint32(0); ; index++ {
		if err := ctx.Err(); err != nil {
			return names, err
		}
		name, err := next(index)
		if errors.Is(err, errNoMore) {
			return names, nil
		}
		if err == nil && len(names) == MaxKeys {
			err = ErrTooMany
		}
		if err != nil {
			return names, err
		}
		names = append(names, name)
	}
}
