package plan

import (
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

func TestChangeOfTheMachineIsAPlan(t *testing.T) {
	facts := map[string]any{"galss.mode": "pss"}
	p := Change(Install, Step{
		Action: backend.Update, Component: "galss-mode", From: "pss", To: "pcsc", Backend: "settings", Why: WhyRequested,
		Release: &manifest.Release{Version: "pcsc", Platform: manifest.Windows, Backend: "settings"},
		Params:  map[string]string{"cps": "Reader 0"},
	}, facts)
	data, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(data)
	if err != nil {
		t.Fatalf("its document cannot be read: %v", err)
	}
	if p.Empty() || p.Refused() || again.Steps[0].Params["cps"] != "Reader 0" || again.Machine["galss.mode"] != "pss" {
		t.Errorf("the plan reads %+v", again)
	}
	back := again.Reverse[0]
	if back.Action != backend.Rollback || back.From != "pcsc" || back.To != "pss" || back.Params["cps"] != "Reader 0" {
		t.Errorf("its reverse is %+v, want a rollback to pss", back)
	}
}
