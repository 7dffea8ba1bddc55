package manifest_test

import (
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

func TestOpenOffersNewestFirst(t *testing.T) {
	v := manifesttest.Verified(t, "stable", []manifest.Component{{
		Name: "galss",
		Releases: []manifest.Release{
			{Version: "3.42.03", Platform: manifest.MacOS},
			{Version: "3.43.02", Platform: manifest.MacOS},
			{Version: "3.45.01", Platform: manifest.Windows},
			{Version: "3.44", Platform: manifest.Any},
		},
	}})
	var got []string
	for _, r := range v.Offered("galss", manifest.MacOS) {
		got = append(got, r.Version)
	}
	want := []string{"3.44", "3.43.02", "3.42.03"}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("Offered\n got %v\nwant %v", got, want)
	}
}
