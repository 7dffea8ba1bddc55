package main

import (
	"maps"
	"testing"

	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/component"
)

// TestComponentFacts: what a backend found in its own way comes first, what
// cannot be told is unknown, and only what nobody can see is absent by default.
func TestComponentFacts(t *testing.T) {
	several := []component.Install{{Version: "5.2.6"}, {Version: "5.1.7"}}
	tests := []struct {
		name    string
		version string // of a backend, or of the foreign install
		found   component.Found
		want    osdetect.Facts
	}{
		{"backend-alone", "1.2", component.Found{}, osdetect.Facts{"component.c.present": true, "component.c.version": "1.2"}},
		{
			"backend-before-evidence", "1.2", component.Found{Presence: component.Unknown},
			osdetect.Facts{"component.c.present": true, "component.c.version": "1.2"},
		},
		{
			"side-by-side", "5.2.6", component.Found{Presence: component.Present, Version: "5.2.6", Installs: several},
			osdetect.Facts{"component.c.present": true, "component.c.version": "5.2.6", "component.c.versions": "5.2.6, 5.1.7"},
		},
		{"locked", "", component.Found{Presence: component.Unknown}, osdetect.Facts{}},
		{"without-version", "", component.Found{Presence: component.Present}, osdetect.Facts{"component.c.present": true}},
		{"absent", "", component.Found{Presence: component.Absent}, osdetect.Facts{"component.c.present": false}},
		{"nothing-to-go-by", "", component.Found{}, osdetect.Facts{"component.c.present": false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := osdetect.Facts{"component.c.present": true, "component.c.version": "0.9"}
			if got := componentFacts(before, "c", tt.version, tt.found); !maps.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
