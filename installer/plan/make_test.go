package plan

import (
	"testing"

	"github.com/releve-sante/releve/manifest"
)

func TestMakeForTheField(t *testing.T) {
	runCases(t, []planCase{
		{
			name:    "mojave-takes-the-set-of-its-time",
			facts:   mac("10.14.6"),
			request: Request{Action: Install},
			want: `
				install cryptolib-cps ->5.1.5 requested
				install galss ->3.42.03 requested
				install srvsvcnam ->3.42.02 requested
				refused cryptolib-cps 5.2.1: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5 chosen
				refused cryptolib-cps 5.1.8: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5 chosen
				refused galss 3.43.02: macos-too-old(>= 10.15|10.14.6) accepted 3.42.03 chosen
				refused srvsvcnam 3.43: plan-need-unmet galss(>= 3.43|3.42.03) macos-too-old of galss 3.43.02(>= 10.15|10.14.6) accepted 3.42.02 chosen`,
		},
		{
			name:    "catalina-takes-the-newer-set",
			facts:   mac("10.15.7"),
			request: Request{Action: Install},
			want: `
				install cryptolib-cps ->5.2.1 requested
				install galss ->3.43.02 requested
				install srvsvcnam ->3.43 requested`,
		},
		{
			name:    "big-sur-under-its-alias",
			facts:   mac("10.16"),
			request: Request{Action: Install, Components: targets(galss)},
			want:    `install galss ->3.43.02 requested`,
		},
		{
			name:    "mojave-asked-for-5.1.8",
			facts:   mac("10.14.6"),
			request: Request{Action: Install, Components: targets("cryptolib-cps@5.1.8")},
			want:    `refused cryptolib-cps 5.1.8: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5`,
		},
	})
}

func TestMakeForWhatIsInstalled(t *testing.T) {
	runCases(t, []planCase{
		{
			name:      "5.1.8-installed-on-mojave-stays-and-is-reported",
			facts:     mac("10.14.6"),
			installed: by("cryptolib-cps@5.1.8"),
			request:   Request{Action: Update},
			want: `
				refused cryptolib-cps 5.1.8: plan-would-downgrade(5.1.5|5.1.8) macos-too-old(>= 10.15|10.14.6) accepted 5.1.5
				refused cryptolib-cps 5.2.1: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5`,
		},
		{
			name:      "5.1.8-on-mojave-goes-down-when-5.1.5-is-named",
			facts:     mac("10.14.6"),
			installed: by("cryptolib-cps@5.1.8"),
			request:   Request{Action: Install, Components: targets("cryptolib-cps@5.1.5")},
			want:      `downgrade cryptolib-cps 5.1.8->5.1.5 requested`,
		},
		{
			name:      "update-leaves-absent-components-absent",
			facts:     mac("12.7"),
			installed: by("galss@3.42.03"),
			request:   Request{Action: Update},
			want:      `update galss 3.42.03->3.43.02 newer`,
		},
		{
			name:      "update-of-an-absent-component",
			facts:     mac("12.7"),
			installed: by("galss@3.43.02"),
			request:   Request{Action: Update, Components: targets(cryptolib)},
			want:      `warning cryptolib-cps : plan-not-installed(|)`,
		},
		{
			name:      "nothing-to-do",
			facts:     mac("12.7"),
			installed: by("galss@3.43.2", "cryptolib-cps@5.2.1_x64"),
			request:   Request{Action: Install, Components: targets(galss, "cryptolib-cps@5.2.1")},
		},
	})
}

func TestMakeUnknown(t *testing.T) {
	runCases(t, []planCase{
		{
			name:    "definite-before-unknown",
			facts:   mac("26.1"),
			request: Request{Action: Install, Components: targets(cryptolib)},
			want: `
				install cryptolib-cps ->5.1.8 requested
				refused cryptolib-cps 5.2.1: macos-too-old(< 26|26.1) accepted 5.1.8 chosen`,
		},
		{
			name:    "unknown-when-named",
			facts:   mac("16.1"),
			request: Request{Action: Install, Components: targets("cryptolib-cps@5.2.1")},
			want:    `install cryptolib-cps ->5.2.1 requested ?macos-too-old`,
		},
		{
			name:    "unknown-when-nothing-is-definite",
			facts:   facts{"os.family": "macos"},
			comps:   []manifest.Component{component(galss, release(galss, "3.43.02", atLeast("10.15")))},
			request: Request{Action: Install, Components: targets(galss)},
			want:    `install galss ->3.43.02 requested ?macos-too-old`,
		},
		{
			name:      "what-is-installed-stays-before-unknown",
			facts:     mac("26.1"),
			installed: by("cryptolib-cps@5.1.8"),
			request:   Request{Action: Update},
			want:      `refused cryptolib-cps 5.2.1: macos-too-old(< 26|26.1) accepted 5.1.8 chosen`,
		},
		{
			name:  "unknown-instead-of-what-is-unknown-itself",
			facts: mac("26.1"),
			comps: []manifest.Component{component(cryptolib, release(cryptolib, "5.2.0", atLeast("10.15", "< 26")),
				release(cryptolib, "5.2.1", atLeast("10.15", "< 26")))},
			installed: by("cryptolib-cps@5.2.0"),
			request:   Request{Action: Update},
			want:      `update cryptolib-cps 5.2.0->5.2.1 newer ?macos-too-old`,
		},
		{
			name:  "an-inferred-limit-warns",
			facts: mac("10.14.6"),
			comps: []manifest.Component{component(cryptolib, release(cryptolib, "5.1.5"),
				release(cryptolib, "5.2.1", atLeast("10.15"), inferred))},
			request: Request{Action: Install},
			want: `
				install cryptolib-cps ->5.2.1 requested
				warning cryptolib-cps 5.2.1: macos-too-old(>= 10.15|10.14.6)`,
		},
	})
}

func TestMakeObstacles(t *testing.T) {
	runCases(t, []planCase{
		{
			name:    "a-withdrawn-release-is-passed-over",
			comps:   field(on(cryptolib, "5.2.1", withdrawn("5.1.8"))),
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets(cryptolib)},
			want: `
				install cryptolib-cps ->5.1.8 requested
				refused cryptolib-cps 5.2.1: plan-withdrawn(5.1.8|5.2.1) accepted 5.1.8 chosen`,
		},
		{
			name:      "a-withdrawn-release-that-is-installed",
			comps:     field(on(galss, "3.43.02", withdrawn("3.42.03"))),
			facts:     mac("12.7"),
			installed: by("galss@3.43.02"),
			request:   Request{Action: Update},
			want: `
				refused galss 3.43.02: plan-would-downgrade(3.42.03|3.43.02) plan-withdrawn-installed(3.42.03|3.43.02) accepted 3.42.03`,
		},
		{
			name:    "no-package",
			comps:   field(on(galss, "3.43.02", noPackage)),
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets("galss@3.43.02")},
			want:    `refused galss 3.43.02: plan-no-package(|bundle) accepted 3.42.03`,
		},
		{
			name:    "no-backend-on-this-machine",
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets(galss)},
			change:  func(in *Input) { in.Backends = []string{"macpkg"} },
			want: `
				refused galss 3.43.02: plan-no-package(|bundle)
				refused galss 3.42.03: plan-no-package(|bundle)`,
		},
	})
}

func TestMakeForeign(t *testing.T) {
	linux := func(in *Input) { in.Platform = manifest.Linux }
	runCases(t, []planCase{
		{
			name:      "another-backend",
			facts:     mac("12.7"),
			installed: map[string]Installed{galss: {Version: "3.42.03", Backend: "macpkg"}},
			request:   Request{Action: Install, Components: targets(galss)},
			want:      `refused galss 3.43.02: plan-other-backend(bundle|macpkg) accepted 3.42.03 chosen`,
		},
		{
			name:      "another-backend-that-may-be-left",
			facts:     mac("12.7"),
			installed: map[string]Installed{galss: {Version: "3.42.03", Backend: "macpkg", Others: []string{"bundle"}}},
			request:   Request{Action: Install, Components: targets(galss)},
			want:      `update galss 3.42.03->3.43.02 newer`,
		},
		{
			name:      "installed-by-something-else",
			facts:     mac("12.7"),
			installed: map[string]Installed{galss: {Version: "3.42.03"}, cryptolib: {Version: "5.2.6"}},
			request:   Request{Action: Install, Components: targets(galss, cryptolib)},
			want:      `refused galss 3.43.02: plan-foreign(3.43.02|3.42.03)`,
		},
		{
			name:    "not-for-this-system",
			facts:   facts{"os.family": "linux"},
			request: Request{Action: Install, Components: targets(galss)},
			change:  linux,
			want:    `refused galss : plan-not-for-platform(linux|stable)`,
		},
		{
			name:    "all-leaves-out-what-is-not-for-this-system",
			facts:   facts{"os.family": "linux"},
			request: Request{Action: Install},
			change:  linux,
		},
	})
}

func TestMakePinned(t *testing.T) {
	runCases(t, []planCase{
		{
			name:    "pinned",
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets(cryptolib), Pins: map[string]string{cryptolib: "5.1.8"}},
			want: `
				install cryptolib-cps ->5.1.8 requested
				refused cryptolib-cps 5.2.1: plan-pinned(5.1.8|5.2.1) accepted 5.1.8 chosen`,
		},
		{
			name:      "pinned-below-what-is-installed",
			facts:     mac("12.7"),
			installed: by("cryptolib-cps@5.2.1"),
			request:   Request{Action: Update, Pins: map[string]string{cryptolib: "5.1.8"}},
			want:      `refused cryptolib-cps 5.2.1: plan-would-downgrade(5.1.8|5.2.1) plan-pinned(5.1.8|5.2.1) accepted 5.1.8`,
		},
		{
			name:    "named-against-the-pin",
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets("cryptolib-cps@5.2.1"), Pins: map[string]string{cryptolib: "5.1.8"}},
			want:    `refused cryptolib-cps 5.2.1: plan-pinned(5.1.8|5.2.1) accepted 5.1.8`,
		},
		{
			name:      "named-and-there-already-needs-no-package",
			comps:     field(on(galss, "3.43.02", noPackage)),
			facts:     mac("12.7"),
			installed: by("galss@3.43.02"),
			request:   Request{Action: Install, Components: targets("galss@3.43.2")},
		},
		{
			name:      "named-and-there-already-against-its-conditions",
			facts:     mac("10.14.6"),
			installed: by("cryptolib-cps@5.1.8"),
			request:   Request{Action: Install, Components: targets("cryptolib-cps@5.1.8")},
			want:      `refused cryptolib-cps 5.1.8: macos-too-old(>= 10.15|10.14.6) accepted 5.1.5`,
		},
		{
			name:      "newer-than-anything-offered",
			facts:     mac("12.7"),
			installed: by("galss@3.45.01"),
			request:   Request{Action: Install, Components: targets(galss)},
			want:      `warning galss 3.45.01: plan-would-downgrade(3.43.02|3.45.01)`,
		},
	})
}
