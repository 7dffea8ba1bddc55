package quote

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Lecteur n° 1 de l'accueil", "Lecteur n° 1 de l'accueil"},
		{"empty", "", ""},
		{"terminal", "\x1b[2Jx\r\n", "?[2Jx??"},
		{"direction", "a\u202eb\u2066c", "a?b?c"},
		{"lines", "a\u2028b\u2029c", "a?b?c"},
		{"invisible", "a\u200bb\ufeff", "a?b?"},
		{"no-text", "a\xffb", "a?b"},
		{"as-long-as-may-be", strings.Repeat("é", Longest), strings.Repeat("é", Longest)},
		{"too-long", strings.Repeat("é", Longest+1), strings.Repeat("é", Longest) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\u202eb\xff")
	f.Fuzz(func(t *testing.T, in string) {
		got := Text(in)
		if strings.ContainsFunc(got, Hidden) || !utf8.ValidString(got) || utf8.RuneCountInString(got) > Longest+1 {
			t.Errorf("Text(%q) = %q", in, got)
		}
		if again := Text(got); utf8.RuneCountInString(got) <= Longest && again != got {
			t.Errorf("Text(%q) = %q", got, again)
		}
	})
}
