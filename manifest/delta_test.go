package manifest

import "testing"

func TestDeltaFrom(t *testing.T) {
	release := Release{
		Version:  "3.43.02",
		Artifact: &Artifact{Length: 1000, Plain: &Plain{Length: 4000}},
		Deltas: []Delta{
			{From: "3.42.03", Length: 100},
			{From: "3.41", Length: 300},
			{From: "3.40", Length: 1000},
		},
	}
	bare := release
	bare.Artifact = &Artifact{Length: 1000}
	tests := []struct {
		name    string
		release Release
		have    string
		want    string
	}{
		{"the-installed-version", release, "3.41", "3.41"},
		{"written-otherwise", release, "3,42,3,0", "3.42.03"},
		{"no-smaller-than-the-package", release, "3.40", ""},
		{"another-version", release, "3.39", ""},
		{"nothing-installed", release, "", ""},
		{"what-is-no-version", release, "unknown", ""},
		{"nothing-to-compare-with", bare, "3.41", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if d := tt.release.DeltaFrom(tt.have); d != nil {
				got = d.From
			}
			if got != tt.want {
				t.Errorf("DeltaFrom(%q)\n got %q\nwant %q", tt.have, got, tt.want)
			}
		})
	}
}
