package manifest

import (
	"strings"
	"testing"
)

func badRollouts() []badDocument {
	const c, r = "channel", "offers[1].rollouts[0]."
	return []badDocument{
		{name: "rollout-of-what-is-not-offered", kind: c, path: r + "version", value: `"3.44"`, code: CodeValue, blind: true},
		{name: "rollout-of-no-version", kind: c, path: r + "version", value: `"new"`, code: CodeValue},
		{name: "rollout-twice", kind: c, path: r + "version", value: `"3.42.3"`, code: CodeDuplicate,
			at: "offers[1].rollouts[1].version", blind: true},
		{name: "rollout-without-salt", kind: c, path: r + "salt", code: CodeMissingField},
		{name: "rollout-with-a-short-salt", kind: c, path: r + "salt", value: `"00"`, code: CodeValue},
		{name: "share-of-more-than-all", kind: c, path: r + "share", value: `10001`, code: CodeValue},
		{name: "share-below-nothing", kind: c, path: r + "share", value: `-1`, code: CodeValue},
		{name: "group-in-capitals", kind: c, path: r + "groups[0]", value: `"Radiology"`, code: CodeValue},
		{name: "department-of-corsica-before-1976", kind: c, path: r + "departments[0]", value: `"20"`, code: CodeValue},
		{name: "department-that-never-was", kind: c, path: r + "departments[0]", value: `"96"`, code: CodeValue},
		{name: "territory-that-never-was", kind: c, path: r + "departments[0]", value: `"985"`, code: CodeValue},
		{name: "finess-too-short", kind: c, path: r + "finess[0]", value: `"75071218"`, code: CodeValue},
		{name: "finess-with-a-strange-letter", kind: c, path: r + "finess[0]", value: `"7A0712184"`, code: CodeValue},
		{name: "rollout-to-nobody", kind: c, path: "offers[1].rollouts[0]", code: CodeMissingField, at: r + "pilot",
			value: `{"version": "3.43.02", "salt": "0123456789abcdef0123456789abcdef", "pilot": false, "groups": []}`},
		{name: "stop-without-reason", kind: c, path: "offers[1].rollouts[1].stopped.because", code: CodeMissingField},
	}
}

func badFloors() []badDocument {
	const c, f = "component", "floors[0]."
	return []badDocument{
		{name: "floor-without-reason", kind: c, path: f + "because", code: CodeMissingField},
		{name: "floor-of-no-version", kind: c, path: f + "version", value: `"old"`, code: CodeValue},
		{name: "floor-on-unknown-system", kind: c, path: f + "platform", value: `"beos"`, code: CodeValue},
		{name: "two-floors-for-a-system", kind: c, path: f + "platform", value: `"any"`, code: CodeDuplicate,
			at: "floors[1].platform", blind: true},
		{name: "safe-above-the-floor", kind: c, path: f + "safe[0]", value: `"5.1.8.0"`, code: CodeValue, blind: true},
		{name: "safe-of-no-version", kind: c, path: f + "safe[0]", value: `"old"`, code: CodeValue},
	}
}

func TestFloorPermits(t *testing.T) {
	floor := Floor{Version: "5.1.8", Safe: []string{"5.1.5"}}
	for name, c := range map[string]struct {
		version string
		want    bool
	}{
		"above":               {"5.2.6_x64", true},
		"at-the-floor":        {"5,1,8,0", true},
		"below":               {"5.1.7", false},
		"below-and-safe":      {"5.1.5.0", true},
		"a-candidate-of-it":   {"5.1.8-rc1", false},
		"nothing-to-compare":  {"latest", false},
		"below-the-safe-ones": {"5.1.4", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := floor.Permits(c.version); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if (Floor{Version: "unreadable"}).Permits("9") {
		t.Error("a floor that cannot be read permits a version")
	}
}

func TestDepartmentsAndSites(t *testing.T) {
	for _, s := range strings.Fields("01 19 2A 2B 21 75 95 971 976 978 984 988") {
		if !IsDepartment(s) {
			t.Errorf("%s is refused as a département", s)
		}
	}
	for _, s := range strings.Fields("0 00 1 20 96 99 2a 2C 970 979 985 989 +75 075 0x1 975a") {
		if IsDepartment(s) {
			t.Errorf("%s is taken for a département", s)
		}
	}
	for s, want := range map[string]bool{"750712184": true, "2A0000014": true, "2B0000020": true, "2C0000014": false,
		"A20000014": false, "75071218": false, "7507121840": false, "": false, "75071218 ": false} {
		if IsFINESS(s) != want {
			t.Errorf("FINESS number %q: got %v, want %v", s, !want, want)
		}
	}
}
