package galss_test

import (
	"strings"
	"testing"

	"github.com/releve-sante/releve/osdetect/galss"
)

func TestDiff(t *testing.T) {
	far := strings.Repeat("x\n", 9)
	tests := []struct{ name, before, after, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"changed", "a\r\nb\r\nc", "a\r\nB\xe9\\\r\nc", ` a\r\n,-b\r\n,+B\xE9\\\r\n, c`},
		{"line-end-only", "a\n", "a\r\n", `-a\n,+a\r\n`},
		{"new-file", "", "a\tb\n", `+a\tb\n`},
		{"removed", "a\nb\nc\n", "a\nc\n", ` a\n,-b\n, c\n`},
		{"moved-apart", "1\n" + far + "2\n", "one\n" + far + "two\n", `-1\n,+one\n, x\n, x\n,…, x\n, x\n,-2\n,+two\n`},
		{"common-in-the-middle", "a\nk\nb\n", "c\nk\nd\n", `-a\n,+c\n, k\n,-b\n,+d\n`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, l := range galss.Diff([]byte(tt.before), []byte(tt.after)) {
				got = append(got, l.Sign+l.Text)
			}
			if text := strings.Join(got, ","); text != tt.want {
				t.Errorf("Diff\n got %s\nwant %s", text, tt.want)
			}
		})
	}
	large := []byte(strings.Repeat("a\nb\n", 2000))
	if n := len(galss.Diff(large, []byte(strings.Repeat("b\nc\n", 2000)))); n == 0 || n > 8100 {
		t.Errorf("large files differ in %d lines", n)
	}
}

// FuzzDiff says that the lines of the old file, and those of the new one, are
// what was compared, where nothing is left out.
func FuzzDiff(f *testing.F) {
	f.Add([]byte("a\nb"), []byte("b\r\nc"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		lines := galss.Diff(before, after)
		if (len(lines) == 0) != (string(before) == string(after)) {
			t.Fatalf("Diff(%q, %q) = %v", before, after, lines)
		}
	})
}
