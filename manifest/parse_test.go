package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSamplesAreAccepted(t *testing.T) {
	for kind, parse := range parsers() {
		t.Run(kind, func(t *testing.T) {
			if _, err := parse(sample(t, kind)); err != nil {
				t.Errorf("testdata/%s.json: %v", kind, err)
			}
		})
	}
}

func TestBadDocumentsAreRefusedWithTheirPlace(t *testing.T) {
	for _, tt := range badDocuments() {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parsers()[tt.kind](edited(t, tt.kind, tt.path, tt.value))
			checkFault(t, err, tt.code, tt.at, tt.path)
		})
	}
}

// checkFault checks the code and the path of a refusal.
func checkFault(t *testing.T, err error, code, path, orElse string) {
	t.Helper()
	if path == "" {
		path = orElse
	}
	var fault *SyntaxError
	if !errors.As(err, &fault) {
		t.Fatalf("error %v, want a *SyntaxError with %s at %s", err, code, path)
	}
	if fault.Code() != code || fault.Path != path {
		t.Errorf("refused\n got %s at %q (%v)\nwant %s at %q", fault.Code(), fault.Path, err, code, path)
	}
	for name, text := range fault.Args() {
		if strings.ContainsFunc(text, func(r rune) bool { return !allowedRune(r) }) {
			t.Errorf("%s of the error is not fit for a terminal: %q", name, text)
		}
	}
}

func TestTextThatIsNotADocument(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 40)
	tests := []struct {
		name, text, code, path string
	}{
		{"empty", "", CodeSyntax, ""},
		{"spaces", " \n", CodeSyntax, ""},
		{"html", "<!DOCTYPE html>", CodeSyntax, ""},
		{"a-list", "[]", CodeType, ""},
		{"null", "null", CodeNull, ""},
		{"nearly-null", "nul", CodeSyntax, ""},
		{"two-values", `{"schema":1,"advisories":[]} {}`, CodeSyntax, ""},
		{"nul-byte-after", "{\"schema\":1,\"advisories\":[]}\x00", CodeSyntax, ""},
		{"cut-off", `{"schema":1,"advisories":[{"id":"A`, CodeSyntax, "advisories[0].id"},
		{"cut-off-in-an-escape", `{"schema":1,"advisories":[{"id":"\u00`, CodeSyntax, "advisories[0].id"},
		{"comma-too-many", `{"schema":1,"advisories":[],}`, CodeSyntax, ""},
		{"comma-in-a-list", `{"schema":1,"advisories":[,]}`, CodeSyntax, "advisories[0]"},
		{"no-colon", `{"schema" 1}`, CodeSyntax, ""},
		{"key-without-quotes", `{schema:1}`, CodeSyntax, ""},
		{"zero-before-number", `{"schema":01}`, CodeSyntax, "schema"},
		{"plus-before-number", `{"schema":+1}`, CodeSyntax, "schema"},
		{"number-with-exponent", `{"schema":1e0}`, CodeType, "schema"},
		{"number-beyond-64-bits", `{"schema":99999999999999999999}`, CodeType, "schema"},
		{"key-twice", `{"schema":1,"schema":1,"advisories":[]}`, CodeDuplicateKey, "schema"},
		{"key-twice-by-escape", `{"schema":1,"sch\u0065ma":1,"advisories":[]}`, CodeDuplicateKey, "schema"},
		{"key-with-hidden-character", "{\"schema\u200b\":1}", CodeCharacter, ""},
		{"not-utf-8", "{\"schema\":1,\"advisories\":[{\"id\":\"\xff\"}]}", CodeSyntax, "advisories[0].id"},
		{"half-a-surrogate", `{"schema":1,"advisories":[{"id":"\ud83d"}]}`, CodeSyntax, "advisories[0].id"},
		{"surrogate-and-letter", `{"schema":1,"advisories":[{"id":"\ud83d\u0041"}]}`, CodeSyntax, "advisories[0].id"},
		{"raw-newline-in-text", "{\"schema\":1,\"advisories\":[{\"id\":\"a\nb\"}]}", CodeCharacter, "advisories[0].id"},
		{"too-deep", `{"schema":1,"advisories":[{"when":` + deep, CodeTooLarge, ".not"},
		{"too-many-values", `{"schema":1,"advisories":[{"remedies":[` +
			strings.Repeat(`{"code":"a","text":{"fr":"a","en":"a"}},`, 1+MaxValues/5), CodeTooLarge, "advisories[0].remedies"},
		{"too-many-bytes", strings.Repeat(" ", MaxDocument+1), CodeTooLarge, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseAdvisories([]byte(tt.text))
			var fault *SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a *SyntaxError", err)
			}
			if fault.Code() != tt.code || !strings.Contains(fault.Path, tt.path) {
				t.Errorf("refused\n got %s at %q (%v)\nwant %s at %q", fault.Code(), fault.Path, err, tt.code, tt.path)
			}
		})
	}
}

func TestAcceptedTextIsKept(t *testing.T) {
	text := "Numéro\u202f: 5\u00a0000 \u2013 l\u2019été, \U0001f3e5"
	for _, raw := range []string{text, strings.ReplaceAll(text, "\U0001f3e5", `\ud83c\udfe5`)} {
		data := edited(t, "component", "title.fr", `"replaced"`)
		data = []byte(strings.Replace(string(data), `"replaced"`, `"`+raw+`"`, 1))
		c, err := ParseComponent(data)
		if err != nil {
			t.Fatalf("ParseComponent: %v", err)
		}
		if c.Title.FR != text {
			t.Errorf("title\n got %q\nwant %q", c.Title.FR, text)
		}
	}
}

func TestSameVersionOnTwoPlatforms(t *testing.T) {
	if _, err := ParseComponent(edited(t, "component", "releases[1].version", `"5.1.8"`)); err == nil {
		t.Error("5.1.8 and 5,1,8,0 for Windows were both accepted")
	}
	if _, err := ParseComponent(edited(t, "component", "releases[1].platform", `"linux"`)); err != nil {
		t.Errorf("one version for macOS, Windows and Linux: %v", err)
	}
}

func TestErrorsCannotBreakATerminal(t *testing.T) {
	hostile := "\x1b]0;owned\x07\u202e" + strings.Repeat("x", 1000)
	err := (&SyntaxError{Reason: CodeValue, Found: visible(hostile)}).under(hostile)
	text := fmt.Sprint(err)
	if strings.ContainsAny(text, "\x1b\x07\u202e") || len(text) > 500 {
		t.Errorf("error text is not fit for a terminal: %q", text)
	}
}
