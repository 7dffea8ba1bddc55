package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name  string
		in    string
		width int
		want  []string
	}{
		{name: "empty", in: "", width: 10, want: []string{""}},
		{name: "fits", in: "un deux", width: 7, want: []string{"un deux"}},
		{name: "breaks-at-spaces", in: "un deux trois", width: 8, want: []string{"un deux", "trois"}},
		{name: "line-feed-is-kept", in: "un\ndeux", width: 10, want: []string{"un", "deux"}},
		{name: "colon-stays", in: "la cause : ceci", width: 9, want: []string{"la", "cause :", "ceci"}},
		{name: "quotation-marks-stay", in: "dit « oui » ici", width: 9, want: []string{"dit", "« oui »", "ici"}},
		{name: "unit-stays", in: "il reste 12 Mo", width: 11, want: []string{"il reste", "12 Mo"}},
		{name: "percent-stays", in: "fait à 45 %", width: 9, want: []string{"fait à", "45 %"}},
		{name: "long-word-is-cut", in: "a anticonstitutionnellement", width: 10, want: []string{"a", "anticonsti", "tutionnell", "ement"}},
		{name: "width-is-cells", in: "日本語 日本", width: 6, want: []string{"日本語", "日本"}},
		{name: "no-room-at-all", in: "日", width: 1, want: []string{"日"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Wrap(tt.in, tt.width); !slices.Equal(got, tt.want) {
				t.Errorf("Wrap(%q, %d)\n got %q\nwant %q", tt.in, tt.width, got, tt.want)
			}
		})
	}
}

func TestFitAndPad(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"short-is-kept", Fit("abc", 3), "abc"},
		{"cut-is-marked", Fit("abcdef", 5), "abc.."},
		{"tiny-is-only-cut", Fit("abcdef", 2), "ab"},
		{"negative-width", Fit("abc", -1), ""},
		{"padded", Pad("été", 5), "été  "},
		{"padded-and-cut", Pad("abcdef", 4), "ab.."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q\nwant %q", tt.got, tt.want)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("la cause : « ceci » 45 %", 9)
	f.Add("anticonstitutionnellement", 3)
	f.Add("日本語\n\n  x", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		s, width = Clean(s), max(2, width%200)
		lines := Wrap(s, width)
		for _, l := range lines {
			if ansi.StringWidth(l) > width {
				t.Fatalf("Wrap(%q, %d) has the line %q", s, width, l)
			}
		}
		keep := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := keep(strings.Join(lines, "")), keep(s); got != want {
			t.Fatalf("Wrap(%q, %d) lost something\n got %q\nwant %q", s, width, got, want)
		}
	})
}
