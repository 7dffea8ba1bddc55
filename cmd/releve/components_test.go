package main

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/registry"
	"github.com/releve-sante/releve/tui/text"
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
			got := componentFacts(before, "c", tt.version, tt.found)
			if !maps.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			var several []string
			if all := tt.found.Versions(); len(all) > 1 {
				several = all
			}
			if got := versionsOf(got, "c"); !slices.Equal(got, several) {
				t.Errorf("got versions %q, want %q", got, several)
			}
		})
	}
}

// lockedMachine is a machine whose registry may not be read.
type lockedMachine struct{ component.Machine }

func (lockedMachine) Value(context.Context, registry.View, string, string) (string, error) {
	return "", fs.ErrPermission
}

// TestUnknownComponentIsSaid: a locked key is told in a sentence with its place,
// and not when something else showed the component.
func TestUnknownComponentIsSaid(t *testing.T) {
	evidence := []manifest.Evidence{{Kind: manifest.EvidenceRegistry, Path: `SOFTWARE\ASIP\Cryptolib CPS`, Name: "Version"}}
	unknown, err := component.Find(t.Context(), lockedMachine{}, evidence)
	if err != nil {
		t.Fatal(err)
	}
	shown := unknown
	shown.Presence = component.Present
	var out strings.Builder
	printer, err := text.New("en")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{errOut: &out, text: printer, now: time.Now}
	a.sayUnknown(map[string]component.Found{"cryptolib-cps": unknown, "other": shown})
	const place = `HKLM\SOFTWARE\ASIP\Cryptolib CPS\Version`
	if got := strings.Join(strings.Fields(out.String()), " "); strings.Count(got, place+" may not be read") != 1 {
		t.Errorf("got %q, want one sentence about %s", got, place)
	}
}
