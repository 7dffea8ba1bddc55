package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/plan"
)

// TestGroundsHoldAllThatAPlanMayDependOn fails when plan.Input gets a field
// that grounds do not know: a decision would then be printed again although
// something it depended on has changed.
func TestGroundsHoldAllThatAPlanMayDependOn(t *testing.T) {
	held := map[string]string{
		"Request":    "Request",
		"Manifest":   "Revision", // and Channel: the documents, by the metadata that names them
		"Platform":   "Platform",
		"Facts":      "Facts", // that were asked for; free space through Fits
		"Installed":  "Installed",
		"Backends":   "Backends",
		"Tried":      "Tried",
		"Floors":     "Floors",
		"FloorsLost": "FloorsLost",
	}
	var has []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[grounds]()) {
		has = append(has, f.Name)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[plan.Input]()) {
		if by, known := held[f.Name]; !known || !slices.Contains(has, by) {
			t.Errorf("plan.Input.%s has no place in grounds: add one, or check may print a stale decision", f.Name)
		}
	}
}
