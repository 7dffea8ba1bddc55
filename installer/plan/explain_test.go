package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// told is what an explanation comes to, one line for each release.
func told(e Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s installed %q newest %q\n", e.Component, e.Installed, e.Newest)
	for _, v := range e.Releases {
		fmt.Fprintf(&b, "%s %s", v.Version, v.Holds)
		for _, flag := range []struct {
			set  bool
			name string
		}{{v.Accepted, " accepted"}, {v.Withdrawn, " withdrawn"}, {!v.Offered, " not-offered"}} {
			if flag.set {
				b.WriteString(flag.name)
			}
		}
		for _, r := range v.Reasons {
			fmt.Fprintf(&b, " %s=%s", brief(r), r.Holds)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	tests := []struct {
		name      string
		comps     []manifest.Component
		facts     facts
		installed map[string]Installed
		target    Target
		want      string
	}{
		{
			name: "one-version-refused", facts: mac("10.14.6"), target: Target{cryptolib, "5.1.8"},
			want: `
				cryptolib-cps installed "" newest "5.1.5"
				5.1.8 false macos-too-old(>= 10.15|10.14.6)=false plan-for-all(|)=true`,
		},
		{
			name: "one-version-accepted-with-the-rule-that-holds", facts: mac("10.15.7"), target: Target{cryptolib, "5.1.8"},
			want: `
				cryptolib-cps installed "" newest "5.2.1"
				5.1.8 true accepted macos-too-old(>= 10.15|10.15.7)=true plan-for-all(|)=true`,
		},
		{
			name: "all-versions", facts: mac("26.1"), installed: by("cryptolib-cps@5.1.5"), target: Target{Component: cryptolib},
			comps: field(on(cryptolib, "5.1.8", withdrawn("5.2.1"))),
			want: `
				cryptolib-cps installed "5.1.5" newest "5.1.5"
				5.2.1 unknown macos-too-old(< 26|26.1)=unknown
				5.1.8 true withdrawn macos-too-old(>= 10.15|26.1)=true plan-withdrawn(5.2.1|5.1.8)=false
				5.1.5 true accepted`,
		},
		{
			name: "the-others-count", facts: mac("10.14.6"), target: Target{srvsvcnam, "3.43"},
			want: `
				srvsvcnam installed "" newest "3.42.02"
				3.43 true plan-need-unmet galss(>= 3.43|3.42.03)=false macos-too-old of galss 3.43.02(>= 10.15|10.14.6)=false plan-for-all(|)=true`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			comps := tt.comps
			if comps == nil {
				comps = field()
			}
			e, err := Explain(input(t, comps, tt.facts, tt.installed, Request{}), tt.target)
			if err != nil {
				t.Fatalf("Explain: %v", err)
			}
			if got, want := told(e), plain(tt.want); got != want {
				t.Errorf("Explain\n got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestUnknownNames(t *testing.T) {
	tests := []struct {
		name    string
		request Request
		want    string
	}{
		{"component", Request{Action: Install, Components: targets("gals")}, "cli-unknown-component gals  galss"},
		{"component-far-from-all", Request{Action: Install, Components: targets("x")}, "cli-unknown-component x  "},
		{"version", Request{Action: Install, Components: targets("cryptolib-cps@5.1.7")}, "cli-unknown-version cryptolib-cps 5.1.7 5.1.5"},
		{"no-version", Request{Action: Install, Components: targets("galss@latest")}, "cli-unknown-version galss latest "},
		{"windows-only-version", Request{Action: Install, Components: targets("galss@3.45.01")}, "cli-unknown-version galss 3.45.01 3.42.03"},
		{"twice", Request{Action: Install, Components: targets("galss", "galss@3.42.03")}, "cli-target-twice galss"},
		{"verb", Request{Action: "destroy"}, "plan-unknown-verb destroy"},
	}
	comps := field()
	comps[1].Releases = append(comps[1].Releases, release(galss, "3.45.01", func(r *manifest.Release) { r.Platform = manifest.Windows }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Make(input(t, comps, mac("12.7"), nil, tt.request))
			var unknown *UnknownError
			var request *RequestError
			got := fmt.Sprint(err)
			switch {
			case errors.As(err, &unknown):
				got = strings.Join([]string{unknown.Code(), unknown.Component, unknown.Version, unknown.Nearest}, " ")
			case errors.As(err, &request):
				got = request.Code() + " " + request.Subject
			}
			if got != tt.want {
				t.Errorf("Make\n got %q\nwant %q", got, tt.want)
			}
		})
	}
	if _, err := Explain(input(t, comps, nil, nil, Request{}), Target{Component: "galls"}); err == nil {
		t.Error("Explain knows a component that does not exist")
	}
}

func TestNearest(t *testing.T) {
	names := []string{"cryptolib-cps", "galss", "srvsvcnam"}
	tests := []struct{ name, in, want string }{
		{"itself", "galss", "galss"},
		{"letters-swapped", "glass", "galss"},
		{"letters-missing", "srvcnam", "srvsvcnam"},
		{"part-missing", "cryptolib", "cryptolib-cps"},
		{"nothing-near", "openssl", ""},
		{"empty", "", ""},
		{"accents-count-once", "gâlss", "galss"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Nearest(tt.in, names); got != tt.want {
				t.Errorf("Nearest(%q): got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestNearestOfFew(t *testing.T) {
	if got, want := Nearest("--reop", []string{"--help", "--repo"}), "--repo"; got != want {
		t.Errorf("a swap counts once: got %q, want %q", got, want)
	}
	if got, want := Nearest("3.43", []string{"3.42", "3.43.02"}), "3.43.02"; got != want {
		t.Errorf("a beginning is near: got %q, want %q", got, want)
	}
}

func TestReasonArgs(t *testing.T) {
	r := Reason{Other: "galss", Required: ">= 3.43", Actual: "3.42.03"}
	if got := r.Args("srvsvcnam", "3.43"); got["Component"] != "srvsvcnam" || got["Version"] != "3.43" ||
		got["Other"] != "galss" || got["Required"] != ">= 3.43" || got["Actual"] != "3.42.03" {
		t.Errorf("Args of its own reason: %v", got)
	}
	r.Component, r.Version = "dmp", "1"
	if got := r.Args("srvsvcnam", "3.43"); got["Component"] != "dmp" || got["Version"] != "1" {
		t.Errorf("Args of another one's reason: %v", got)
	}
}
