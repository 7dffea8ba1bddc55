package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	goversion "github.com/hashicorp/go-version"
	"pgregory.net/rapid"
)

func parsed(t testing.TB, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatalf("ParseVersion(%q): %v", s, err)
	}
	return v
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	tests := []struct {
		name string
		a, b string
		want int
	}{
		{"architecture-word", "5.2.6_x64", "5.2.6", 0},
		{"commas-of-a-version-resource", "5,2,6,0", "5.2.6", 0},
		{"commas-and-spaces", "5, 2, 6, 0", "5.2.6_x64", 0},
		{"name-before-word-after", "fsv-1.40.1104-Signe", "1.40.1104", 0},
		{"word-after", "1.40.1104-Signe", "fsv-1.40.1104-Signe", 0},
		{"missing-numbers-are-zero", "3.43", "3.43.0", 0},
		{"leading-zeros", "3.42.03", "3.42.3", 0},
		{"numbers-not-letters", "3.42.10", "3.42.9", 1},
		{"mojave-before-catalina", "10.14.6", "10.15", -1},
		{"big-sur-alias-as-number", "10.16", "10.15.7", 1},
		{"tahoe-alias-as-number", "16.0", "15.6", 1},
		{"tahoe", "26.1", "16.0", 1},
		{"four-numbers", "2.0.0.2", "2.0.0", 1},
		{"windows-build", "10.0.26100.2314", "10.0.19045", 1},
		{"v-before", "v1.2", "1.2", 0},
		{"build-metadata", "1.2+20240916.a", "1.2", 0},
		{"pre-release-before-release", "1.2-rc1", "1.2", -1},
		{"pre-release-after-older-release", "1.2-rc1", "1.1.9", 1},
		{"pre-releases-by-number", "1.2-rc2", "1.2-rc10", -1},
		{"pre-release-separators", "1.2-rc.2", "1.2_RC-2", 0},
		{"pre-release-words", "1.2-alpha9", "1.2-beta1", -1},
		{"pre-release-and-word", "1.2-rc1_x64", "1.2-rc1", 0},
		{"word-that-is-no-pre-release", "1.2-Final", "1.2", 0},
		{"bytes-on-a-disk", "2199023255552", "107374182400", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := parsed(t, tt.a), parsed(t, tt.b)
			if got := a.Compare(b); got != tt.want {
				t.Errorf("Compare(%q, %q)\n got %d\nwant %d", tt.a, tt.b, got, tt.want)
			}
			if got := b.Compare(a); got != -tt.want {
				t.Errorf("Compare(%q, %q)\n got %d\nwant %d", tt.b, tt.a, got, -tt.want)
			}
			if a.String() != tt.a {
				t.Errorf("String() = %q, want the publisher's %q", a.String(), tt.a)
			}
		})
	}
}

func TestSameVersion(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"3.45.1", "3.45.01", true}, {"5.2.6_x64", "5.2.6", true}, {"5.2.6", "5.2.7", false},
		{"", "", true}, {"", "0", false}, {"installed", "installed", true}, {"installed", "absent", false}, {"pss", "1", false},
	} {
		if got := SameVersion(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestTextThatIsNoVersion(t *testing.T) {
	tests := []struct {
		name, text string
		column     int
	}{
		{"empty", "", 1},
		{"word", "latest", 1},
		{"word-and-hyphen", "fsv-", 5},
		{"point-at-the-end", "1.2.", 5},
		{"two-points", "1..2", 3},
		{"points-and-commas", "5.2,6", 4},
		{"space-inside", "1. 2", 3},
		{"space-after", "1.2 ", 4},
		{"letter-in-a-number", "1.2b3", 4},
		{"windows-release-name", "24H2", 3},
		{"number-alone-after-hyphen", "1.2-3", 5},
		{"hyphen-at-the-end", "1.2-", 5},
		{"plus-at-the-end", "1.2+", 5},
		{"seven-numbers", "1.2.3.4.5.6.7", 13},
		{"huge-number", "1.9999999999999999999", 3},
		{"huge-number-of-a-pre-release", "1.0-rc9999999999999999999", 7},
		{"very-long", strings.Repeat("1", 65), 1},
		{"negative", "-1", 1},
		{"other-digits", "1.٢", 3},
		{"escape-sequence", "1.2\x1b[2J", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := ParseVersion(tt.text)
			var bad *TextError
			if !errors.As(err, &bad) {
				t.Fatalf("ParseVersion(%q) = %v, %v; want a *TextError", tt.text, v, err)
			}
			if bad.Code() != CodeVersion || bad.Column != tt.column || bad.Expected == "" {
				t.Errorf("ParseVersion(%q)\n got %s, column %d, expected %q\nwant %s, column %d",
					tt.text, bad.Code(), bad.Column, bad.Expected, CodeVersion, tt.column)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("the error repeats an escape sequence: %q", err)
			}
		})
	}
}

func TestMacOSVersion(t *testing.T) {
	tests := []struct {
		name, in, want string
		alias          bool
	}{
		{"mojave", "10.14.6", "10.14.6", false},
		{"big-sur-or-later", "10.16", "11.0", true},
		{"big-sur-or-later-with-patch", "10.16.1", "11.0", true},
		{"catalina", "10.15.7", "10.15.7", false},
		{"no-alias-though-it-begins-so", "10.160", "10.160", false},
		{"tahoe-alias", "16.0", "26.0", true},
		{"tahoe-alias-with-patch", "16.1.2", "26.1.2", true},
		{"tahoe-alias-alone", "16", "26", true},
		{"tahoe", "26.1", "26.1", false},
		{"sequoia", "15.6", "15.6", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, alias := MacOSVersion(tt.in)
			if got != tt.want || alias != tt.alias {
				t.Errorf("MacOSVersion(%q)\n got %q, %v\nwant %q, %v", tt.in, got, alias, tt.want, tt.alias)
			}
		})
	}
}

// versionText draws versions of few values, so that equal ones are frequent.
func versionText(t *rapid.T, label string) string {
	numbers := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 4).Draw(t, label)
	text := strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", "."), "[]")
	return text + rapid.SampledFrom([]string{"", "", "", "-rc.1", "-rc.2", "-beta.1"}).Draw(t, label+" suffix")
}

func TestCompareAgreesWithGoVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := versionText(t, "a"), versionText(t, "b")
		x, errX := ParseVersion(a)
		y, errY := ParseVersion(b)
		if err := errors.Join(errX, errY); err != nil {
			t.Fatal(err)
		}
		// Same number of numbers: go-version calls 1.0-rc1 and 1-rc1 different.
		want := goversion.Must(goversion.NewVersion(padded(a))).Compare(goversion.Must(goversion.NewVersion(padded(b))))
		if got := x.Compare(y); got != want {
			t.Fatalf("Compare(%q, %q)\n got %d\nwant %d", a, b, got, want)
		}
	})
}

// padded gives a version six numbers.
func padded(s string) string {
	numbers, pre, _ := strings.Cut(s, "-")
	numbers += strings.Repeat(".0", 5-strings.Count(numbers, "."))
	if pre == "" {
		return numbers
	}
	return numbers + "-" + pre
}
