package component

import (
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// compareVersions orders versions; one that cannot be told is before all.
func compareVersions(a, b string) int {
	va, errA := manifest.ParseVersion(a)
	vb, errB := manifest.ParseVersion(b)
	switch {
	case errA != nil && errB != nil:
		return 0
	case errA != nil:
		return -1
	case errB != nil:
		return 1
	}
	return va.Compare(vb)
}

func equalVersions(a, b string) bool { return a == b || compareVersions(a, b) == 0 }

func containsVersion(all []string, version string) bool {
	return slices.ContainsFunc(all, func(v string) bool { return equalVersions(v, version) })
}
