package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{name: "plain-text-is-kept", in: "GALSS 3.43.02", want: "GALSS 3.43.02"},
		{name: "french-is-kept", in: "Échec à l'œuvre, 5 ≥ 4 « ici »", want: "Échec à l'œuvre, 5 ≥ 4 « ici »"},
		{name: "line-feed-is-kept", in: "a\nb", want: "a\nb"},
		{name: "carriage-return", in: "done\rfail", want: "donefail"},
		{name: "tab-becomes-space", in: "a\tb", want: "a b"},
		{name: "colour-sequence", in: "\x1b[31mred\x1b[0m", want: "[31mred[0m"},
		{name: "title-and-bell", in: "\x1b]0;owned\x07x", want: "]0;ownedx"},
		{name: "eight-bit-control", in: "a\u009b31mb", want: "a31mb"},
		{name: "nul-and-delete", in: "a\x00b\x7fc", want: "abc"},
		{name: "right-to-left-override", in: "exe\u202Efdp", want: "exefdp"},
		{name: "isolates", in: "\u2066a\u2069", want: "a"},
		{name: "zero-width", in: "a\u200Bb\uFEFFc\u2060d", want: "abcd"},
		{name: "line-separator", in: "a\u2028b\u2029c", want: "abc"},
		{name: "soft-hyphen-and-tags", in: "a\u00ADb\U000E0041c", want: "abc"},
		{name: "invalid-utf-8", in: "a\xffb\xc3", want: "ab"},
		{name: "marks-do-not-pile-up", in: "e" + strings.Repeat("\u0301", 9) + "f", want: "e\u0301\u0301\u0301f"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCleanHasALimit(t *testing.T) {
	for _, unit := range []string{"a", "é"} {
		got := utf8.RuneCountInString(Clean(strings.Repeat(unit, 1_000_000)))
		if got != maxRunes+3 {
			t.Errorf("Clean of a million %q has %d runes, want %d", unit, got, maxRunes+3)
		}
	}
}

func TestLineForgesNoLine(t *testing.T) {
	got := Line("3.42\n[ ok ] everything is fine\n")
	if want := "3.42 [ ok ] everything is fine"; got != want {
		t.Errorf("Line\n got %q\nwant %q", got, want)
	}
}

func TestHostileArgumentsAreCleaned(t *testing.T) {
	p := printer(t, English)
	hostile := "x\x1b]52;c;ZXZpbA==\x07\r\n[ ok ] y\u202E"
	for _, got := range []string{
		p.Message("event-cause", map[string]string{"Failure": hostile}),
		p.Message("no-such-code", map[string]string{"A": hostile}),
		p.Value(hostile),
	} {
		if strings.ContainsFunc(got, unicode.IsControl) || strings.Contains(got, "\u202E") {
			t.Errorf("a control or bidirectional character came through: %q", got)
		}
	}
}

func TestASCIIWritesEverythingOut(t *testing.T) {
	p := printer(t, French).ASCII()
	got := p.Value("Échec à l'œuvre… « 5 ≥ 4 » → 日")
	if want := `Echec a l'oeuvre... " 5 >= 4 " -> ?`; got != want {
		t.Errorf("in ASCII\n got %q\nwant %q", got, want)
	}
	if got, want := p.Message("event-phase-kit", nil), "preparation"; got != want {
		t.Errorf("in ASCII\n got %q\nwant %q", got, want)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\x1b[2Jb", "\u202E\u2066", "\xff\xfe", "e\u0301\u0301\u0301\u0301", "\r\n\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Clean(%q) is not UTF-8: %q", s, got)
		}
		for _, r := range got {
			if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
				t.Fatalf("Clean(%q) let %U through", s, r)
			}
		}
		if again := Clean(got); again != got && len(got) < maxRunes {
			t.Fatalf("Clean(%q) is not stable\n once %q\ntwice %q", s, got, again)
		}
		if a := fold(got); strings.ContainsFunc(a, func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Fatalf("fold(%q) is not ASCII: %q", got, a)
		}
		if strings.Contains(Line(s), "\n") {
			t.Fatalf("Line(%q) has two lines", s)
		}
	})
}

func TestSpellTableIsComplete(t *testing.T) {
	p := printer(t, French).ASCII()
	got := p.Value("ñÑ’‘“”–—−·•×\u00a0|\u202f|\u2009|")
	if want := `nN''""---.*x | | |`; got != want {
		t.Errorf("in ASCII\n got %q\nwant %q", got, want)
	}
}
