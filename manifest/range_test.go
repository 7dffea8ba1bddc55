package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	goversion "github.com/hashicorp/go-version"
	"pgregory.net/rapid"
)

func TestRangeContains(t *testing.T) {
	tests := []struct {
		name, in, version string
		want              bool
	}{
		{"at-least", ">= 10.15", "10.15", true},
		{"at-least-not-yet", ">= 10.15", "10.14.6", false},
		{"equal-with-words", "= 5.2.6", "5.2.6_x64", true},
		{"equal-with-zeros", "=3.43", "3.43.0", true},
		{"not-equal", "!= 28000", "26300", true},
		{"not-equal-fails", "!= 28000", "28000", false},
		{"two-constraints", ">= 3.42, < 4", "3.45.01", true},
		{"second-constraint-fails", ">=3.42,<4", "4.0", false},
		{"more-than", "> 3.42.03", "3.42.3", false},
		{"at-most", "<= 3.42.3", "3.42.03", true},
		{"about-two-numbers", "~> 3.43", "3.99", true},
		{"about-two-numbers-next", "~> 3.43", "4.0", false},
		{"about-three-numbers", "~> 3.43.1", "3.43.9", true},
		{"about-three-numbers-next", "~> 3.43.1", "3.44", false},
		{"about-below", "~> 3.43.1", "3.43.0", false},
		{"every-version", "", "0", true},
		{"every-version-also-unfinished", "", "1-rc1", true},
		{"no-pre-release-by-chance", ">= 3.42", "3.50-rc1", false},
		{"pre-release-asked-for", ">= 3.50-rc1", "3.50-rc2", true},
		{"pre-release-of-other-numbers", ">= 3.50-rc1", "3.51-rc1", false},
		{"release-after-pre-release", ">= 3.50-rc1", "3.50", true},
		{"release-before-pre-release", "< 3.50-rc1", "3.50", false},
		{"pre-release-is-not-the-release", "!= 3.50", "3.50-rc1", true},
		{"about-no-pre-release", "~> 3.43", "3.44-beta1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRange(tt.in)
			if err != nil {
				t.Fatalf("ParseRange(%q): %v", tt.in, err)
			}
			if got := r.Contains(parsed(t, tt.version)); got != tt.want {
				t.Errorf("%q contains %q\n got %v\nwant %v", tt.in, tt.version, got, tt.want)
			}
			if r.String() != tt.in {
				t.Errorf("String()\n got %q\nwant %q", r.String(), tt.in)
			}
		})
	}
}

func TestTextThatIsNoRange(t *testing.T) {
	tests := []struct {
		name, text string
		column     int
	}{
		{"no-operator", "3.42", 1},
		{"no-version", ">= ", 3},
		{"word", ">= Catalina", 4},
		{"comma-at-the-end", ">= 3.42,", 9},
		{"comma-at-the-start", ", >= 3.42", 1},
		{"only-a-space", " ", 2},
		{"unknown-operator", "=> 3", 2},
		{"second-is-wrong", ">= 3.42, < x", 12},
		{"about-one-number", "~> 3", 4},
		{"about-a-pre-release", "~> 3.4-rc1", 4},
		{"alternatives", ">= 3 || < 2", 5},
		{"too-many", strings.Repeat(">1,", 17) + ">1", 1},
		{"too-long", "> " + strings.Repeat(" ", 300) + "1", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseRange(tt.text)
			var bad *TextError
			if !errors.As(err, &bad) {
				t.Fatalf("ParseRange(%q): error %v, want a *TextError", tt.text, err)
			}
			if bad.Code() != CodeRange || bad.Column != tt.column {
				t.Errorf("ParseRange(%q)\n got %s, column %d (expected %s)\nwant %s, column %d",
					tt.text, bad.Code(), bad.Column, bad.Expected, CodeRange, tt.column)
			}
		})
	}
}

func TestContainsAgreesWithGoVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom(strings.Fields(operators)).Draw(t, "operator")
		bound, text := versionText(t, "bound"), versionText(t, "version")
		r, err := ParseRange(op + bound)
		if op == "~>" && (strings.Contains(bound, "-") || !strings.Contains(bound, ".")) {
			if err == nil {
				t.Fatalf("%q was accepted", op+bound)
			}
			return
		}
		v, errV := ParseVersion(text)
		if err := errors.Join(err, errV); err != nil {
			t.Fatal(err)
		}
		peer := bound
		if op != "~>" { // there the number of numbers is the meaning
			peer = padded(bound)
		}
		c, err := goversion.NewConstraint(op + peer)
		if err != nil {
			t.Fatal(err)
		}
		want := c.Check(goversion.Must(goversion.NewVersion(padded(text))))
		if got := r.Contains(v); got != want {
			t.Fatalf("%q contains %q\n got %v\nwant %v", op+bound, text, got, want)
		}
	})
}

// TestFloorIsWhatAllVersionsAgreeOn compares containsFrom with the answers of
// many versions from the floor on.
func TestFloorIsWhatAllVersionsAgreeOn(t *testing.T) {
	floor := parsed(t, "11.0")
	for op := range strings.FieldsSeq(operators) {
		for _, bound := range []string{"10.14", "10.15.7", "11.0", "11.1", "12.3", "26.0"} {
			r, err := ParseRange(op + bound)
			if err != nil {
				t.Fatal(err)
			}
			some, all := false, true
			for major := 11; major < 40; major++ {
				for minor := range 8 {
					holds := r.Contains(parsed(t, fmt.Sprintf("%d.%d", major, minor)))
					some, all = some || holds, all && holds
				}
			}
			want := Unknown
			if all || !some {
				want = truth(all)
			}
			if got := r.containsFrom(floor); got != want {
				t.Errorf("%s%s for 11.0 or later\n got %s\nwant %s", op, bound, got, want)
			}
		}
	}
}
