package text

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
)

func printer(t *testing.T, lang string) *Printer {
	t.Helper()
	p, err := New(lang)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDetectLanguage(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{name: "nothing-set-is-french", want: French},
		{name: "french-locale", env: map[string]string{"LANG": "fr_FR.UTF-8"}, want: French},
		{name: "english-locale", env: map[string]string{"LANG": "en_GB.UTF-8"}, want: English},
		{name: "english-as-windows-writes-it", env: map[string]string{"LANG": "en-US"}, want: English},
		{name: "c-locale-is-english", env: map[string]string{"LANG": "C.UTF-8"}, want: English},
		{name: "posix-is-english", env: map[string]string{"LC_ALL": "POSIX"}, want: English},
		{name: "other-language-is-french", env: map[string]string{"LANG": "de_DE@euro"}, want: French},
		{name: "lc-all-wins", env: map[string]string{"LC_ALL": "fr_FR", "LC_MESSAGES": "en_US", "LANG": "en_US"}, want: French},
		{name: "messages-before-lang", env: map[string]string{"LC_MESSAGES": "en_US", "LANG": "fr_FR"}, want: English},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Detect(func(name string) string { return tt.env[name] })
			if got != tt.want {
				t.Errorf("Detect(%v)\n got %q\nwant %q", tt.env, got, tt.want)
			}
		})
	}
}

func TestUnknownLanguageIsRefused(t *testing.T) {
	if _, err := New("de"); err == nil {
		t.Error(`New("de") gave no error`)
	}
}

type codedError struct {
	code string
	args map[string]string
}

func (e *codedError) Error() string           { return "in English, for the log" }
func (e *codedError) Code() string            { return e.code }
func (e *codedError) Args() map[string]string { return e.args }

func TestErrorSpeaksItsCode(t *testing.T) {
	p := printer(t, French)
	wrapped := fmt.Errorf("around: %w", &codedError{code: "event-cause", args: map[string]string{"Failure": "panne"}})
	got, _ := p.Error(wrapped)
	if want := "Cause : panne"; got != want {
		t.Errorf("Error of a wrapped code\n got %q\nwant %q", got, want)
	}
	got, hint := p.Error(errors.New("disk on fire"))
	if want := "Une erreur est survenue : disk on fire"; got != want || hint != "" {
		t.Errorf("Error without a code\n got %q, %q\nwant %q", got, hint, want)
	}
}

func TestUnknownCodeIsShown(t *testing.T) {
	p := printer(t, English)
	got := p.Message("future-code", map[string]string{"B": "2", "A": "1"})
	if want := `future-code A="1" B="2"`; got != want {
		t.Errorf("Message of an unknown code\n got %q\nwant %q", got, want)
	}
	if hint := p.Hint("future-code", nil); hint != "" {
		t.Errorf("Hint of an unknown code is %q, want none", hint)
	}
}

func TestMissingArgumentLeavesNoTrace(t *testing.T) {
	got := printer(t, English).Message("event-cause", nil)
	if strings.Contains(got, "no value") {
		t.Errorf("Message without its argument shows the template: %q", got)
	}
}

func TestTextFallsBackToTheOtherLanguage(t *testing.T) {
	tests := []struct {
		name, lang string
		in         manifest.Text
		want       string
	}{
		{name: "french", lang: French, in: manifest.Text{FR: "oui", EN: "yes"}, want: "oui"},
		{name: "english", lang: English, in: manifest.Text{FR: "oui", EN: "yes"}, want: "yes"},
		{name: "only-english", lang: French, in: manifest.Text{EN: "yes"}, want: "yes"},
		{name: "only-french", lang: English, in: manifest.Text{FR: "oui"}, want: "oui"},
		{name: "neither", lang: English, want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printer(t, tt.lang).Text(tt.in); got != tt.want {
				t.Errorf("Text(%+v)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCountHasSingularAndPlural(t *testing.T) {
	tests := []struct {
		lang string
		n    int
		want string
	}{
		{French, 0, "0 étape."}, {French, 1, "1 étape."}, {French, 2, "2 étapes."},
		{English, 0, "0 steps."}, {English, 1, "1 step."}, {English, 2, "2 steps."},
	}
	for _, tt := range tests {
		if got := printer(t, tt.lang).Count("event-started", tt.n, nil); got != tt.want {
			t.Errorf("Count in %s of %d\n got %q\nwant %q", tt.lang, tt.n, got, tt.want)
		}
	}
}

func TestQuantities(t *testing.T) {
	fr, en := printer(t, French), printer(t, English)
	tests := []struct{ name, got, want string }{
		{"bytes", fr.Bytes(512), "512 o"},
		{"negative-bytes", fr.Bytes(-3), "0 o"},
		{"kilobytes", fr.Bytes(1000), "1,0 ko"},
		{"promoted-not-1000-ko", en.Bytes(999_960), "1.0 MB"},
		{"megabytes", fr.Bytes(12_345_678), "12,3 Mo"},
		{"hundreds-have-no-decimal", en.Bytes(123_456_789), "123 MB"},
		{"gigabytes", en.Bytes(2 << 30), "2.1 GB"},
		{"rate", fr.Rate(3_100_000), "3,1 Mo/s"},
		{"no-rate", fr.Rate(0), ""},
		{"next-to-nothing", fr.Duration(3 * time.Millisecond), "< 0,1 s"},
		{"nothing", fr.Duration(0), "0 s"},
		{"short", fr.Duration(400 * time.Millisecond), "0,4 s"},
		{"seconds", en.Duration(12 * time.Second), "12 s"},
		{"minutes", en.Duration(125 * time.Second), "2 min 05 s"},
		{"rounds-up-to-a-minute", en.Duration(59_700 * time.Millisecond), "1 min 00 s"},
		{"whole-seconds", fr.Duration(2 * time.Second), "2 s"},
		{"days", fr.Duration(76 * time.Hour), "3 j 04 h"},
		{"hours", en.Duration(62 * time.Minute), "1 h 02 min"},
		{"percent-french", fr.Percent(45, 100), "45 %"},
		{"percent-english", en.Percent(45, 100), "45%"},
		{"percent-never-above", en.Percent(150, 100), "100%"},
		{"percent-of-nothing", en.Percent(1, 0), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q\nwant %q", tt.got, tt.want)
			}
		})
	}
}

func TestMeter(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var m Meter
	if m.Rate() != 0 {
		t.Error("an empty meter has a rate")
	}
	for i := range int64(200) { // 10 s, 1 MB/s, an event every 50 ms
		m.Add(start.Add(time.Duration(i)*50*time.Millisecond), i*50_000)
	}
	if got := m.Rate(); got < 990_000 || got > 1_010_000 {
		t.Errorf("rate is %.0f, want about 1,000,000", got)
	}
	if n := len(m.samples); n > 60 {
		t.Errorf("the meter keeps %d samples", n)
	}
	left, ok := m.Remaining(11_950_000)
	if !ok || left.Round(100*time.Millisecond) != 2*time.Second {
		t.Errorf("remaining is %v, %v; want 2s", left, ok)
	}
	m.Add(start.Add(11*time.Second), 0)
	if m.Rate() != 0 {
		t.Error("a transfer that began again keeps its old rate")
	}
}

// BenchmarkFirstMessage is what a short command pays for its language: the
// texts of one language, read and parsed.
func BenchmarkFirstMessage(b *testing.B) {
	for b.Loop() {
		p, err := New(French)
		if err != nil {
			b.Fatal(err)
		}
		if p.Message("view-absent", nil) == "" {
			b.Fatal("no text")
		}
	}
}

func TestEachReasonIsTold(t *testing.T) {
	args := map[string]string{
		"Mirrors": "https://a.example, b", "Mirror1": "https://a.example", "Code1": "network-unreachable", "File1": "x.json",
		"Mirror2": "b", "Code2": "network-proxy-refused", "Proxy2": "proxy:3128", "File2": "y\x1b[31m.json", "Found2": "403",
	}
	for _, tt := range []struct{ lang, want string }{
		{English, "None of the addresses of the repository can be used. https://a.example: The repository cannot be reached (x.json). " +
			"b: The proxy proxy:3128 does not let y[31m.json through: 403."},
		{French, "Aucune des adresses du dépôt n'est utilisable. https://a.example : Le dépôt est injoignable (x.json). " +
			"b : Le proxy proxy:3128 ne laisse pas passer y[31m.json : 403."},
	} {
		if got := printer(t, tt.lang).Message("network-mirrors", args); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.lang, got, tt.want)
		}
	}
	many := map[string]string{}
	for i := range 12 {
		many["Code"+strconv.Itoa(i+1)], many["Mirror"+strconv.Itoa(i+1)] = "network-cut", "mirror-"+strconv.Itoa(i+1)
	}
	if got := strings.Count(printer(t, English).Message("network-mirrors", many), "mirror-"); got != 12 {
		t.Errorf("%d of 12 mirrors are told", got)
	}
}
