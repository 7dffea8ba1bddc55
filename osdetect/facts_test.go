package osdetect

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/releve-sante/releve/osdetect/quote"
)

func TestParseFactsAccepts(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want Facts
	}{
		{name: "empty", in: `{}`, want: Facts{}},
		{name: "every-type", in: `{"os.family": "macos", "elevated": false, "os.build": 26100}`, want: Facts{"os.family": "macos", "elevated": false, "os.build": int64(26100)}},
		{name: "unlisted-path", in: `{"reader.count": 2, "x": "y"}`, want: Facts{"reader.count": int64(2), "x": "y"}},
		{name: "component", in: `{"component.cryptolib-cps.version": "5.2.6_x64"}`, want: Facts{"component.cryptolib-cps.version": "5.2.6_x64"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseFacts([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, tt.want) {
				t.Errorf("ParseFacts\n got %v\nwant %v", got, tt.want)
			}
		})
	}
}

// refusal is a document that ParseFacts must refuse.
type refusal struct {
	name string
	in   string
	code string
	path string
}

func (r refusal) check(t *testing.T) {
	got, err := ParseFacts([]byte(r.in))
	var coded *Error
	if !errors.As(err, &coded) {
		t.Fatalf("ParseFacts: error %v, want code %q", err, r.code)
	}
	if coded.Code() != r.code || coded.Path != r.path || got != nil {
		t.Errorf("ParseFacts: code %q at %q with %v, want %q at %q", coded.Code(), coded.Path, got, r.code, r.path)
	}
}

func TestParseFactsRefusesTheForm(t *testing.T) {
	tests := []refusal{
		{name: "not-json", in: `macos`, code: CodeSyntax},
		{name: "nothing", in: ``, code: CodeSyntax},
		{name: "list", in: `[]`, code: CodeSyntax},
		{name: "cut", in: `{"os.family": "macos"`, code: CodeSyntax},
		{name: "cut-in-value", in: `{"os.family": `, code: CodeSyntax},
		{name: "trailing-object", in: `{} {}`, code: CodeSyntax},
		{name: "trailing-word", in: `{} x`, code: CodeSyntax},
		{name: "no-comma", in: `{"os.family": "macos" "os.version": "11"}`, code: CodeSyntax},
		{name: "not-utf8", in: "{\"os.name\": \"\xff\"}", code: CodeSyntax},
		{name: "upper-case-path", in: `{"OS.family": "macos"}`, code: CodePath},
		{name: "empty-path", in: `{"": "macos"}`, code: CodePath},
		{name: "empty-word", in: `{"os..family": "macos"}`, code: CodePath},
		{name: "blank-path", in: `{"os family": "macos"}`, code: CodePath},
		{name: "long-path", in: `{"` + strings.Repeat("a", maxPath+1) + `": 1}`, code: CodePath},
		{name: "same-path-twice", in: `{"os.build": 1, "os.build": 2}`, code: CodeDuplicate, path: "os.build"},
		{name: "same-path-escaped", in: `{"os.build": 1, "os\u002ebuild": 2}`, code: CodeDuplicate, path: "os.build"},
		{name: "long-document", in: `{"os.name": "` + strings.Repeat("a", maxDocument) + `"}`, code: CodeTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestParseFactsRefusesTheValue(t *testing.T) {
	tests := []refusal{
		{name: "null", in: `{"x": null}`, code: CodeNoValue, path: "x"},
		{name: "null-for-known", in: `{"elevated": null}`, code: CodeNotBool, path: "elevated"},
		{name: "object", in: `{"x": {}}`, code: CodeNoValue, path: "x"},
		{name: "array", in: `{"x": [1]}`, code: CodeNoValue, path: "x"},
		{name: "fraction", in: `{"x": 1.5}`, code: CodeNotInt, path: "x"},
		{name: "exponent", in: `{"x": 1e3}`, code: CodeNotInt, path: "x"},
		{name: "number-too-big", in: `{"x": 9223372036854775808}`, code: CodeNotInt, path: "x"},
		{name: "text-for-bool", in: `{"wmic.present": "true"}`, code: CodeNotBool, path: "wmic.present"},
		{name: "text-for-int", in: `{"os.build": "26100"}`, code: CodeNotInt, path: "os.build"},
		{name: "int-for-text", in: `{"os.version": 11}`, code: CodeNotText, path: "os.version"},
		{name: "int-for-component-version", in: `{"component.galss.version": 3}`, code: CodeNotText, path: "component.galss.version"},
		{name: "bool-for-text", in: `{"galss.mode": false}`, code: CodeNotText, path: "galss.mode"},
		{name: "outside-the-set", in: `{"os.family": "macOS"}`, code: CodeValue, path: "os.family"},
		{name: "escape-sequence", in: `{"os.name": "\u001b[2J"}`, code: CodeHidden, path: "os.name"},
		{name: "direction-mark", in: `{"os.name": "\u202emacOS"}`, code: CodeHidden, path: "os.name"},
		{name: "lone-surrogate", in: `{"os.name": "\ud800"}`, code: CodeHidden, path: "os.name"},
		{name: "long-text", in: `{"os.name": "` + strings.Repeat("a", maxText+1) + `"}`, code: CodeTooLong, path: "os.name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestErrorShowsNoControlCharacters(t *testing.T) {
	_, err := ParseFacts([]byte(`{"os.name": "\u001b]0;owned\u0007\u202e` + strings.Repeat("é", 500) + `"}`))
	if err == nil {
		t.Fatal("a terminal sequence was accepted")
	}
	if text := err.Error(); strings.IndexFunc(text, quote.Hidden) >= 0 || len(text) > 400 {
		t.Errorf("error text is not safe to show: %q", text)
	}
}

func TestWith(t *testing.T) {
	before := Facts{"os.family": "macos"}
	after := before.With("os.build", 26100).With("elevated", true).With("os.name", "x").With("os.name", 1.5)
	if want := (Facts{"os.family": "macos", "os.build": int64(26100), "elevated": true}); !maps.Equal(after, want) {
		t.Errorf("With\n got %v\nwant %v", after, want)
	}
	if want := (Facts{"os.family": "macos"}); !maps.Equal(before, want) {
		t.Errorf("With changed what it was called on: %v", before)
	}
}

func TestEncodeLeavesOutWhatIsNoFact(t *testing.T) {
	f := Facts{"b": "<é>", "a": int64(1), "c": nil, "d": []string{"x"}}
	if got, want := string(f.Encode()), "{\n  \"a\": 1,\n  \"b\": \"<é>\"\n}\n"; got != want {
		t.Errorf("Encode\n got %s\nwant %s", got, want)
	}
}

// FuzzParseFacts holds the promise that whatever is accepted comes back
// unchanged, and that refusals are coded and safe to show.
func FuzzParseFacts(f *testing.F) {
	f.Add([]byte(`{"os.family": "windows", "os.build": 26100, "wmic.present": false}`))
	f.Add([]byte(`{"a": "\ud83d\ude00", "b": -0}`))
	f.Add([]byte(`{"os.name": "\u001b[2J"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := ParseFacts(data)
		if err != nil {
			if coded := new(Error); !errors.As(err, &coded) || strings.IndexFunc(coded.Found, quote.Hidden) >= 0 {
				t.Fatalf("refused without a code, or unsafe to show: %v", err)
			}
			return
		}
		once := facts.Encode()
		again, err := ParseFacts(once)
		if err != nil {
			t.Fatalf("own output refused: %v\n%s", err, once)
		}
		if !maps.Equal(again, facts) || !bytes.Equal(again.Encode(), once) {
			t.Fatalf("not stable:\n%s\n%s", once, again.Encode())
		}
	})
}
