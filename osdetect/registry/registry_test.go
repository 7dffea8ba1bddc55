package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"unicode/utf16"
)

// wide writes a text as the registry keeps it.
func wide(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name string
		kind uint32
		in   []byte
		want Value
		err  error
	}{
		{"text", kindText, wide("5.2.6\x00"), Value{kind: kindText, text: "5.2.6"}, nil},
		{"text-without-end", kindText, wide("Agence du Numérique en Santé"), Value{kind: kindText, text: "Agence du Numérique en Santé"}, nil},
		{"text-with-a-tail", kindExpand, wide("%ProgramFiles%\x00secret\x00"), Value{kind: kindExpand, text: "%ProgramFiles%"}, nil},
		{"half-a-character", kindText, wide("a\x00")[:3], Value{}, ErrMalformed},
		{"lone-surrogate", kindText, []byte{0x00, 0xd8, 0, 0}, Value{kind: kindText, text: "\ufffd"}, nil},
		{"no-text", kindText, nil, Value{kind: kindText}, nil},
		{"list", kindTexts, wide("a\x00b\x00\x00"), Value{kind: kindTexts, texts: []string{"a", "b"}}, nil},
		{"list-without-end", kindTexts, wide("a\x00b"), Value{kind: kindTexts, texts: []string{"a", "b"}}, nil},
		{"empty-list", kindTexts, wide("\x00"), Value{kind: kindTexts, texts: []string{}}, nil},
		{"number", kindNumber, []byte{4, 1, 0, 0}, Value{kind: kindNumber, number: 260}, nil},
		{"swapped-number", kindSwapped, []byte{0, 0, 1, 4}, Value{kind: kindSwapped, number: 260}, nil},
		{"long-number", kindNumber64, []byte{0, 0, 0, 0, 1, 0, 0, 0}, Value{kind: kindNumber64, number: 1 << 32}, nil},
		{"short-number", kindNumber, []byte{4}, Value{}, ErrMalformed},
		{"long-number-too-short", kindNumber64, []byte{4, 0, 0, 0}, Value{}, ErrMalformed},
		{"bytes", kindBinary, []byte{1}, Value{kind: kindBinary}, nil},
		{"type-nobody-knows", 0xdead, []byte{1}, Value{kind: 0xdead}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode(tt.kind, tt.in)
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("decode(%d, %x)\n got %+v, %v\nwant %+v, %v", tt.kind, tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

// TestValueIsOfOneType: what is no text does not become one.
func TestValueIsOfOneType(t *testing.T) {
	for kind, want := range map[uint32]string{
		kindText: "text", kindExpand: "text", kindTexts: "texts",
		kindNumber: "number", kindSwapped: "number", kindNumber64: "number", kindBinary: "", 99: "",
	} {
		v, got := Value{kind: kind}, ""
		if _, err := v.Text(); err == nil {
			got += "text"
		}
		if _, err := v.Texts(); err == nil {
			got += "texts"
		}
		if _, err := v.Number(); err == nil {
			got += "number"
		}
		if got != want {
			t.Errorf("a value of type %d is %q, want %q", kind, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, kind := range []uint32{kindText, kindTexts, kindNumber, kindSwapped, kindNumber64, kindBinary, 1 << 31} {
		f.Add(kind, wide("a\x00b\x00\x00"))
		f.Add(kind, []byte{1, 2, 3, 4})
	}
	f.Fuzz(func(t *testing.T, kind uint32, data []byte) {
		v, err := decode(kind, data)
		if err != nil && !reflect.DeepEqual(v, Value{}) {
			t.Errorf("decode(%d, %x) gives both %+v and %v", kind, data, v, err)
		}
		for _, text := range v.texts {
			if text == "" {
				t.Errorf("decode(%d, %x) has an empty text in its list", kind, data)
			}
		}
	})
}

func TestCollectIsBounded(t *testing.T) {
	broken := errors.New("the disk")
	end := func(n uint32, err error) func(uint32) (string, error) {
		return func(i uint32) (string, error) {
			if i == n {
				return "", err
			}
			return strconv.Itoa(int(i)), nil
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name string
		next func(uint32) (string, error)
		want int
		err  error
	}{
		{"all", end(10_000, errNoMore), 10_000, nil},
		{"as-many-as-may-be", end(MaxKeys, errNoMore), MaxKeys, nil},
		{"without-end", end(1<<31, errNoMore), MaxKeys, ErrTooMany},
		{"none", end(0, errNoMore), 0, nil},
		{"broken", end(3, broken), 3, broken},
		{"out-of-time", func(i uint32) (string, error) {
			if i == 5 {
				cancel()
			}
			return "key", nil
		}, 6, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := collect(ctx, tt.next)
			if len(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %d names, error %v; want %d, %v", len(got), err, tt.want, tt.err)
			}
		})
	}
}
