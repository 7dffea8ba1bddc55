package manifest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// stable is a repository of two components and one advisory.
func stable(t testing.TB) manifesttest.Memory {
	t.Helper()
	m := manifesttest.Memory{}
	title := manifest.Text{FR: "Composant", EN: "Component"}
	m.Put(t, manifest.ComponentPath("galss"), manifest.Component{Schema: 1, Name: "galss", Title: title,
		Releases: []manifest.Release{
			{Version: "3.40", Platform: manifest.MacOS},
			{Version: "3.42.03", Platform: manifest.MacOS},
			{Version: "3.45.01", Platform: manifest.Windows},
			{Version: "3.43.02", Platform: manifest.MacOS, Withdrawn: &manifest.Withdrawal{Because: title}},
			{Version: "3.44", Platform: manifest.Any},
		}})
	m.Put(t, manifest.ComponentPath("srvsvcnam"), manifest.Component{Schema: 1, Name: "srvsvcnam", Title: title,
		Releases: []manifest.Release{{Version: "3.43", Platform: manifest.MacOS}}})
	m.Put(t, manifest.ChannelPath("stable"), manifest.Channel{Schema: 1, Name: "stable", Offers: []manifest.Offer{
		{Component: "srvsvcnam", Versions: []string{"3.43.0"}},
		{Component: "galss", Versions: []string{"3.42.3", "3.43.02", "3.44", "3.45.01"}},
	}})
	m.Put(t, manifest.AdvisoriesPath, manifest.Advisories{Schema: 1, Advisories: []manifest.Advisory{{
		ID: "PDT-INF-873", Severity: manifest.Blocking, Title: title, Because: title,
		When: manifest.Condition{Fact: "wmic.present", Is: false},
	}}})
	return m
}

func versions(list []manifest.Release) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.Version)
	}
	return out
}

func TestOpen(t *testing.T) {
	v, err := manifest.Open(t.Context(), stable(t), "stable")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if got, want := v.Components(), []string{"galss", "srvsvcnam"}; !slices.Equal(got, want) || v.Channel() != "stable" {
		t.Errorf("channel %q of components\n got %v\nwant %v", v.Channel(), got, want)
	}
	for p, want := range map[manifest.Platform][]string{
		manifest.MacOS:   {"3.44", "3.43.02", "3.42.03"},
		manifest.Windows: {"3.45.01", "3.44"},
		manifest.Any:     {"3.44"},
	} {
		if got := versions(v.Offered("galss", p)); !slices.Equal(got, want) {
			t.Errorf("offered for %s\n got %v\nwant %v", p, got, want)
		}
	}
	if got := v.Offered("cryptolib-cps", manifest.MacOS); len(got) != 0 {
		t.Errorf("an unknown component is offered: %v", got)
	}
	if a := v.Advisories(); len(a) != 1 || a[0].ID != "PDT-INF-873" {
		t.Errorf("advisories: %+v", a)
	}
}

func TestFind(t *testing.T) {
	v, err := manifest.Open(t.Context(), stable(t), "stable")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	tests := []struct {
		name, component, version string
		platform                 manifest.Platform
		want                     string
	}{
		{"as-written", "galss", "3.42.03", manifest.MacOS, "3.42.03"},
		{"equal-version", "galss", "3.42.3.0", manifest.MacOS, "3.42.03"},
		{"not-offered", "galss", "3.40", manifest.MacOS, "3.40"},
		{"other-platform", "galss", "3.45.01", manifest.MacOS, ""},
		{"for-any", "galss", "3.44", manifest.Linux, "3.44"},
		{"unknown-version", "galss", "9", manifest.MacOS, ""},
		{"no-version", "galss", "latest", manifest.MacOS, ""},
		{"unknown-component", "cps", "3.44", manifest.MacOS, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := v.Find(tt.component, tt.version, tt.platform)
			if got.Version != tt.want || ok != (tt.want != "") {
				t.Errorf("Find\n got %q, %v\nwant %q", got.Version, ok, tt.want)
			}
		})
	}
}

func TestNothingIsVerified(t *testing.T) {
	var v manifest.Verified
	_, component := v.Component("galss")
	_, found := v.Find("galss", "1", manifest.Any)
	if v.Channel() != "" || v.Components() != nil || component || found || v.Digest() != "" ||
		v.Offered("galss", manifest.Any) != nil || v.Advisories() != nil {
		t.Error("the zero Verified holds something")
	}
}

func TestOpenNamesTheDocument(t *testing.T) {
	const channel, galss = "channels/stable.json", "components/galss/component.json"
	replace := func(name, from, to string) func(manifesttest.Memory) {
		return func(m manifesttest.Memory) { m[name] = []byte(strings.ReplaceAll(string(m[name]), from, to)) }
	}
	remove := func(name string) func(manifesttest.Memory) {
		return func(m manifesttest.Memory) { delete(m, name) }
	}
	tests := []struct {
		name           string
		edit           func(manifesttest.Memory)
		document, code string
		path           string
	}{
		{"no-channel", remove(channel), channel, manifest.CodeNoDocument, ""},
		{"no-component", remove(galss), galss, manifest.CodeNoDocument, ""},
		{"channel-of-another-name", replace(channel, `"stable"`, `"test"`), channel, manifest.CodeMismatch, "name"},
		{"component-of-another-name", replace(galss, `"galss"`, `"gals"`), galss, manifest.CodeMismatch, "name"},
		{"offer-without-release", replace(channel, "3.43.02", "3.43.04"), channel, manifest.CodeMismatch, "offers[1].versions[1]"},
		{"offered-twice", replace(channel, "srvsvcnam", "galss"), channel, manifest.CodeDuplicate, "offers[1].component"},
		{"version-offered-twice", replace(channel, "3.44", "3.43.2"), channel, manifest.CodeDuplicate, "offers[1].versions[2]"},
		{"wrong-component", replace(galss, "3.44", "new"), galss, manifest.CodeValue, "releases[4].version"},
		{"wrong-advisories", replace("advisories.json", "blocking", "fatal"), "advisories.json", manifest.CodeValue, "advisories[0].severity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := stable(t)
			tt.edit(m)
			_, err := manifest.Open(t.Context(), m, "stable")
			var coded interface {
				Code() string
				Args() map[string]string
			}
			if !errors.As(err, &coded) {
				t.Fatalf("Open: error %v, want a coded one", err)
			}
			args := coded.Args()
			if coded.Code() != tt.code || args["Document"] != tt.document || args["Path"] != tt.path {
				t.Errorf("Open\n got %s in %q at %q (%v)\nwant %s in %q at %q",
					coded.Code(), args["Document"], args["Path"], err, tt.code, tt.document, tt.path)
			}
			if none := tt.code == manifest.CodeNoDocument; errors.Is(err, manifest.ErrNoDocument) != none {
				t.Errorf("errors.Is(err, ErrNoDocument) is %v: %v", !none, err)
			}
		})
	}
}

func TestAdvisoriesAreOptional(t *testing.T) {
	m := stable(t)
	delete(m, manifest.AdvisoriesPath)
	v, err := manifest.Open(t.Context(), m, "stable")
	if err != nil || len(v.Advisories()) != 0 {
		t.Errorf("without advisories: %v, %v", v.Advisories(), err)
	}
}

func TestOpenAsksForNoStrangeName(t *testing.T) {
	for _, channel := range []string{"", "../root", "a/b", "Stable", "con"} {
		var fault *manifest.SyntaxError
		_, err := manifest.Open(t.Context(), failing{errors.New("was asked")}, channel)
		if !errors.As(err, &fault) {
			t.Errorf("channel %q: error %v, want a *SyntaxError", channel, err)
		}
	}
}

// failing is an Authenticator that never succeeds.
type failing struct{ err error }

func (f failing) Authenticated(context.Context, string) (manifest.Blob, error) {
	return manifest.Blob{}, f.err
}

func TestFailuresOfTheAuthenticatorGoThrough(t *testing.T) {
	_, err := manifest.Open(t.Context(), failing{os.ErrDeadlineExceeded}, "stable")
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "channels/stable.json") {
		t.Errorf("error %v, want the authenticator's, with the document", err)
	}
}

func TestDigestNamesWhatWasRead(t *testing.T) {
	open := func(m manifesttest.Memory) string {
		v, err := manifest.Open(t.Context(), m, "stable")
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return v.Digest()
	}
	m := stable(t)
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(h, "%x  %s\n", sha256.Sum256(m[name]), name)
	}
	before := open(m)
	if want := fmt.Sprintf("%x", h.Sum(nil)); before != want {
		t.Errorf("Digest\n got %s\nwant %s", before, want)
	}
	m["channels/other.json"] = []byte("not read")
	if got := open(m); got != before {
		t.Errorf("a document that was not read changed the digest:\n got %s\nwant %s", got, before)
	}
	for name := range stable(t) {
		m := stable(t)
		m[name] = append(m[name], '\n')
		if open(m) == before {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func TestVerifiedForTests(t *testing.T) {
	comps := []manifest.Component{{Name: "galss", Releases: []manifest.Release{
		{Version: "3.43", Platform: manifest.MacOS, Requires: []manifest.Rule{{
			Code: "macos-too-old", Require: manifest.Condition{Fact: "os.version", In: ">= 10.15"},
		}}},
		{Version: "3.43.0", Platform: manifest.Windows},
	}}}
	v := manifesttest.Verified(t, "stable", comps)
	if got := versions(v.Offered("galss", manifest.Windows)); !slices.Equal(got, []string{"3.43.0"}) {
		t.Errorf("offered: %v", got)
	}
	if comps[0].Releases[0].Requires[0].Because != (manifest.Text{}) {
		t.Error("the component of the test was changed")
	}
}
