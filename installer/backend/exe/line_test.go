package exe

import (
	"slices"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name      string
		arguments []string
		want      string
	}{
		{"none", nil, ``},
		{"plain", []string{"/s", "/v/qn"}, `/s /v/qn`},
		{"space", []string{"/v/qn REBOOT=ReallySuppress"}, `"/v/qn REBOOT=ReallySuppress"`},
		{"backslash-at-the-end", []string{`/D=C:\a b\`, `C:\a\`}, `"/D=C:\a b\\" C:\a\`},
		{"empty", []string{"", "/s"}, `"" /s`},
		{"quotes-as-they-stand", []string{"/s", `/v"/qn /l*v \"C:\a b\x.log\""`}, `/s /v"/qn /l*v \"C:\a b\x.log\""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := commandLine(tt.arguments); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzEscape holds that every argument is read back as it was.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{``, `a b`, `a\`, `a b\\`, `"`, `\"`, `a\\"b c`, "tab\there"} {
		f.Add(s, "next")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		want := []string{one, two}
		if got := arguing(escape(one) + " " + escape(two)); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.Contains(one+two, `"`) {
			if got := arguing(commandLine(want)); !slices.Equal(got, want) {
				t.Errorf("as a line: got %q, want %q", got, want)
			}
		}
	})
}

func TestWithLog(t *testing.T) {
	const plain, spaced = `C:\ProgramData\a.log`, `C:\Program Data\a.log`
	tests := []struct {
		name, argument, file, want string
		line                       string // "" for the same
	}{
		{"inno", `/LOG={log}`, plain, `/LOG=C:\ProgramData\a.log`, ""},
		{"inno-with-a-space", `/LOG={log}`, spaced, `/LOG=C:\Program Data\a.log`, `"/LOG=C:\Program Data\a.log"`},
		{"inno-within-quotes", `/LOG="{log}"`, spaced, `/LOG="C:\Program Data\a.log"`, ""},
		{"installshield", `/v"/qn /l*v {log}"`, plain, `/v"/qn /l*v C:\ProgramData\a.log"`, ""},
		{"installshield-with-a-space", `/v"/qn /l*v {log}"`, spaced, `/v"/qn /l*v \"C:\Program Data\a.log\""`, ""},
		{"installshield-with-its-own-quotes", `/v"/qn /l*v \"{log}\""`, spaced, `/v"/qn /l*v \"C:\Program Data\a.log\""`, ""},
		{"installshield-without-quotes", `/v/qn /l*v {log}`, plain, `/v/qn /l*v C:\ProgramData\a.log`, `"/v/qn /l*v C:\ProgramData\a.log"`},
		{"outside-of-quotes", `/a="b"/log={log}`, spaced, `/a="b"/log="C:\Program Data\a.log"`, ""},
		{"no-place", `/s`, plain, `/s`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			arguments := []string{"/x", tt.argument}
			got := withLog(arguments, tt.file)
			if got[1] != tt.want || got[0] != "/x" || arguments[1] != tt.argument {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			want := tt.line
			if want == "" {
				want = tt.want
			}
			if line := commandLine(got); line != "/x "+want {
				t.Errorf("line: got %s, want /x %s", line, want)
			}
			if wantsLog(arguments) == (tt.argument == tt.want) {
				t.Errorf("whether it wants a log: got %t", wantsLog(arguments))
			}
		})
	}
}
