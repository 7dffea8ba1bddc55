package text

import (
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

func TestReasonOfARule(t *testing.T) {
	r := plan.Reason{
		Code: "macos-too-old", Fact: "os.version", Required: ">= 10.15", Actual: "10.14.6",
		Because: manifest.Text{FR: "Trop ancien.", EN: "Too old."},
		Remedy:  &manifest.Text{FR: "Prenez 5.1.5.", EN: "Take 5.1.5."}, Source: "ANS",
	}
	p := printer(t, English)
	if got, want := p.Because(r, "cryptolib-cps", "5.1.8"), "Too old."; got != want {
		t.Errorf("Because\n got %q\nwant %q", got, want)
	}
	want := []Field{
		{"rule", "macos-too-old"}, {"required", "system version >= 10.15"}, {"found", "10.14.6"},
		{"source", "ANS"}, {"remedy", "Take 5.1.5."},
	}
	if got := p.Reason(r, "cryptolib-cps", "5.1.8"); !slices.Equal(got, want) {
		t.Errorf("Reason\n got %q\nwant %q", got, want)
	}
	r.Actual, r.Confidence, r.Remedy, r.Source = "", manifest.Inferred, nil, ""
	want = []Field{
		{"rule", "macos-too-old"}, {"required", "system version >= 10.15"}, {"found", "unknown"},
		{"certainty", "an inference, not confirmed by the publisher"},
	}
	if got := p.Reason(r, "cryptolib-cps", "5.1.8"); !slices.Equal(got, want) {
		t.Errorf("Reason with an unknown fact\n got %q\nwant %q", got, want)
	}
}

func TestReasonOfPlanningItself(t *testing.T) {
	p := printer(t, French)
	r := plan.Reason{Code: plan.CodeDiskTooSmall, Fact: "disk.free_bytes", Required: "31000000", Actual: "1000"}
	got := p.Reason(r, "", "")
	want := []Field{{"règle", "plan-disk-too-small"}, {"exigé", "espace disque libre 31,0 Mo"}, {"constaté", "1,0 ko"}}
	if len(got) < 3 || !slices.Equal(got[:3], want) {
		t.Errorf("Reason\n got %q\nwant %q", got, want)
	}
}

func TestFactNames(t *testing.T) {
	p := printer(t, English)
	tests := []struct{ path, want string }{
		{"os.version", "system version"},
		{"component.galss.version", "installed version of galss"},
		{"component.galss.present", "presence of galss"},
		{"something.version", "something.version"},
		{"x\x1b[2Jy", "x[2Jy"},
	}
	for _, tt := range tests {
		if got := p.Fact(tt.path); got != tt.want {
			t.Errorf("Fact(%q)\n got %q\nwant %q", tt.path, got, tt.want)
		}
	}
}

func TestFinding(t *testing.T) {
	p := printer(t, English)
	f := diagnose.Finding{
		ID: "PDT-INF-873", Severity: manifest.Warning, Holds: manifest.Unknown, Title: manifest.Text{EN: "GALSS stops"},
		Reasons:    []manifest.Leaf{{Fact: "wmic.present", Required: "= false"}},
		Remedies:   []manifest.Remedy{{Text: manifest.Text{EN: "Move to PC/SC."}, Command: "releve repair galss"}},
		Confidence: manifest.Inferred, Source: "GIE",
	}
	if got, want := p.FindingTitle(f), "PDT-INF-873 (warning, to be checked, since a fact is unknown): GALSS stops"; got != want {
		t.Errorf("FindingTitle\n got %q\nwant %q", got, want)
	}
	want := []Field{
		{"applies to", "presence of WMIC = false"}, {"found", "unknown"},
		{"certainty", "an inference, not confirmed by the publisher"},
		{"remedy", "Move to PC/SC."}, {"command", "releve repair galss"}, {"source", "GIE"},
	}
	if got := p.FindingFields(f); !slices.Equal(got, want) {
		t.Errorf("FindingFields\n got %q\nwant %q", got, want)
	}
}

func TestEveryWordOfTheEngineHasAText(t *testing.T) {
	for _, lang := range []string{French, English} {
		p := printer(t, lang)
		for _, ph := range []event.Phase{event.Fetch, event.Kit, event.Apply, event.Detect, event.Probe, event.Commit, event.Revert} {
			if got := p.Phase(ph); got == string(ph) || got == "" {
				t.Errorf("phase %q has no text in %q", ph, lang)
			}
		}
		for _, o := range []event.Outcome{event.Done, event.Nothing, event.Reverted, event.Stuck, event.Undone, event.Completed} {
			if got := p.Outcome(o); got == string(o) || got == "" {
				t.Errorf("outcome %q has no text in %q", o, lang)
			}
		}
		for _, why := range []string{plan.WhyRequested, plan.WhyNewer, plan.WhyNeededBy, plan.WhyRepair, plan.WhyRollback} {
			if got := p.Why(plan.Step{Why: why, For: "galss"}); got == why && lang == French {
				t.Errorf("reason %q has no text in %q", why, lang)
			}
		}
		for _, a := range []string{"install", "update", "downgrade", "repair", "uninstall", "rollback"} {
			if got := p.Verb(a); got == "action-"+a {
				t.Errorf("action %q has no noun in %q", a, lang)
			}
		}
	}
}

func TestUnknownWordsAreShownAsTheyAre(t *testing.T) {
	p := printer(t, English)
	name := func(s string) string { return s }
	for _, got := range []string{p.Phase("future"), p.Outcome("future"), p.Severity("future"), p.Why(plan.Step{Why: "future"})} {
		if got != "future" {
			t.Errorf("got %q, want the word itself", got)
		}
	}
	if got, want := p.Action(event.StepInfo{Action: "future", Component: "galss"}, name), "galss: future"; got != want {
		t.Errorf("Action\n got %q\nwant %q", got, want)
	}
}

func TestNarratorSurvivesEventsOutOfOrder(t *testing.T) {
	n := NewNarrator(printer(t, English), nil)
	for _, e := range []event.Event{
		event.StepDone{Step: 7}, event.StepFailed{Step: -1}, event.Finished{}, event.Started{}, event.Reverting{Step: 1}, nil,
	} {
		n.Tell(e)
	}
}
