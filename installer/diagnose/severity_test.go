package diagnose

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
)

func TestSeverityOfAFinding(t *testing.T) {
	tests := []struct {
		name       string
		severity   manifest.Severity
		confidence manifest.Confidence
		mode       any // of GALSS; nil is unknown
		want       manifest.Severity
		holds      manifest.Truth
	}{
		{name: "blocks", severity: manifest.Blocking, mode: "pss", want: manifest.Blocking, holds: manifest.True},
		{name: "inference-does-not-block", severity: manifest.Blocking, confidence: manifest.Inferred, mode: "pss", want: manifest.Warning, holds: manifest.True},
		{name: "inferred-warning-warns", severity: manifest.Warning, confidence: manifest.Inferred, mode: "pss", want: manifest.Warning, holds: manifest.True},
		{name: "unknown-does-not-block", severity: manifest.Blocking, want: manifest.Warning, holds: manifest.Unknown},
		{name: "unknown-warning", severity: manifest.Warning, want: manifest.Info, holds: manifest.Unknown},
		{name: "unknown-inference", severity: manifest.Blocking, confidence: manifest.Inferred},
		{name: "unknown-information", severity: manifest.Info},
		{name: "does-not-apply", severity: manifest.Blocking, mode: "pcsc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			facts := map[string]any{"wmic.present": false}
			if tt.mode != nil {
				facts["galss.mode"] = tt.mode
			}
			got := Run([]manifest.Advisory{{ID: "X", Severity: tt.severity, Confidence: tt.confidence, When: manifest.Condition{All: []manifest.Condition{
				{Fact: "wmic.present", Is: false}, {Fact: "galss.mode", Is: "pss"},
			}}}}, func(path string) (any, bool) { v, ok := facts[path]; return v, ok })
			if tt.want == "" {
				if len(got) != 0 {
					t.Errorf("Run = %+v, want nothing", got)
				}
				return
			}
			if len(got) != 1 || got[0].Severity != tt.want || got[0].Holds != tt.holds || got[0].Confidence == "" {
				t.Errorf("Run = %+v, want one finding %s, %s", got, tt.want, tt.holds)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	blocking, warning, info := Finding{Severity: manifest.Blocking}, Finding{Severity: manifest.Warning}, Finding{Severity: manifest.Info}
	tests := []struct {
		name string
		in   []Finding
		want int
	}{
		{name: "nothing", want: 0},
		{name: "information", in: []Finding{info}, want: 10},
		{name: "warning", in: []Finding{warning, info}, want: 10},
		{name: "blocking", in: []Finding{info, blocking}, want: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Status(tt.in); got != tt.want {
				t.Errorf("Status = %d, want %d", got, tt.want)
			}
		})
	}
}

// TestAnyFacts asks the reference alerts about made-up machines: the answer is
// the same whatever the order of the alerts, each finding has a reason that is
// true or unknown, and only certain and established ones block.
func TestAnyFacts(t *testing.T) {
	v, err := reference.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alerts := v.Advisories()
	declared := map[string]manifest.Advisory{}
	for _, a := range alerts {
		declared[a.ID] = a
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := anyFacts(t)
		lookup := func(path string) (any, bool) { v, ok := facts[path]; return v, ok }
		got := Run(alerts, lookup)
		shuffled := rapid.Permutation(alerts).Draw(t, "alerts")
		if again := Run(shuffled, lookup); !reflect.DeepEqual(got, again) {
			t.Fatalf("the order of the alerts changes the findings\n%+v\n%+v", got, again)
		}
		for _, f := range got {
			a := declared[f.ID]
			certain := f.Holds == manifest.True && f.Confidence == manifest.Confirmed
			if rank(f.Severity) < rank(a.Severity) || f.Severity == manifest.Blocking && !certain || certain && f.Severity != a.Severity {
				t.Fatalf("%s is %s, %s and %s; the alert is %s", f.ID, f.Severity, f.Holds, f.Confidence, a.Severity)
			}
			if len(f.Reasons) == 0 || slices.ContainsFunc(f.Reasons, func(l manifest.Leaf) bool { return l.Holds == manifest.False }) {
				t.Fatalf("%s has the reasons %v", f.ID, f.Reasons)
			}
		}
	})
}

// anyFacts makes up a machine; some values have the wrong type or no meaning.
func anyFacts(t *rapid.T) map[string]any {
	value := rapid.OneOf(
		rapid.SampledFrom([]any{"windows", "macos", "linux", "pss", "pcsc", "none", "cps3", "cps4", "workstation", "server", "remote", "arm64",
			"10.14.6", "10.16", "16.0", "26.1", "3.42.03", "3.43", "5.1.8", "5.2.6_x64", "4.0", "garbage", ""}),
		rapid.Just[any](true), rapid.Just[any](false),
		rapid.Map(rapid.SampledFrom([]int64{0, 19045, 22000, 26100, 28000, -1}), func(n int64) any { return n }),
		rapid.Just[any](nil), rapid.Just[any](1.5),
	)
	path := rapid.SampledFrom([]string{
		"os.family", "os.version", "os.build", "os.product_type", "os.edition", "arch.native", "session.kind", "wmic.present", "galss.mode", "card.cps",
		"component.galss.present", "component.galss.version", "component.srvsvcnam.present", "component.srvsvcnam.version",
		"component.cryptolib-cps.present", "component.cryptolib-cps.version",
	})
	return rapid.MapOf(path, value).Draw(t, "facts")
}

func BenchmarkRun(b *testing.B) {
	v, err := reference.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	alerts := v.Advisories()
	facts := map[string]any{"os.family": "windows", "os.build": int64(26100), "galss.mode": "pss", "wmic.present": false, "component.galss.present": true}
	for b.Loop() {
		Run(alerts, func(path string) (any, bool) { v, ok := facts[path]; return v, ok })
	}
}
