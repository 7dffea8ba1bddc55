package publish_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// withReleases is a repository whose channel offers the first version of
// galss to everybody, while the others are only known.
func withReleases(t *testing.T, versions ...string) *publish.Repo {
	t.Helper()
	r, _ := newRepo(t)
	for _, v := range versions {
		if _, err := r.Add(t.Context(), addition(t, "galss", v)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.SetChannel("stable", "galss", versions[:1]); err != nil {
		t.Fatal(err)
	}
	return r
}

// refusedFor requires an error of a code, from a call that therefore changed
// nothing.
func refusedFor(t *testing.T, err error, code string) {
	t.Helper()
	var e *publish.Error
	if !errors.As(err, &e) || e.Reason != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestRollWidensAndNeverNarrows(t *testing.T) {
	r := withReleases(t, "1.0", "2.0")
	first, err := r.Roll("stable", "galss", "2.0", publish.Widening{Pilot: true, Share: 500, Groups: []string{"b"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Salt) != 32 {
		t.Errorf("salt is %q", first.Salt)
	}
	second, err := r.Roll("stable", "galss", "2.0.0", publish.Widening{Groups: []string{"a", "b"}, Departments: []string{"2A"}, FINESS: []string{"750712184"}})
	if err != nil {
		t.Fatal(err)
	}
	want := manifest.Rollout{Version: "2.0", Salt: first.Salt, Pilot: true, Share: 500,
		Groups: []string{"a", "b"}, Departments: []string{"2A"}, FINESS: []string{"750712184"}}
	if !reflect.DeepEqual(*second, want) {
		t.Errorf("got  %+v\nwant %+v", *second, want)
	}
	_, err = r.Roll("stable", "galss", "2.0", publish.Widening{Share: 100})
	refusedFor(t, err, publish.CodeNarrower)

	// The list of the channel keeps what is being rolled out as it is.
	if err := r.SetChannel("stable", "galss", []string{"2.0", "1.0"}); err != nil {
		t.Fatal(err)
	}
	kept, err := r.Roll("stable", "galss", "2.0", publish.Widening{Share: 500})
	if err != nil || !reflect.DeepEqual(*kept, want) {
		t.Errorf("after the list was set again: %+v (%v), want %+v", kept, err, want)
	}
	if now, err := r.Roll("stable", "galss", "2.0", publish.Widening{All: true}); err != nil || now != nil {
		t.Errorf("to everybody: %+v (%v)", now, err)
	}
	_, err = r.Roll("stable", "galss", "2.0", publish.Widening{Pilot: true})
	refusedFor(t, err, publish.CodeForAll)
}

func TestStoppedIsStopped(t *testing.T) {
	r := withReleases(t, "1.0", "2.0")
	stop := publish.Widening{Stop: &manifest.Text{FR: "Défaut.", EN: "Flaw."}}
	_, err := r.Roll("stable", "galss", "2.0", stop)
	refusedFor(t, err, publish.CodeNoRollout)
	begun, err := r.Roll("stable", "galss", "2.0", publish.Widening{Share: 1000})
	if err != nil {
		t.Fatal(err)
	}
	salt := begun.Salt
	stopped, err := r.Roll("stable", "galss", "2.0", stop)
	if err != nil || stopped.Stopped == nil || stopped.Share != 1000 {
		t.Fatalf("stopped: %+v (%v)", stopped, err)
	}
	for name, w := range map[string]publish.Widening{"wider": {Share: 2000}, "everybody": {All: true}} {
		_, err := r.Roll("stable", "galss", "2.0", w)
		t.Run(name, func(t *testing.T) { refusedFor(t, err, publish.CodeStopped) })
	}
	if err := r.SetChannel("stable", "galss", []string{"1.0"}); err != nil {
		t.Fatal(err)
	}
	again, err := r.Roll("stable", "galss", "2.0", publish.Widening{Share: 100})
	if err != nil || again.Stopped != nil || again.Salt == salt {
		t.Errorf("begun again: %+v (%v), want another salt", again, err)
	}
}

func TestRollRefusesWhatIsNotThere(t *testing.T) {
	r := withReleases(t, "1.0", "2.0")
	for _, c := range []struct{ name, channel, component, version, code string }{
		{"unknown-component", "stable", "gals", "2.0", publish.CodeNoComponent},
		{"unknown-version", "stable", "galss", "3.0", publish.CodeNoVersion},
		{"bad-channel", "Stable", "galss", "2.0", publish.CodeBadName},
		{"for-everybody-already", "stable", "galss", "1.0", publish.CodeForAll},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.Roll(c.channel, c.component, c.version, publish.Widening{Pilot: true})
			refusedFor(t, err, c.code)
		})
	}
	_, err := r.Roll("stable", "galss", "2.0", publish.Widening{Groups: []string{"Not A Group"}})
	refusedFor(t, err, publish.CodeBadDocument)
}

func TestWithdraw(t *testing.T) {
	r := withReleases(t, "1.0", "2.0", "3.0")
	reason := manifest.Text{FR: "Défaut.", EN: "Flaw."}
	for _, c := range []struct {
		name, version, instead string
		platform               manifest.Platform
		code                   string
	}{
		{"unknown-version", "4.0", "", "", publish.CodeNoVersion},
		{"another-system", "2.0", "", manifest.Windows, publish.CodeNoVersion},
		{"replaced-by-nothing", "2.0", "4.0", "", publish.CodeNoReplacement},
		{"replaced-by-itself", "2.0", "2.0.0", "", publish.CodeNoReplacement},
	} {
		_, err := r.Withdraw("galss", c.version, c.platform, manifest.Withdrawal{Because: reason, ReplaceWith: c.instead})
		t.Run(c.name, func(t *testing.T) { refusedFor(t, err, c.code) })
	}
	done, err := r.Withdraw("galss", "2.0.0", "", manifest.Withdrawal{Because: reason, ReplaceWith: "1.0"})
	if err != nil || !slices.Equal(done, []manifest.Platform{manifest.MacOS}) {
		t.Fatalf("got %v (%v)", done, err)
	}
	_, err = r.Withdraw("galss", "3.0", "", manifest.Withdrawal{Because: reason, ReplaceWith: "2.0"})
	refusedFor(t, err, publish.CodeNoReplacement) // that one was taken back itself
	_, err = r.Withdraw("galss", "3.0", "", manifest.Withdrawal{Because: manifest.Text{EN: "Flaw."}})
	refusedFor(t, err, publish.CodeBadDocument)
	if err := r.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestFloorIsRaisedOnly(t *testing.T) {
	r := withReleases(t, "1.0", "2.0", "3.0")
	floor := func(version string, safe ...string) error {
		return r.SetFloor("galss", manifest.Floor{Platform: manifest.MacOS, Version: version, Safe: safe,
			Because: manifest.Text{FR: "Faille.", EN: "Hole."}})
	}
	if err := floor("2.0"); err != nil {
		t.Fatal(err)
	}
	refusedFor(t, floor("1.0"), publish.CodeLowerFloor)
	refusedFor(t, floor("2.0", "0.9"), publish.CodeNoVersion)
	refusedFor(t, floor("2.0", "3.0"), publish.CodeBadDocument)
	refusedFor(t, floor("9.0"), publish.CodeNoVersion)
	for _, again := range []func() error{
		func() error { return floor("2.0", "1.0") }, // the list may grow
		func() error { return floor("3.0") },
		func() error { return floor("9.0", "3.0") }, // a floor of no release, with what is safe
	} {
		if err := again(); err != nil {
			t.Error(err)
		}
	}
}

func TestAudience(t *testing.T) {
	for want, r := range map[string]manifest.Rollout{
		"pilot":             {Pilot: true},
		"pilot | 5 %":       {Pilot: true, Share: 500},
		"0.01 % | stopped":  {Share: 1, Stopped: &manifest.Stop{}},
		"group a, b":        {Groups: []string{"a", "b"}},
		"33.5 % | FINESS 2": {Share: 3350, FINESS: []string{"750712184", "2A0000014"}},
		"department 2A":     {Departments: []string{"2A"}},
		"stopped":           {Stopped: &manifest.Stop{}},
	} {
		if got := publish.Audience(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
