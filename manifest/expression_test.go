package manifest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseCondition(t *testing.T) {
	family, version := Condition{Fact: "os.family", Is: "macos"}, Condition{Fact: "os.version", In: ">= 10.15"}
	build, elevated := Condition{Fact: "os.build", In: "= 28000"}, Condition{Fact: "elevated", Is: true}
	tests := []struct {
		name, text string
		want       Condition
	}{
		{"one-range", "os.version >= 10.15", version},
		{"without-spaces", "os.version>=10.15", version},
		{"text", "os.family = macos", family},
		{"text-in-quotation-marks", `os.family = "macos"`, family},
		{"version-in-quotation-marks", `os.version = "10.15"`, Condition{Fact: "os.version", Is: "10.15"}},
		{"text-with-spaces", `os.name = "Windows 11"`, Condition{Fact: "os.name", Is: "Windows 11"}},
		{"release-name-is-no-version", "os.release = 24H2", Condition{Fact: "os.release", Is: "24H2"}},
		{"text-differs", "os.family != macos", Condition{Not: &family}},
		{"version-differs", "os.build != 28000", Condition{Fact: "os.build", In: "!= 28000"}},
		{"truth-value", "elevated = true", elevated},
		{"word-true-as-text", `elevated = "true"`, Condition{Fact: "elevated", Is: "true"}},
		{"two-constraints", "os.version >= 10.15,<13", Condition{Fact: "os.version", In: ">= 10.15, < 13"}},
		{"and", "os.family = macos && os.version >= 10.15", Condition{All: []Condition{family, version}}},
		{"and-binds-closer", "elevated = true || os.family = macos && os.version >= 10.15",
			Condition{Any: []Condition{elevated, {All: []Condition{family, version}}}}},
		{"parentheses", "(elevated = true || os.family = macos) && os.version >= 10.15",
			Condition{All: []Condition{{Any: []Condition{elevated, family}}, version}}},
		{"not", "!os.build = 28000", Condition{Not: &build}},
		{"not-a-group", "!(os.build = 28000 && elevated = true)",
			Condition{Not: &Condition{All: []Condition{build, elevated}}}},
		{"component-fact", "component.cryptolib-cps.version < 5.2", Condition{Fact: "component.cryptolib-cps.version", In: "< 5.2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseCondition(tt.text)
			if err != nil {
				t.Fatalf("ParseCondition(%q): %v", tt.text, err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("ParseCondition(%q)\n got %+v\nwant %+v", tt.text, got, tt.want)
			}
			again, err := ParseCondition(got.String())
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("%q was written as %q and read as %+v, %v", tt.text, got.String(), again, err)
			}
		})
	}
}

func TestTextThatIsNoCondition(t *testing.T) {
	tests := []struct {
		name, text string
		column     int
		expected   string
	}{
		{"empty", "", 1, factNotation},
		{"fact-alone", "elevated", 9, operatorNotation},
		{"fact-in-capitals", "OS.version >= 1", 1, factNotation},
		{"no-value", "os.version >= ", 15, "value"},
		{"double-equals", "os.family == macos", 12, "value"},
		{"word-in-an-ordering", "os.version >= Catalina", 15, "version"},
		{"quoted-in-an-ordering", `os.version >= "10.15"`, 15, "version"},
		{"half-a-version", "os.version >= 10.", 18, "digit"},
		{"text-in-a-second-constraint", "os.version >= 10.15, = macos", 24, "version"},
		{"open-parenthesis", "(os.version >= 10.15", 21, ")"},
		{"closing-parenthesis", "os.version >= 10.15)", 20, "&& | || | ,"},
		{"single-ampersand", "a = b & c = d", 7, "&& | || | ,"},
		{"operator-at-the-end", "a = b &&", 9, factNotation},
		{"open-quotation-mark", `a = "b`, 7, `"`},
		{"empty-text", `a = ""`, 5, "value"},
		{"about-one-number", "os.version ~> 10", 1, rangeNotation},
		{"hidden-character", "a = b\u200b", 6, "visible character"},
		{"not-utf-8", "a = \xff", 5, "visible character"},
		{"too-deep", strings.Repeat("!", 20) + "a = b", 1, "depth <= 8"},
		{"too-long", "a = " + strings.Repeat("b", 1100), 1025, "<= 1024 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCondition(tt.text)
			var bad *TextError
			if !errors.As(err, &bad) {
				t.Fatalf("ParseCondition(%q): error %v, want a *TextError", tt.text, err)
			}
			if bad.Code() != CodeCondition || bad.Column != tt.column || bad.Expected != tt.expected {
				t.Errorf("ParseCondition(%q)\n got column %d, expected %s\nwant column %d, expected %s",
					tt.text, bad.Column, bad.Expected, tt.column, tt.expected)
			}
		})
	}
}
