package plan

import (
	"reflect"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// previous adds to what is installed the version before.
func previous(installed map[string]Installed, name string, r *manifest.Release) map[string]Installed {
	i := installed[name]
	i.Previous, i.Absent = r, r == nil
	i.Backend = "bundle"
	installed[name] = i
	return installed
}

func TestUninstall(t *testing.T) {
	all := func() map[string]Installed {
		return by("galss@3.43.02", "srvsvcnam@3.43", "cryptolib-cps@5.2.1")
	}
	runCases(t, []planCase{
		{
			name: "one-alone", facts: mac("12.7"), installed: all(),
			request: Request{Action: Uninstall, Components: targets(srvsvcnam)},
			want:    `uninstall srvsvcnam 3.43-> requested`,
		},
		{
			name: "what-another-one-needs", facts: mac("12.7"), installed: all(),
			request: Request{Action: Uninstall, Components: targets(galss)},
			want:    `refused galss 3.43.02: plan-needed-by srvsvcnam(>= 3.43|)`,
		},
		{
			name: "both-in-the-order-of-leaving", facts: mac("12.7"), installed: all(),
			request: Request{Action: Uninstall, Components: targets(galss, srvsvcnam)},
			want: `
				uninstall srvsvcnam 3.43-> requested
				uninstall galss 3.43.02-> requested`,
		},
		{
			name: "what-a-refused-one-needs-stays-too", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1")),
				component("b", release("b", "1", needs("a", ""))),
				component("c", release("c", "1", needs("b", ""))),
				component("d", release("d", "1")),
			},
			installed: by("a@1", "b@1", "c@1", "d@1"),
			request:   Request{Action: Uninstall, Components: targets("a", "b", "d")},
			want: `
				uninstall d 1-> requested
				refused a 1: plan-needed-by b(|)
				refused b 1: plan-needed-by c(|)`,
		},
	})
}

// TestUninstallWithoutManifest holds that what a receipt knows of a component
// goes with the step: how it is recognised, which files it must not lose, and
// what uses it.
func TestUninstallWithoutManifest(t *testing.T) {
	known := Installed{
		Version: "3.45.01", Backend: "msi",
		Evidence: []manifest.Evidence{{Kind: manifest.EvidenceProcess, ID: "galsvw64.exe"}},
		Settings: []manifest.Setting{{Platform: manifest.Windows, Path: `C:\Windows\galss.ini`}},
		Programs: []manifest.Program{{Platform: manifest.Windows, Process: "galsvw64.exe"}},
	}
	p, err := Make(Input{
		Request: Request{Action: Uninstall, Components: targets(galss)}, Platform: manifest.Windows,
		Facts:     func(string) (any, bool) { return nil, false },
		Installed: map[string]Installed{galss: known}, Backends: []string{"msi"},
	})
	if err != nil || len(p.Steps) != 1 {
		t.Fatalf("got %+v, %v, want one step", p, err)
	}
	s := p.Steps[0]
	if !reflect.DeepEqual(s.Evidence, known.Evidence) || !reflect.DeepEqual(s.Settings, known.Settings) || !reflect.DeepEqual(s.Programs, known.Programs) {
		t.Errorf("the step knows %v, %v, %v", s.Evidence, s.Settings, s.Programs)
	}
}

func TestUninstallOfWhatOthersUse(t *testing.T) {
	shared := component("a", release("a", "1"))
	shared.Users = []string{"c", "b", "absent"}
	comps := []manifest.Component{
		shared, component("b", release("b", "2")), component("c", release("c", "3")), component("absent", release("absent", "1")),
	}
	foreign := by("a@1", "b@2", "c@3")
	foreign["c"] = Installed{Version: "3"} // releve did not install it
	runCases(t, []planCase{
		{
			name: "each-user-on-the-machine-is-asked-about", facts: mac("12.7"), comps: comps, installed: foreign,
			request: Request{Action: Uninstall, Components: targets("a")},
			want:    `uninstall a 1-> requested ?plan-used-by ?plan-used-by`,
		},
		{
			name: "not-about-one-that-goes-too", facts: mac("12.7"), comps: comps, installed: by("a@1", "b@2"),
			request: Request{Action: Uninstall, Components: targets("a", "b")},
			want: `
				uninstall a 1-> requested
				uninstall b 2-> requested`,
		},
		{
			name: "rollback-to-nothing-asks-too", facts: mac("12.7"), comps: comps, installed: previous(by("a@1", "b@2"), "a", nil),
			request: Request{Action: Rollback, Components: targets("a")},
			want:    `uninstall a 1-> rollback ?plan-used-by`,
		},
		{
			name: "an-update-does-not", facts: mac("12.7"), installed: by("a@1", "b@2"),
			comps:   []manifest.Component{{Name: "a", Users: []string{"b"}, Releases: []manifest.Release{release("a", "1"), release("a", "2")}}, comps[1]},
			request: Request{Action: Update, Components: targets("a")},
			want:    `update a 1->2 newer`,
		},
	})
}

func TestUninstallWhatIsNotThere(t *testing.T) {
	all := by("galss@3.43.02", "srvsvcnam@3.43", "cryptolib-cps@5.2.1")
	runCases(t, []planCase{
		{
			name: "a-need-that-was-broken-before-stands-in-nobodys-way", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1")),
				component("b", release("b", "1", needs("a", ">= 9"))),
			},
			installed: by("a@1", "b@1"),
			request:   Request{Action: Uninstall, Components: targets("a")},
			want:      `uninstall a 1-> requested`,
		},
		{
			name: "absent", facts: mac("12.7"),
			request: Request{Action: Uninstall, Components: targets(galss)},
			want:    `warning galss : plan-not-installed(|)`,
		},
		{
			name: "another-version", facts: mac("12.7"), installed: all,
			request: Request{Action: Uninstall, Components: targets("galss@3.42.03")},
			want:    `warning galss 3.42.03: plan-not-installed(|)`,
		},
		{
			name: "foreign", facts: mac("12.7"), installed: map[string]Installed{galss: {Version: "3.42.03"}},
			request: Request{Action: Uninstall, Components: targets(galss)},
			want:    `refused galss 3.42.03: plan-foreign(3.42.03|3.42.03)`,
		},
		{
			name: "no-longer-in-the-catalogue", facts: mac("12.7"), installed: by("ancient@1"),
			request: Request{Action: Uninstall, Components: targets("ancient")},
			want:    `uninstall ancient 1-> requested`,
		},
	})
}

func TestRollback(t *testing.T) {
	old := release(galss, "3.42.03")
	oldSrv := release(srvsvcnam, "3.42.02", needs(galss, ">= 3.42, < 3.43"))
	runCases(t, []planCase{
		{
			name: "one-alone", facts: mac("12.7"),
			installed: previous(by("galss@3.43.02", "srvsvcnam@3.42.02"), galss, &old),
			request:   Request{Action: Rollback, Components: targets(galss)},
			want:      `rollback galss 3.43.02->3.42.03 rollback`,
		},
		{
			name: "to-nothing", facts: mac("12.7"),
			installed: previous(by("galss@3.43.02"), galss, nil),
			request:   Request{Action: Rollback, Components: targets(galss)},
			want:      `uninstall galss 3.43.02-> rollback`,
		},
		{
			name: "after-an-uninstall", facts: mac("12.7"),
			installed: previous(map[string]Installed{}, galss, &old),
			request:   Request{Action: Rollback, Components: targets(galss)},
			want:      `rollback galss ->3.42.03 rollback`,
		},
		{
			name: "nothing-known", facts: mac("12.7"), installed: by("galss@3.43.02"),
			request: Request{Action: Rollback, Components: targets(galss)},
			want:    `refused galss 3.43.02: plan-no-previous(|3.43.02)`,
		},
		{
			name: "another-one-needs-the-new-version", facts: mac("12.7"),
			installed: previous(by("galss@3.43.02", "srvsvcnam@3.43"), galss, &old),
			request:   Request{Action: Rollback, Components: targets(galss)},
			want:      `refused galss 3.43.02: plan-needed-by srvsvcnam(>= 3.43|3.42.03)`,
		},
		{
			name: "its-old-self-needs-another-version", facts: mac("12.7"),
			installed: previous(by("galss@3.43.02", "srvsvcnam@3.43"), srvsvcnam, &oldSrv),
			request:   Request{Action: Rollback, Components: targets(srvsvcnam)},
			want:      `refused srvsvcnam 3.43: plan-need-unmet galss(>= 3.42, < 3.43|3.43.02)`,
		},
		{
			name: "both-together", facts: mac("12.7"),
			installed: previous(previous(by("galss@3.43.02", "srvsvcnam@3.43"), srvsvcnam, &oldSrv), galss, &old),
			request:   Request{Action: Rollback},
			want: `
				rollback galss 3.43.02->3.42.03 rollback
				rollback srvsvcnam 3.43->3.42.02 rollback`,
		},
		{
			name: "a-false-condition-only-warns-on-the-way-back", facts: mac("10.14.6"),
			installed: previous(by("galss@3.42.03"), galss, newRelease(release(galss, "3.43.02", atLeast("10.15")))),
			request:   Request{Action: Rollback, Components: targets(galss)},
			want: `
				rollback galss 3.42.03->3.43.02 rollback
				warning galss 3.43.02: macos-too-old(>= 10.15|10.14.6)`,
		},
	})
}

func newRelease(r manifest.Release) *manifest.Release { return &r }

func TestRepair(t *testing.T) {
	kept := release(galss, "3.42.03")
	runCases(t, []planCase{
		{
			name: "from-the-manifest", facts: mac("12.7"), installed: by("galss@3.42.03"),
			request: Request{Action: Repair},
			want:    `repair galss 3.42.03->3.42.03 repair`,
		},
		{
			name: "from-the-receipt", facts: mac("12.7"),
			comps:     []manifest.Component{component(galss, release(galss, "3.43.02"))},
			installed: map[string]Installed{galss: {Version: "3.42.03", Backend: "bundle", Release: &kept}},
			request:   Request{Action: Repair, Components: targets(galss)},
			want:      `repair galss 3.42.03->3.42.03 repair`,
		},
		{
			name: "no-package", facts: mac("12.7"), installed: by("galss@3.34"),
			request: Request{Action: Repair, Components: targets(galss)},
			want:    `refused galss 3.34: plan-no-package(|bundle)`,
		},
		{
			name: "absent-and-foreign", facts: mac("12.7"), installed: map[string]Installed{galss: {Version: "3.42.03"}},
			request: Request{Action: Repair, Components: targets(cryptolib, galss)},
			want: `
				refused galss 3.42.03: plan-foreign(3.42.03|3.42.03)
				warning cryptolib-cps : plan-not-installed(|)`,
		},
	})
}

func TestReverse(t *testing.T) {
	old := release(galss, "3.42.03")
	in := input(t, field(), mac("12.7"), previous(by("galss@3.42.03", "cryptolib-cps@5.2.1"), galss, &old),
		Request{Action: Install, Components: targets(srvsvcnam, "cryptolib-cps@5.1.8")})
	p, err := Make(in)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	p.Steps = p.Reverse
	p.Refusals, p.Warnings = nil, nil
	want := plain(`
		uninstall srvsvcnam 3.43-> rollback
		rollback galss 3.43.02->3.42.03 rollback
		rollback cryptolib-cps 5.1.8->5.2.1 rollback`)
	if got := lines(p); got != want {
		t.Errorf("the reverse of a plan\n got:\n%s\nwant:\n%s", got, want)
	}
	for _, s := range p.Reverse {
		if s.To != "" && s.Release == nil || strings.Contains(string(s.Action), "install") != (s.Release == nil) {
			t.Errorf("the reverse step %s %s has release %v", s.Action, s.Component, s.Release)
		}
	}
}
