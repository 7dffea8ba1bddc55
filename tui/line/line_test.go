package line

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/tui/text"
)

var update = flag.Bool("update", false, "write the golden files")

func printer(t *testing.T, lang string) *text.Printer {
	t.Helper()
	p, err := text.New(lang)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// golden compares got with testdata/name, and holds every page to its rules.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, l := range strings.Split(got, "\n") {
		if n := utf8.RuneCountInString(l); n > columns {
			t.Errorf("a line has %d columns: %q", n, l)
		}
	}
	if strings.ContainsAny(got, "\r\x1b\t") {
		t.Errorf("the page holds a control character: %q", got)
	}
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s reads\n%s\nwant\n%s", name, got, want)
	}
}

// clock stands still until somebody moves it.
type clock struct{ now time.Time }

func newClock() *clock                 { return &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }
func (c *clock) Now() time.Time        { return c.now }
func (c *clock) pass(by time.Duration) { c.now = c.now.Add(by) }

// failedRun is an update whose probe fails and that is undone.
func failedRun(sink event.Sink, c *clock) {
	failure := event.Failure{Message: event.Message{Code: "view-error", Args: map[string]string{
		"Error": "SrvSVCNAM ne répond pas sur le port 6870",
	}}, Cause: "probe: status 1"}
	sink(event.Notice{Level: event.Chapter, Message: event.Message{Code: "view-findings-none"}})
	sink(event.Started{Run: "r1", Steps: []event.StepInfo{
		{Action: "update", Component: "galss", From: "3.42.03", To: "3.43.02", Bytes: 12_300_000},
		{Action: "uninstall", Component: "srvsvcnam", From: "3.42.02"},
	}})
	sink(event.StepStarted{Step: 0})
	sink(event.PhaseStarted{Step: 0, Phase: event.Fetch})
	for i := range int64(41) {
		sink(event.Progress{Step: 0, Phase: event.Fetch, Done: i * 307_500, Total: 12_300_000})
		c.pass(100 * time.Millisecond)
	}
	sink(event.StepDone{Step: 0, Version: "3.43.02", Took: 4100 * time.Millisecond})
	sink(event.StepStarted{Step: 1})
	sink(event.StepFailed{Step: 1, Phase: event.Probe, Failure: failure})
	sink(event.Reverting{Step: 1})
	sink(event.SettingRestored{Step: 1, Path: "Library/Preferences/galss.ini"})
	sink(event.StepReverted{Step: 1, Version: "3.42.02"})
	sink(event.Reverting{Step: 0})
	sink(event.StepReverted{Step: 0})
	sink(event.Finished{
		Run: "r1", Outcome: event.Reverted, Failure: &failure, Reboot: true,
		Installed: map[string]string{"galss": "3.42.03", "srvsvcnam": "3.42.02", "cryptolib-cps": ""},
	})
}

func TestRun(t *testing.T) {
	for _, lang := range []string{text.French, text.English} {
		t.Run(lang, func(t *testing.T) {
			var b strings.Builder
			c := newClock()
			failedRun(To(&b, printer(t, lang), Options{Now: c.Now}), c)
			golden(t, "run."+lang+".txt", b.String())
		})
	}
}

func TestProgressIsNotAFlood(t *testing.T) {
	var b strings.Builder
	c := newClock()
	sink := To(&b, printer(t, text.English), Options{Now: c.Now})
	for i := range int64(10_000) { // 2 s in all
		sink(event.Progress{Step: 0, Phase: event.Fetch, Done: i, Total: 10_000})
		c.pass(200 * time.Microsecond)
	}
	if n := strings.Count(b.String(), "\n"); n < 5 || n > 10 {
		t.Errorf("%d lines for one quick download, want one for each tenth:\n%s", n, b.String())
	}
}

func TestSlowProgressIsToldInTime(t *testing.T) {
	var b strings.Builder
	c := newClock()
	sink := To(&b, printer(t, text.English), Options{Now: c.Now})
	for i := range int64(240) { // 120 s for 2.4 %
		sink(event.Progress{Step: 0, Phase: event.Fetch, Done: i, Total: 10_000})
		c.pass(500 * time.Millisecond)
	}
	if n := strings.Count(b.String(), "\n"); n < 3 || n > 4 {
		t.Errorf("%d lines in 120 s, want one every 30 s:\n%s", n, b.String())
	}
}

func reason() plan.Reason {
	return plan.Reason{
		Code: "macos-too-old", Fact: "os.version", Required: ">= 10.15", Actual: "10.14.6", Holds: manifest.False,
		Because: manifest.Text{
			FR: "Cryptolib CPS 5.1.8 ne fonctionne pas sur macOS Mojave : l'ATSAM de Catalina l'y installe pourtant.",
			EN: "Cryptolib CPS 5.1.8 does not work on macOS Mojave, although the ATSAM of Catalina installs it there.",
		},
		Remedy: &manifest.Text{FR: "Installez Cryptolib CPS 5.1.5.", EN: "Install Cryptolib CPS 5.1.5."},
		Source: "FMF, compte rendu d'un médecin, 2020", Confidence: manifest.Confirmed,
	}
}

func samplePlan() plan.Plan {
	inferred := reason()
	inferred.Confidence, inferred.Actual, inferred.Remedy = manifest.Inferred, "", nil
	return plan.Plan{
		Steps: []plan.Step{
			{Action: "install", Component: "galss", To: "3.42.03", Why: plan.WhyNeededBy, For: "srvsvcnam"},
			{Action: "update", Component: "cryptolib-cps", From: "5.1.1", To: "5.1.5", Why: plan.WhyNewer, Questions: []plan.Reason{inferred}},
		},
		Refusals: []plan.Refusal{
			{Component: "cryptolib-cps", Version: "5.1.8", Code: "macos-too-old", Reasons: []plan.Reason{reason()}, Accepted: "5.1.5", Chosen: true},
			{Component: "srvsvcnam", Version: "3.43", Reasons: []plan.Reason{reason()}, Accepted: "3.42.02"},
		},
		Warnings: []plan.Warning{{Component: "galss", Version: "3.42.03", Reason: inferred}},
		Download: 8_123_456, Disk: 31_000_000,
	}
}

func TestPlan(t *testing.T) {
	for _, lang := range []string{text.French, text.English} {
		t.Run(lang, func(t *testing.T) {
			var b strings.Builder
			if err := Plan(&b, printer(t, lang), samplePlan()); err != nil {
				t.Fatal(err)
			}
			golden(t, "plan."+lang+".txt", b.String())
		})
	}
}

func TestFindingsAndExplanation(t *testing.T) {
	holds := plan.Reason{Code: "macos-family", Fact: "os.family", Required: "= macos", Actual: "macos", Holds: manifest.True,
		Because: manifest.Text{FR: "Ce paquet est fait pour macOS.", EN: "This package is made for macOS."}}
	for _, lang := range []string{text.French, text.English} {
		t.Run(lang, func(t *testing.T) {
			var b strings.Builder
			p := printer(t, lang)
			err := errors.Join(
				Findings(&b, p, nil),
				Findings(&b, p, []diagnose.Finding{{
					ID: "PDT-INF-873", Severity: manifest.Blocking, Holds: manifest.True,
					Title:    manifest.Text{FR: "GALSS ne démarre plus", EN: "GALSS no longer starts"},
					Because:  manifest.Text{FR: "GALSS appelle WMIC, qui n'est plus là.", EN: "GALSS calls WMIC, which is gone."},
					Reasons:  []manifest.Leaf{{Fact: "wmic.present", Required: "= false", Actual: "false", Holds: manifest.True}},
					Remedies: []manifest.Remedy{{Text: manifest.Text{FR: "Passez en PC/SC.", EN: "Move to PC/SC."}, Command: "releve repair galss"}},
					Source:   "GIE SESAM-Vitale, PDT-INF-873, 16/09/2024",
				}}),
				Printf(&b, "\n"),
				Explanation(&b, p, plan.Explanation{
					Component: "cryptolib-cps", Installed: "5.1.1", Newest: "5.1.5",
					Releases: []plan.Verdict{
						{Version: "5.2.1", Holds: manifest.Unknown},
						{Version: "5.1.8", Holds: manifest.False, Reasons: []plan.Reason{holds, reason()}},
						{Version: "5.1.6", Holds: manifest.True, Withdrawn: true},
						{Version: "5.1.5", Holds: manifest.True, Accepted: true, Reasons: []plan.Reason{holds}, Provenance: &manifest.Provenance{
							Identity: "https://github.example/ans/cryptolib-cps/.github/workflows/release.yml@refs/tags/v5.1.5",
							Issuer:   "https://token.example",
						}},
					},
				}),
				Printf(&b, "\n"),
				Explanation(&b, p, plan.Explanation{Component: "galss"}),
			)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "findings."+lang+".txt", b.String())
		})
	}
}

func TestStatusHistoryDamageFacts(t *testing.T) {
	for _, lang := range []string{text.French, text.English} {
		t.Run(lang, func(t *testing.T) {
			var b strings.Builder
			p := printer(t, lang)
			err := errors.Join(
				Status(&b, p, State{
					System: "macOS Mojave", Metadata: &Metadata{Age: 50 * time.Hour, Expires: newClock().now, Expired: true},
					Components: []Component{
						{Name: "cryptolib-cps", Title: manifest.Text{FR: "Cryptolib CPS", EN: "Cryptolib CPS"}, Version: "5.1.5", Versions: []string{"5.1.5", "5.0.45"}, Previous: "5.1.1"},
						{Name: "galss", Title: manifest.Text{FR: "GALSS", EN: "GALSS"}},
						{Name: "srvsvcnam", Title: manifest.Text{FR: "SrvSVCNAM", EN: "SrvSVCNAM"}, Unknown: true},
					},
				}),
				Printf(&b, "\n"),
				Status(&b, p, State{Problems: []Problem{
					{Code: "receipt-damaged", Args: map[string]string{"Component": "galss", "File": "receipts/galss.json.damaged"}},
				}}),
				Printf(&b, "\n"),
				Status(&b, p, State{Metadata: &Metadata{
					Age: time.Hour, Expires: newClock().now, GraceDays: 60, ClockBehind: 26 * time.Hour,
					Roles: []Role{
						{Name: "root", Version: 3, Expires: newClock().now.AddDate(0, 2, 0), State: RoleSoon},
						{Name: "timestamp", Version: 120, Expires: newClock().now, State: RoleGrace},
						{Name: "targets", Version: 12, Expires: newClock().now.AddDate(0, 3, 0), State: RoleCurrent},
						{Name: "ans", Version: 7, Expires: newClock().now, State: RoleExpired},
					},
				}}),
				Printf(&b, "\n"),
				History(&b, p, []Past{{
					Run: "r2", Time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.Local), Outcome: event.Reverted,
					Steps: []event.StepInfo{{Action: "rollback", Component: "galss", From: "3.43.02"}, {Action: "repair", Component: "srvsvcnam", From: "3.43", To: "3.43"}},
				}}),
				History(&b, p, nil),
				Printf(&b, "\n"),
				Damage(&b, p, map[string][]Difference{"galss": {{Path: "bin/galsvosx", What: "missing"}}, "srvsvcnam": nil}),
				Printf(&b, "\n"),
				Facts(&b, p, map[string]any{"os.version": "10.14.6", "elevated": true, "disk.free_bytes": int64(5)}),
			)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "state."+lang+".txt", b.String())
		})
	}
}

func TestHostileStringsForgeNoLine(t *testing.T) {
	var b strings.Builder
	p := printer(t, text.English)
	hostile := "x\r\n[ ok ] all is well\n\x1b[2J\u202E"
	sink := To(&b, p, Options{Now: newClock().Now})
	sink(event.Started{Steps: []event.StepInfo{{Action: "install", Component: hostile, To: hostile}}})
	sink(event.StepStarted{Step: 0})
	sink(event.SettingRestored{Path: hostile})
	r := reason()
	r.Required, r.Actual, r.Source, r.Code, r.Because.EN = hostile, hostile, hostile, hostile, hostile
	if err := Plan(&b, p, plan.Plan{Refusals: []plan.Refusal{{Component: hostile, Version: hostile, Reasons: []plan.Reason{r}}}}); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(b.String(), "\n") {
		if strings.HasPrefix(l, "[ ok ]") || strings.ContainsAny(l, "\r\x1b\u202E") {
			t.Errorf("a string from outside made the line %q", l)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestBrokenPipe(t *testing.T) {
	p := printer(t, text.English)
	c := newClock()
	failedRun(To(brokenPipe{}, p, Options{Now: c.Now}), c) // returns
	if err := Plan(brokenPipe{}, p, samplePlan()); err == nil {
		t.Error("Plan to a broken pipe gave no error")
	}
}
