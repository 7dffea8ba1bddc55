package main

import (
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/event"
)

// TestBrought holds after which recoveries a rollback has nothing left to do.
func TestBrought(t *testing.T) {
	for name, tt := range map[string]struct {
		step    event.StepInfo
		outcome event.Outcome
		want    bool
	}{
		"rollback-completed":  {event.StepInfo{Action: "rollback", Component: "galss", From: "2.0", To: "1.0"}, event.Completed, true},
		"rollback-undone":     {event.StepInfo{Action: "rollback", Component: "galss", From: "2.0", To: "1.0"}, event.Undone, false},
		"update-undone":       {event.StepInfo{Action: "update", Component: "galss", From: "1.0", To: "2.0"}, event.Undone, true},
		"update-completed":    {event.StepInfo{Action: "update", Component: "galss", From: "1.0", To: "2.0"}, event.Completed, false},
		"uninstall-undone":    {event.StepInfo{Action: "uninstall", Component: "galss", From: "1.0"}, event.Undone, true},
		"repair-undone":       {event.StepInfo{Action: "repair", Component: "galss", From: "1.0", To: "1.0"}, event.Undone, false},
		"another-component":   {event.StepInfo{Action: "update", Component: "fsv", From: "1.0", To: "2.0"}, event.Undone, false},
		"nothing-interrupted": {outcome: event.Nothing},
	} {
		r := recovered{result: installer.Result{Outcome: tt.outcome}, steps: []event.StepInfo{tt.step}}
		if got := r.brought("galss"); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
