package tui

import (
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/tui/text"
)

func printer(t *testing.T, lang string) *text.Printer {
	t.Helper()
	p, err := text.New(lang)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func morning() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func sampleReason() plan.Reason {
	return plan.Reason{
		Code: "macos-too-old", Fact: "os.version", Required: ">= 10.15", Actual: "10.14.6", Holds: manifest.False,
		Because: manifest.Text{
			FR: "Cryptolib CPS 5.1.8 ne fonctionne pas sur macOS Mojave : l'ATSAM de Catalina l'y installe pourtant.",
			EN: "Cryptolib CPS 5.1.8 does not work on macOS Mojave, although the ATSAM of Catalina installs it there.",
		},
		Remedy: &manifest.Text{FR: "Installez Cryptolib CPS 5.1.5.", EN: "Install Cryptolib CPS 5.1.5."},
		Source: "FMF, compte rendu d'un médecin, 2020",
	}
}

func samplePlan() plan.Plan {
	unknown := sampleReason()
	unknown.Holds, unknown.Actual, unknown.Confidence = manifest.Unknown, "", manifest.Inferred
	return plan.Plan{
		Steps: []plan.Step{
			{Action: "downgrade", Component: "cryptolib-cps", From: "5.1.8", To: "5.1.5", Why: plan.WhyRequested},
			{Action: "install", Component: "galss", To: "3.42.03", Why: plan.WhyNeededBy, For: "srvsvcnam"},
			{Action: "update", Component: "srvsvcnam", From: "3.40.02", To: "3.42.02", Why: plan.WhyNewer, Questions: []plan.Reason{unknown}},
		},
		Refusals: []plan.Refusal{{
			Component: "cryptolib-cps", Version: "5.1.8", Code: "macos-too-old",
			Reasons: []plan.Reason{sampleReason()}, Accepted: "5.1.5", Chosen: true,
		}},
		Warnings: []plan.Warning{{Component: "galss", Version: "3.42.03", Reason: unknown}},
		Download: 31_000_000, Disk: 82_000_000,
	}
}

func sampleLoaded() Loaded {
	return Loaded{
		Machine: []Line{{"os.name", "macOS Mojave"}, {"os.version", "10.14.6"}, {"made.fact", "x"}},
		Components: []Component{
			{Name: "galss", Title: "GALSS"},
			{Name: "srvsvcnam", Title: "SrvSVCNAM", Version: "3.40.02", Damaged: true},
			{Name: "cryptolib-cps", Title: "Cryptolib CPS", Version: "5.1.8", Versions: []string{"5.1.8", "5.1.5"}},
		},
		Findings: []diagnose.Finding{{
			ID: "PDT-INF-873", Severity: manifest.Blocking, Holds: manifest.Unknown,
			Title:   manifest.Text{FR: "GALSS ne démarre plus", EN: "GALSS no longer starts"},
			Because: manifest.Text{FR: "GALSS appelle WMIC, qui n'est plus là.", EN: "GALSS calls WMIC, which is gone."},
			Reasons: []manifest.Leaf{
				{Fact: "wmic.present", Required: "= false", Actual: "false", Holds: manifest.True},
				{Fact: "component.galss.version", Required: ">= 3.42", Holds: manifest.Unknown},
			},
			Remedies:   []manifest.Remedy{{Text: manifest.Text{FR: "Passez en PC/SC.", EN: "Move to PC/SC."}, Command: "releve install galss@3.45.01"}},
			Source:     "GIE SESAM-Vitale, PDT-INF-873, 16/09/2024",
			Confidence: manifest.Inferred,
		}},
		Plan: samplePlan(),
	}
}

func sampleSteps() []event.StepInfo {
	return []event.StepInfo{
		{Action: "downgrade", Component: "cryptolib-cps", From: "5.1.8", To: "5.1.5", Bytes: 12_300_000},
		{Action: "install", Component: "galss", To: "3.42.03", Bytes: 8_000_000},
		{Action: "update", Component: "srvsvcnam", From: "3.40.02", To: "3.42.02", Bytes: 10_700_000},
	}
}

// downloading are the events up to the middle of the second download.
func downloading() []any {
	now := morning()
	msgs := []any{
		timed{now, event.Started{Run: "r1", Steps: sampleSteps()}},
		timed{now, event.StepStarted{Step: 0}},
		timed{now, event.PhaseStarted{Step: 0, Phase: event.Apply}},
		timed{now, event.StepDone{Step: 0, Version: "5.1.5", Took: 2 * time.Second}},
		timed{now, event.StepStarted{Step: 1}},
		timed{now, event.PhaseStarted{Step: 1, Phase: event.Fetch}},
	}
	for i := range int64(11) {
		msgs = append(msgs, timed{now.Add(time.Duration(i) * 100 * time.Millisecond),
			event.Progress{Step: 1, Phase: event.Fetch, Done: i * 400_000, Total: 8_000_000}})
	}
	return msgs
}

// failing are the events after those of downloading, when the step fails.
func failing() []any {
	now := morning()
	failure := event.Failure{Message: event.Message{Code: "view-error", Args: map[string]string{"Error": "port 6870"}}}
	return []any{
		timed{now, event.StepFailed{Step: 1, Phase: event.Probe, Failure: failure}},
		timed{now, event.Reverting{Step: 1}},
		timed{now, event.SettingRestored{Step: 1, Path: "Library/Preferences/galss.ini"}},
		timed{now, event.StepReverted{Step: 1}},
		timed{now, event.Reverting{Step: 0}},
		timed{now, event.StepReverted{Step: 0, Version: "5.1.8"}},
		timed{now, event.Finished{Outcome: event.Reverted, Failure: &failure, Installed: map[string]string{"cryptolib-cps": "5.1.8", "galss": ""}}},
		ended{errSample},
	}
}
