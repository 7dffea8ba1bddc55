package program

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for name, tt := range map[string]struct {
		data string
		page Page
		want string
	}{
		"nothing":               {"", OEM, ""},
		"ascii":                 {"State : Installed\r\n", OEM, "State : Installed\n"},
		"utf-8":                 {"Opération terminée", OEM, "Opération terminée"},
		"utf-8-with-a-mark":     {"\xef\xbb\xbfété", OEM, "été"},
		"oem-french":            {"Op\x82ration termin\x82e\xff:", OEM, "Opération terminée\u00a0:"},
		"ansi-french":           {"Op\xe9ration termin\xe9e \x80", ANSI, "Opération terminée €"},
		"utf-16-with-a-mark":    {"\xff\xfeA\x00\xe9\x00\r\x00\n\x00", OEM, "Aé\n"},
		"utf-16-big-end-first":  {"\xfe\xff\x00A\x00\xe9", OEM, "Aé"},
		"utf-16-without-a-mark": {"R\x00e\x00t\x00 \x19 \x00", ANSI, "Ret\u1920 "},
		"half-a-character":      {"\xff\xfeA\x00B", OEM, "A"},
		"undefined":             {"a\x81b", ANSI, "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text([]byte(tt.data), tt.page); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\xff\xfeA\x00"), true)
	f.Add([]byte("Op\x82ration"), false)
	f.Fuzz(func(t *testing.T, data []byte, oem bool) {
		page := ANSI
		if oem {
			page = OEM
		}
		if got := Text(data, page); !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r") {
			t.Errorf("%q became %q", data, got)
		}
	})
}
