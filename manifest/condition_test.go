package manifest

import (
	"reflect"
	"testing"
)

// facts is a Lookup over a map.
func facts(m map[string]any) Lookup {
	return func(fact string) (any, bool) {
		v, ok := m[fact]
		return v, ok
	}
}

func mojave() Lookup {
	return facts(map[string]any{
		"os.family": "macos", "os.version": "10.14.6", "os.build_text": "18G103",
		"elevated": true, "disk.free_bytes": int64(107374182400),
	})
}

func TestComparisons(t *testing.T) {
	tests := []struct {
		name   string
		c      Condition
		facts  map[string]any
		want   Truth
		actual string
	}{
		{"text-equal", Condition{Fact: "a", Is: "x"}, map[string]any{"a": "x"}, True, "x"},
		{"text-differs", Condition{Fact: "a", Is: "x"}, map[string]any{"a": "X"}, False, "X"},
		{"truth-value", Condition{Fact: "a", Is: false}, map[string]any{"a": false}, True, "false"},
		{"number", Condition{Fact: "a", Is: int64(3)}, map[string]any{"a": int64(4)}, False, "4"},
		{"types-differ", Condition{Fact: "a", Is: "1"}, map[string]any{"a": int64(1)}, Unknown, "1"},
		{"absent", Condition{Fact: "a", Is: "x"}, nil, Unknown, ""},
		{"type-that-no-fact-has", Condition{Fact: "a", Is: "x"}, map[string]any{"a": 1.5}, Unknown, ""},
		{"range-over-number", Condition{Fact: "os.build", In: ">= 26100"}, map[string]any{"os.build": int64(26200)}, True, "26200"},
		{"range-over-truth-value", Condition{Fact: "a", In: ">= 1"}, map[string]any{"a": true}, Unknown, "true"},
		{"range-over-negative", Condition{Fact: "a", In: ">= 1"}, map[string]any{"a": int64(-1)}, Unknown, "-1"},
		{"range-over-word", Condition{Fact: "a", In: ">= 1"}, map[string]any{"a": "Mojave"}, Unknown, "Mojave"},
		{"range-over-decorated-version", Condition{Fact: "a", In: ">= 5.2"}, map[string]any{"a": "5.2.6_x64"}, True, "5.2.6_x64"},
		{"range-over-bytes", Condition{Fact: "a", In: "< 2199023255552"}, map[string]any{"a": int64(2199023255553)}, False, "2199023255553"},
		{"unreadable-range", Condition{Fact: "a", In: "nonsense"}, map[string]any{"a": "1"}, Unknown, "1"},
		{"no-condition-at-all", Condition{}, nil, Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.c.Eval(facts(tt.facts))
			if got.Holds != tt.want {
				t.Errorf("Eval\n got %s\nwant %s", got.Holds, tt.want)
			}
			if len(got.Leaves) > 0 && (got.Leaves[0].Actual != tt.actual || got.Leaves[0].Holds != tt.want) {
				t.Errorf("leaf\n got %+v\nwant actual %q, holds %s", got.Leaves[0], tt.actual, tt.want)
			}
		})
	}
}

func TestAliasesOfMacOS(t *testing.T) {
	tests := []struct {
		name, family, version, in string
		want                      Truth
	}{
		{"big-sur-alias-is-after-catalina", "macos", "10.16", ">= 10.15", True},
		{"big-sur-alias-is-not-before-11", "macos", "10.16", "< 11", False},
		{"big-sur-alias-may-be-12", "macos", "10.16", ">= 12", Unknown},
		{"big-sur-alias-may-be-later", "macos", "10.16", "< 15", Unknown},
		{"big-sur-alias-is-in-no-old-range", "macos", "10.16", ">= 10.16, < 11", False},
		{"tahoe-alias", "macos", "16.0", ">= 26", True},
		{"tahoe-alias-with-minor", "macos", "16.1", "= 26.1", True},
		{"tahoe-alias-is-not-16", "macos", "16.0", "< 17", False},
		{"tahoe-itself", "macos", "26.1", ">= 26", True},
		{"only-on-macos", "windows", "16.0", "< 17", True},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := facts(map[string]any{"os.family": tt.family, "os.version": tt.version})
			got := Condition{Fact: "os.version", In: tt.in}.Eval(l)
			if got.Holds != tt.want {
				t.Errorf("%s %s in %q\n got %s\nwant %s", tt.family, tt.version, tt.in, got.Holds, tt.want)
			}
			if got.Leaves[0].Actual != tt.version {
				t.Errorf("actual %q, want it as found: %q", got.Leaves[0].Actual, tt.version)
			}
		})
	}
}

// TestThreeValues states the truth tables of strong Kleene logic.
func TestThreeValues(t *testing.T) {
	l := facts(map[string]any{"true": true, "false": false})
	is := func(v Truth) Condition { return Condition{Fact: string(v), Is: true} }
	tests := []struct{ a, b, all, any Truth }{
		{True, True, True, True},
		{True, False, False, True},
		{True, Unknown, Unknown, True},
		{False, False, False, False},
		{False, Unknown, False, Unknown},
		{Unknown, Unknown, Unknown, Unknown},
	}
	for _, tt := range tests {
		for _, pair := range [][]Condition{{is(tt.a), is(tt.b)}, {is(tt.b), is(tt.a)}} {
			if got := (Condition{All: pair}).Eval(l).Holds; got != tt.all {
				t.Errorf("all of %s, %s\n got %s\nwant %s", tt.a, tt.b, got, tt.all)
			}
			if got := (Condition{Any: pair}).Eval(l).Holds; got != tt.any {
				t.Errorf("any of %s, %s\n got %s\nwant %s", tt.a, tt.b, got, tt.any)
			}
		}
	}
	for in, want := range map[Truth]Truth{True: False, False: True, Unknown: Unknown} {
		c := is(in)
		if got := (Condition{Not: &c}).Eval(l).Holds; got != want {
			t.Errorf("not %s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestEveryComparisonIsNamed(t *testing.T) {
	c := Condition{All: []Condition{
		{Fact: "os.family", Is: "windows"},
		{Fact: "os.version", In: ">= 10.15"},
		{Not: &Condition{Any: []Condition{
			{Fact: "os.build", In: "= 28000"},
			{Fact: "os.build_text", Is: "18G103"},
			{Not: &Condition{Fact: "elevated", Is: true}},
		}}},
	}}
	got := c.Eval(mojave())
	want := Result{Holds: False, Leaves: []Leaf{
		{"os.family", "= windows", "macos", False},
		{"os.version", ">= 10.15", "10.14.6", False},
		{"os.build", "not = 28000", "", Unknown},
		{"os.build_text", "not = 18G103", "18G103", False},
		{"elevated", "= true", "true", True},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Eval\n got %+v\nwant %+v", got, want)
	}
}

func TestOutsideWhatIsKnown(t *testing.T) {
	known := &Condition{Fact: "os.version", In: "< 15"}
	rule := Rule{Require: Condition{Fact: "os.family", Is: "macos"}, Known: known}
	tests := []struct {
		name    string
		version any
		rule    Rule
		want    Truth
		leaves  int
	}{
		{"inside", "14.1", rule, True, 1},
		{"newer", "26.0", rule, Unknown, 2},
		{"version-unknown", nil, rule, Unknown, 2},
		{"false-stays-false", "26.0", Rule{Require: Condition{Fact: "os.family", Is: "windows"}, Known: known}, False, 1},
		{"nothing-said", "26.0", Rule{Require: rule.Require}, True, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := map[string]any{"os.family": "macos"}
			if tt.version != nil {
				m["os.version"] = tt.version
			}
			got := tt.rule.Check(facts(m))
			if got.Holds != tt.want || len(got.Leaves) != tt.leaves {
				t.Errorf("Check\n got %s with %d leaves\nwant %s with %d", got.Holds, len(got.Leaves), tt.want, tt.leaves)
			}
		})
	}
}

func TestPlatformOf(t *testing.T) {
	for family, want := range map[string]Platform{"windows": Windows, "macos": MacOS, "linux": Linux, "plan9": Any, "": Any, "any": Any} {
		if got := PlatformOf(family); got != want {
			t.Errorf("PlatformOf(%q)\n got %q\nwant %q", family, got, want)
		}
	}
}
