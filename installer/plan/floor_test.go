package plan

import (
	"fmt"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// floorAt is a floor of macOS.
func floorAt(version string, safe ...string) manifest.Floor {
	return manifest.Floor{Platform: manifest.MacOS, Version: version, Safe: safe,
		Because: manifest.Text{FR: "Faille.", EN: "Hole."}}
}

// floored gives Cryptolib CPS a floor.
func floored(f manifest.Floor) func(map[string]*manifest.Component) {
	return func(all map[string]*manifest.Component) { all[cryptolib].Floors = []manifest.Floor{f} }
}

// after is what releve installed over another version that it keeps.
func after(name, version, previous string) map[string]Installed {
	r, p := release(name, version), release(name, previous)
	return map[string]Installed{name: {Version: version, Backend: "bundle", Release: &r, Previous: &p}}
}

// TestFloorMatrix goes through version, floor, list of safe versions,
// withdrawal and action. A machine is at 5.2.1 and is asked to go to 5.1.8 or
// 5.1.5; it gets there exactly when the floor permits it, and by install only
// when it was not withdrawn.
func TestFloorMatrix(t *testing.T) {
	for _, version := range []string{"5.1.5", "5.1.8"} {
		for _, height := range []string{"", "5.1.5", "5.1.8", "5.2.1"} {
			for _, safe := range [][]string{nil, {"5.1.5"}, {"5.1.4"}} {
				for _, gone := range []bool{false, true} {
					for _, action := range []Verb{Install, Rollback} {
						for _, from := range []string{"document", "memory", "memory-over-document"} {
							m := matrix{version: version, height: height, safe: safe, gone: gone, action: action, from: from}
							t.Run(m.String(), m.test)
						}
					}
				}
			}
		}
	}
}

// matrix is one cell.
type matrix struct {
	version, height string
	safe            []string
	gone            bool
	action          Verb
	from            string // where the floor is known from
}

func (m matrix) String() string {
	return fmt.Sprintf("%s-to-%s-floor-%q-safe-%v-withdrawn-%v-by-%s", m.action, m.version, m.height, m.safe, m.gone, m.from)
}

// allowed says by the words of the rule what must happen, without asking the
// code that decides.
func (m matrix) allowed() bool {
	above := m.height == "" || m.version >= m.height // these versions compare as texts
	safe := len(m.safe) > 0 && m.safe[0] == m.version
	return (above || safe) && (m.action == Rollback || !m.gone)
}

func (m matrix) test(t *testing.T) {
	if len(m.safe) > 0 && m.safe[0] >= m.height {
		return // no such document: a safe version is below its floor
	}
	var changes []func(map[string]*manifest.Component)
	if m.gone {
		changes = append(changes, on(cryptolib, m.version, withdrawn("")))
	}
	f := floorAt(m.height, m.safe...)
	low := floorAt("5.1.4")
	low.Safe = []string{"5.1.3"}
	switch {
	case m.height == "":
	case m.from == "document":
		changes = append(changes, floored(f))
	case m.from == "memory-over-document":
		changes = append(changes, floored(low))
	}
	request := Request{Action: m.action, Components: targets(cryptolib)}
	if m.action == Install {
		request.Components = targets(cryptolib + "@" + m.version)
	}
	in := input(t, field(changes...), mac("12.0"), after(cryptolib, "5.2.1", m.version), request)
	if m.height != "" && m.from != "document" {
		in.Floors = map[string][]manifest.Floor{cryptolib: {f}}
	}
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(p.Steps) == 1 && p.Steps[0].To == m.version; got != m.allowed() || got == p.Refused() {
		t.Errorf("allowed: got %v, want %v\n%s", got, m.allowed(), lines(p))
	}
	if !m.allowed() && !m.gone && p.Refusals[0].Code != CodeBelowFloor {
		t.Errorf("refused for %s, want %s", p.Refusals[0].Code, CodeBelowFloor)
	}
}

func TestFloors(t *testing.T) {
	const low = "plan-below-floor(>= 5.1.8 | 5.1.5|%s)"
	noFloor := func(in *Input) { in.Manifest = manifest.Verified{} }
	remembered := func(f manifest.Floor, more ...func(*Input)) func(*Input) {
		return func(in *Input) {
			in.Floors = map[string][]manifest.Floor{cryptolib: {f}}
			for _, c := range more {
				c(in)
			}
		}
	}
	rollback := Request{Action: Rollback, Components: targets(cryptolib)}
	runCases(t, []planCase{
		{name: "rollback-without-any-manifest", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.4"), request: rollback,
			change: remembered(floorAt("5.1.8", "5.1.5"), noFloor), want: "refused cryptolib-cps 5.1.4: " + fmt.Sprintf(low, "5.1.4")},
		{name: "rollback-to-a-safe-one-without-any-manifest", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.5"), request: rollback,
			change: remembered(floorAt("5.1.8", "5.1.5"), noFloor), want: "rollback cryptolib-cps 5.2.1->5.1.5 rollback"},
		{name: "the-floor-of-another-system-does-not-hold", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.5"), request: rollback,
			change: remembered(manifest.Floor{Platform: manifest.Windows, Version: "9"}), want: "rollback cryptolib-cps 5.2.1->5.1.5 rollback"},
		{name: "the-floor-of-all-systems-holds", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.5"), request: rollback,
			change: remembered(manifest.Floor{Platform: manifest.Any, Version: "5.2"}),
			want:   "refused cryptolib-cps 5.1.5: plan-below-floor(>= 5.2|5.1.5)"},
		{name: "installing-anew-below-the-floor", facts: mac("12.0"), request: Request{Action: Install, Components: targets(cryptolib + "@5.1.5")},
			change: remembered(floorAt("5.1.8")),
			want:   "refused cryptolib-cps 5.1.5: plan-below-floor(>= 5.1.8|5.1.5) accepted 5.2.1"},
		{name: "undoing-a-first-installation-is-no-way-down", facts: mac("12.0"), request: rollback,
			installed: map[string]Installed{cryptolib: {Version: "5.2.1", Backend: "bundle", Absent: true}},
			change:    remembered(floorAt("9")), want: "uninstall cryptolib-cps 5.2.1-> rollback"},
		{name: "installed-below-the-floor-is-told", facts: mac("10.14.6"), installed: by("cryptolib-cps@5.1.5"),
			request: Request{Action: Update, Components: targets(cryptolib)}, change: remembered(floorAt("5.1.8")),
			want: `refused cryptolib-cps 5.2.1: macos-too-old(>= 10.15|10.14.6)
				refused cryptolib-cps 5.1.8: macos-too-old(>= 10.15|10.14.6)
				warning cryptolib-cps 5.1.5: plan-below-floor-here(>= 5.1.8|5.1.5)`},
		{name: "damaged-memory-keeps-the-height", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.8"), request: rollback,
			change: func(in *Input) { in.FloorsLost = true },
			want:   "refused cryptolib-cps 5.1.8: plan-floor-lost(|5.1.8)"},
		{name: "damaged-memory-brings-nothing-back", facts: mac("12.0"), request: rollback,
			installed: map[string]Installed{cryptolib: {Previous: after(cryptolib, "5.2.1", "5.1.8")[cryptolib].Previous}},
			change:    func(in *Input) { in.FloorsLost = true },
			want:      "refused cryptolib-cps 5.1.8: plan-floor-lost(|5.1.8)"},
	})
}

func TestGoBack(t *testing.T) {
	back := Request{Action: Update, Components: targets(cryptolib), GoBack: true}
	with := func(changes ...func(map[string]*manifest.Component)) []manifest.Component { return field(changes...) }
	gone := func(replacement string) func(map[string]*manifest.Component) {
		return on(cryptolib, "5.2.1", withdrawn(replacement))
	}
	const told = "warning cryptolib-cps 5.2.1: plan-withdrawn-installed(%s|5.2.1)"
	runCases(t, []planCase{
		{name: "not-without-the-policy", facts: mac("12.0"), installed: by("cryptolib-cps@5.2.1"), comps: with(gone("5.1.5")),
			request: Request{Action: Update, Components: targets(cryptolib)},
			want:    "refused cryptolib-cps 5.2.1: plan-would-downgrade(5.1.8|5.2.1) plan-withdrawn-installed(5.1.5|5.2.1) accepted 5.1.8"},
		{name: "to-the-replacement", facts: mac("12.0"), installed: by("cryptolib-cps@5.2.1"), comps: with(gone("5.1.5")), request: back,
			want: "downgrade cryptolib-cps 5.2.1->5.1.5 withdrawn\n" + fmt.Sprintf(told, "5.1.5")},
		{name: "to-the-newest-when-no-replacement-is-named", facts: mac("12.0"), installed: by("cryptolib-cps@5.2.1"), comps: with(gone("")), request: back,
			want: "downgrade cryptolib-cps 5.2.1->5.1.8 withdrawn\n" + fmt.Sprintf(told, "")},
		{name: "to-the-newest-that-is-accepted", facts: mac("10.14.6"), installed: by("cryptolib-cps@5.2.1"), comps: with(gone("5.1.8")), request: back,
			want: "downgrade cryptolib-cps 5.2.1->5.1.5 withdrawn\nrefused cryptolib-cps 5.1.8: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5 chosen\n" +
				fmt.Sprintf(told, "5.1.8")},
		{name: "forward-when-there-is-a-newer-one", facts: mac("12.0"), installed: by("cryptolib-cps@5.1.8"),
			comps: with(on(cryptolib, "5.1.8", withdrawn("5.1.5"))), request: back,
			want: "update cryptolib-cps 5.1.8->5.2.1 newer"},
		{name: "to-what-is-kept-when-nothing-is-offered", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.0"), request: back,
			comps: with(gone(""), on(cryptolib, "5.1.8", withdrawn("")), on(cryptolib, "5.1.5", noPackage)),
			want: "rollback cryptolib-cps 5.2.1->5.1.0 withdrawn\n" +
				"refused cryptolib-cps 5.1.8: plan-withdrawn(|5.1.8) accepted 5.1.0 chosen\n" +
				"refused cryptolib-cps 5.1.5: plan-no-package(|bundle) accepted 5.1.0 chosen\n" + fmt.Sprintf(told, "")},
		{name: "not-below-the-floor", facts: mac("12.0"), installed: after(cryptolib, "5.2.1", "5.1.0"), request: back,
			comps:  with(gone("5.1.5")),
			change: func(in *Input) { in.Floors = map[string][]manifest.Floor{cryptolib: {floorAt("5.2")}} },
			want:   fmt.Sprintf(told, "5.1.5")},
		{name: "not-away-from-a-pin", facts: mac("12.0"), installed: by("cryptolib-cps@5.2.1"), comps: with(gone("")),
			request: Request{Action: Update, Components: targets(cryptolib), GoBack: true, Pins: map[string]string{cryptolib: "5.2.1"}},
			want:    fmt.Sprintf(told, "")},
		{name: "not-what-others-need", facts: mac("12.0"), installed: by("galss@3.43.02", "srvsvcnam@3.43"),
			comps:   with(on(galss, "3.43.02", withdrawn(""))),
			request: Request{Action: Update, GoBack: true},
			want: "refused galss 3.43.02: plan-needed-by srvsvcnam(>= 3.43|3.42.03) plan-withdrawn of galss 3.43.02(|3.43.02) " +
				"plan-withdrawn-installed(|3.43.02) accepted 3.42.03"},
	})
}

// TestKeptVersionIsARollback holds that what is still on the machine is not
// fetched again.
func TestKeptVersionIsARollback(t *testing.T) {
	comps := []manifest.Component{component(cryptolib, release(cryptolib, "5.2.1", withdrawn("")))}
	in := input(t, comps, mac("12.0"), after(cryptolib, "5.2.1", "5.1.5"), Request{Action: Update, GoBack: true})
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steps) != 1 || p.Steps[0].Action != backend.Rollback || p.Download != 0 || p.Steps[0].Release.Version != "5.1.5" {
		t.Errorf("got %s, %d bytes to download", lines(p), p.Download)
	}
	in.Manifest = manifesttest.Verified(t, "stable", []manifest.Component{component(cryptolib,
		release(cryptolib, "5.1.5", withdrawn("")), release(cryptolib, "5.2.1", withdrawn("")))})
	if p, err = Make(in); err != nil || len(p.Steps) != 0 {
		t.Errorf("a kept version that was withdrawn too is taken: %s (%v)", lines(p), err)
	}
}
