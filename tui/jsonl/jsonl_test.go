package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/tui/text"
)

var update = flag.Bool("update", false, "write the golden files")

// everything is one of each event with every field set.
func everything() []event.Event {
	failure := event.Failure{
		Message: event.Message{Code: "install-probe-failed", Args: map[string]string{"Component": "galss"}},
		Cause:   "status 1",
	}
	return []event.Event{
		event.Notice{Level: event.Chapter, Message: event.Message{Code: "demo-install", Args: map[string]string{"Machine": "mojave <x>"}}},
		event.Started{Run: "r1", Steps: []event.StepInfo{
			{Action: "update", Component: "galss", From: "3.42.03", To: "3.43.02", Bytes: 4_000_000},
			{Action: "uninstall", Component: "srvsvcnam", From: "3.43"},
		}},
		event.StepStarted{Step: 0},
		event.PhaseStarted{Step: 0, Phase: event.Fetch},
		event.Progress{Step: 0, Phase: event.Fetch, Done: 0, Total: 4_000_000},
		event.Retrying{Step: 0, Failure: failure},
		event.Retrying{Step: 0, Mirror: "https://miroir.example", Failure: failure},
		event.DeltaUsed{Step: 0, From: "3.42.03", Bytes: 120_000, Full: 4_000_000},
		event.StepDone{Step: 0, Version: "3.43.02", Took: 2100 * time.Millisecond},
		event.StepDone{Step: 1},
		event.StepFailed{Step: 1, Phase: event.Probe, Failure: failure},
		event.Reverting{Step: 1},
		event.StepReverted{Step: 1, Version: "3.43"},
		event.SettingRestored{Step: 0, Path: "Library/Preferences/galss.ini"},
		event.Told{Step: 0, Message: event.Message{Code: "install-waiting", Args: map[string]string{"Holder": "msiexec.exe"}}},
		event.Finished{
			Run: "r1", Outcome: event.Reverted, Failure: &failure,
			Installed: map[string]string{"galss": "3.42.03", "srvsvcnam": ""}, Reboot: true,
		},
	}
}

func TestGolden(t *testing.T) {
	var got bytes.Buffer
	sink := To(&got)
	for _, e := range everything() {
		sink(e)
	}
	const golden = "testdata/events.jsonl"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the events read\n%s\nwant\n%s", got.String(), want)
	}
}

// answers are the parts of the page that are not events.
var answers = []string{"error"}

func TestPageAndCodeAgree(t *testing.T) {
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	field := regexp.MustCompile("^\\| `([a-z_]+)` \\|")
	current := ""
	for _, line := range strings.Split(string(page), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			current = name
		} else if m := field.FindStringSubmatch(line); m != nil && !slices.Contains(answers, current) {
			want[current] = append(want[current], m[1])
		}
	}
	got := map[string][]string{}
	for _, e := range everything() {
		for name, fields := range fieldsOf(t, e) {
			got[name] = fields
		}
	}
	for name := range want {
		slices.Sort(want[name])
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the events have the fields\n%v\nbut docs/events.md says\n%v", got, want)
	}
}

func fieldsOf(t *testing.T, e event.Event) map[string][]string {
	t.Helper()
	line, err := encode(describe(e))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(line, &object); err != nil {
		t.Fatal(err)
	}
	name, _ := object["type"].(string)
	delete(object, "type")
	return map[string][]string{name: slices.Sorted(maps.Keys(object))}
}

func TestHostileStringsActOnNothing(t *testing.T) {
	hostile := "a\x1b]0;t\x07\r\n\u009b31m\x7f\u202Eb\u2028\uFEFF\U000E0041"
	line, err := encode(describe(event.SettingRestored{Path: hostile}))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSuffix(string(line), "\n")
	if strings.ContainsFunc(body, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf) }) {
		t.Errorf("a character that acts on a terminal came through: %q", body)
	}
	var got struct{ Path string }
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	if got.Path != hostile {
		t.Errorf("the path decodes to\n     %q\nwant %q", got.Path, hostile)
	}
}

type codedError struct{}

func (codedError) Error() string           { return "the folder is full" }
func (codedError) Code() string            { return "view-error" }
func (codedError) Args() map[string]string { return map[string]string{"Error": "disque plein"} }

func TestErrorAndValue(t *testing.T) {
	p, err := text.New(text.French)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	Error(&b, p, fmt.Errorf("around: %w", codedError{}))
	Error(&b, p, errors.New("plain"))
	if err := Value(&b, "facts", map[string]any{"elevated": true}); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"error","code":"view-error","args":{"Error":"disque plein"},"message":"Une erreur est survenue : disque plein","cause":"around: the folder is full"}
{"type":"error","message":"Une erreur est survenue : plain","cause":"plain"}
{"type":"facts","value":{"elevated":true}}
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if err := Value(brokenPipe{}, "facts", nil); err == nil {
		t.Error("Value to a broken pipe gave no error")
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestBrokenPipeIsSurvived(*testing.T) {
	sink := To(brokenPipe{})
	for _, e := range everything() {
		sink(e)
	}
}
