package manifest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A letter stands for the documents of other packages.
type letter struct {
	stamp
	Sheets   []sheet           `json:"sheets"`
	Machine  map[string]any    `json:"machine,omitempty"`
	Rows     []map[string]any  `json:"rows,omitempty"`
	Versions map[string]string `json:"versions,omitempty"`
	Raw      json.RawMessage   `json:"raw,omitempty"`
	Count    uint8             `json:"count,omitempty"`
	Parent   *letter           `json:"parent,omitempty"`
	Secret   string            `json:"-"`
	hidden   string
}

type stamp struct {
	Sent time.Time `json:"sent,omitzero"`
}

type sheet struct {
	Text string `json:"text"`
	Any  any    `json:"any,omitempty"`
}

func TestDecodeStrictReadsTheTypesOfOtherPackages(t *testing.T) {
	text := `{"sent":"2024-09-16T10:00:00Z","sheets":[{"text":"a","any":{"list":[1,true,"x"]}},{"text":""}],
		"machine":{"os.build":26100,"os.ubr":null,"elevated":false},"versions":{"galss":"3.43"},
		"raw":{"b":1.5,"a":[]},"count":255,"parent":{"sheets":[]}}`
	got := letter{hidden: "kept out", Secret: "old"}
	if err := DecodeStrict([]byte(text), &got); err != nil {
		t.Fatalf("DecodeStrict: %v", err)
	}
	want := letter{
		stamp:    stamp{time.Date(2024, 9, 16, 10, 0, 0, 0, time.UTC)},
		Sheets:   []sheet{{"a", map[string]any{"list": []any{int64(1), true, "x"}}}, {}},
		Machine:  map[string]any{"os.build": int64(26100), "os.ubr": nil, "elevated": false},
		Versions: map[string]string{"galss": "3.43"},
		Raw:      json.RawMessage(`{"b":1.5,"a":[]}`),
		Count:    255,
		Parent:   &letter{Sheets: []sheet{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeStrict\n got %+v\nwant %+v", got, want)
	}
}

func TestDecodeStrictRefuses(t *testing.T) {
	tests := []struct{ name, text, code, path string }{
		{"unknown-field", `{"sheets":[{"text":"a"},{"txt":"b"}]}`, CodeUnknownField, "sheets[1].txt"},
		{"field-left-out-of-json", `{"Secret":"a"}`, CodeUnknownField, "Secret"},
		{"field-not-exported", `{"hidden":"a"}`, CodeUnknownField, "hidden"},
		{"null-in-a-map-of-text", `{"versions":{"galss":null}}`, CodeNull, "versions.galss"},
		{"null-in-a-list-of-maps", `{"rows":[{"a":null}]}`, CodeNull, "rows[0].a"},
		{"null-deeper-in-any", `{"machine":{"a":[null]}}`, CodeNull, "machine.a[0]"},
		{"null-in-any", `{"sheets":[{"any":null}]}`, CodeNull, "sheets[0].any"},
		{"null-in-raw", `{"raw":{"a":null}}`, CodeNull, "raw.a"},
		{"key-twice-in-raw", `{"raw":{"a":1,"a":2}}`, CodeDuplicateKey, "raw.a"},
		{"key-twice-in-a-map", `{"versions":{"a":"1","a":"2"}}`, CodeDuplicateKey, "versions.a"},
		{"fraction-in-any", `{"machine":{"a":1.5}}`, CodeType, "machine.a"},
		{"number-too-large", `{"count":256}`, CodeType, "count"},
		{"number-below-zero", `{"count":-1}`, CodeType, "count"},
		{"time-that-is-none", `{"sent":"yesterday"}`, CodeType, "sent"},
		{"too-deep-in-raw", `{"raw":` + strings.Repeat("[", 32), CodeTooLarge, "raw" + strings.Repeat("[0]", 31)},
		{"hidden-character-in-a-key", "{\"versions\":{\"a\u202e\":\"1\"}}", CodeCharacter, "versions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := letter{Secret: "kept", Count: 7}
			got := before
			err := DecodeStrict([]byte(tt.text), &got)
			checkFault(t, err, tt.code, tt.path, "")
			if !reflect.DeepEqual(got, before) {
				t.Errorf("a refused document was left behind: %+v", got)
			}
		})
	}
}

func TestDecodeStrictIntoNothing(t *testing.T) {
	var none *letter
	for _, v := range []any{nil, letter{}, none} {
		if err := DecodeStrict([]byte(`{}`), v); err == nil {
			t.Errorf("decoding into %T was accepted", v)
		}
	}
}

func TestEncodeIsCanonical(t *testing.T) {
	sent := time.Date(2024, 9, 16, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"sorted-keys", struct {
			B int `json:"b"`
			A int `json:"a"`
		}{1, 2}, `{"a":2,"b":1}`},
		{"no-html-escape", sheet{Text: "<a> & \u2028"}, "{\"text\":\"<a> & \u2028\"}"},
		{"what-json-asks-for", "a\"b\\c\nd\x00", `"a\"b\\c\u000ad\u0000"`},
		{"empty-list-is-no-null", letter{}, `{"sheets":[]}`},
		{"empty-map-is-no-null", map[string]int(nil), `{}`},
		{"null-where-it-says-something", map[string]any{"b": nil, "a": false}, `{"a":false,"b":null}`},
		{"embedded-and-foreign", letter{stamp: stamp{sent}, Raw: json.RawMessage(`{"b":[1.50, 2],"a":"<"}`)},
			`{"raw":{"a":"<","b":[1.50,2]},"sent":"2024-09-16T10:00:00Z","sheets":[]}`},
		{"zero-behind-a-pointer", &sheet{}, `{"text":""}`},
		{"false-as-value", Condition{Fact: "a", Is: false}, `{"fact":"a","is":false}`},
		{"bytes", []byte("abc"), `"YWJj"`},
		{"fraction", 1.5, `1.5`},
		{"nothing", nil, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Encode(tt.in)
			if err != nil {
				t.Fatalf("Encode: %v", err)
			}
			if string(got) != tt.want+"\n" {
				t.Errorf("Encode\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, in := range map[string]any{
		"not-utf-8": "a\xff", "function": func() {}, "key-not-utf-8": map[string]int{"\xff": 1},
		"deep": []any{map[string]any{"a": make(chan int)}},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := Encode(in); err == nil {
				t.Errorf("Encode was accepted: %s", out)
			}
		})
	}
}
