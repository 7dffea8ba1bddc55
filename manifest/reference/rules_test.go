package reference

import (
	"slices"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// machine is a lookup over facts that a test writes down.
type machine map[string]any

func (m machine) lookup(path string) (any, bool) {
	v, ok := m[path]
	return v, ok
}

func mac(version, arch string) machine {
	return machine{"os.family": "macos", "os.version": version, "arch.native": arch}
}

func windows(build int64, kind, arch string) machine {
	return machine{"os.family": "windows", "os.version": "10.0", "os.build": build, "os.product_type": kind, "arch.native": arch}
}

func (m machine) galss(mode string, wmic bool) machine {
	m["galss.mode"], m["wmic.present"], m["wmic.standin"] = mode, wmic, false
	return m
}

func (m machine) with(path string, value any) machine {
	m[path] = value
	return m
}

// verdictRow is a release on a machine and the rules that do not simply hold.
type verdictRow struct {
	name      string
	component string
	version   string
	on        machine
	refuses   []string // codes of confirmed rules that are false
	warns     []string // codes of inferred rules that are false
	asks      []string // codes of rules that are unknown
}

func (r verdictRow) check(t *testing.T) {
	family, _ := r.on["os.family"].(string)
	release, ok := open(t).Find(r.component, r.version, manifest.PlatformOf(family))
	if !ok {
		t.Fatalf("%s %s for %s is not in the catalogue", r.component, r.version, family)
	}
	var refuses, warns, asks []string
	for _, rule := range release.Requires {
		switch holds := rule.Check(r.on.lookup).Holds; {
		case holds == manifest.Unknown:
			asks = append(asks, rule.Code)
		case holds == manifest.False && rule.Confidence == manifest.Inferred:
			warns = append(warns, rule.Code)
		case holds == manifest.False:
			refuses = append(refuses, rule.Code)
		}
	}
	if !slices.Equal(refuses, r.refuses) || !slices.Equal(warns, r.warns) || !slices.Equal(asks, r.asks) {
		t.Errorf("%s %s\n got refuses %q, warns %q, asks %q\nwant refuses %q, warns %q, asks %q",
			r.component, r.version, refuses, warns, asks, r.refuses, r.warns, r.asks)
	}
}

const (
	old      = "macos-too-old"
	unproven = "macos-not-verified"
	silicon  = "apple-silicon-not-verified"
	windowsX = "windows-not-verified"
	armX     = "arm64-not-verified"
	noWMIC   = "wmic-missing"
	maybe    = "wmic-missing-pcsc"
)

func TestRulesOnMacOS(t *testing.T) {
	tests := []verdictRow{
		{name: "mojave-refuses-cryptolib-5.1.8", component: "cryptolib-cps", version: "5.1.8", on: mac("10.14.6", "amd64"), refuses: []string{old}},
		{name: "mojave-takes-cryptolib-5.1.5", component: "cryptolib-cps", version: "5.1.5", on: mac("10.14.6", "amd64")},
		{name: "mojave-asks-for-cryptolib-5.1.20", component: "cryptolib-cps", version: "5.1.20", on: mac("10.14.6", "amd64"), asks: []string{unproven}},
		{name: "mojave-warns-of-cryptolib-5.2.1", component: "cryptolib-cps", version: "5.2.1", on: mac("10.14.6", "amd64"), warns: []string{old}, asks: []string{unproven}},
		{name: "mojave-warns-of-cryptolib-5.2.6", component: "cryptolib-cps", version: "5.2.6", on: mac("10.14.6", "amd64"), warns: []string{old}, asks: []string{unproven}},
		{name: "mojave-refuses-galss-3.43.02", component: "galss", version: "3.43.02", on: mac("10.14.6", "amd64"), refuses: []string{old}},
		{name: "mojave-takes-galss-3.42.03", component: "galss", version: "3.42.03", on: mac("10.14.6", "amd64")},
		{name: "mojave-refuses-srvsvcnam-3.43", component: "srvsvcnam", version: "3.43", on: mac("10.14.6", "amd64"), refuses: []string{old}},
		{name: "mojave-takes-srvsvcnam-3.42.02", component: "srvsvcnam", version: "3.42.02", on: mac("10.14.6", "amd64")},
		{name: "high-sierra-refuses-cryptolib-5.1.8", component: "cryptolib-cps", version: "5.1.8", on: mac("10.13.6", "amd64"), refuses: []string{old}},
		{name: "catalina-takes-cryptolib-5.1.8", component: "cryptolib-cps", version: "5.1.8", on: mac("10.15.7", "amd64")},
		{name: "catalina-asks-for-cryptolib-5.1.5", component: "cryptolib-cps", version: "5.1.5", on: mac("10.15.7", "amd64"), asks: []string{unproven}},
		{name: "catalina-takes-galss-3.43.02", component: "galss", version: "3.43.02", on: mac("10.15.7", "amd64")},
		{name: "catalina-takes-srvsvcnam-3.43", component: "srvsvcnam", version: "3.43", on: mac("10.15.7", "amd64")},
		{name: "sonoma-asks-for-cryptolib-5.1.8", component: "cryptolib-cps", version: "5.1.8", on: mac("14.6.1", "arm64"), asks: []string{unproven, silicon}},
		{name: "sonoma-takes-cryptolib-5.2.1", component: "cryptolib-cps", version: "5.2.1", on: mac("14.6.1", "arm64")},
		{name: "tahoe-asks-for-cryptolib-5.2.1", component: "cryptolib-cps", version: "5.2.1", on: mac("26.1", "arm64"), asks: []string{unproven}},
		{name: "tahoe-takes-cryptolib-5.2.6", component: "cryptolib-cps", version: "5.2.6", on: mac("26.1", "arm64")},
		{name: "tahoe-under-its-old-name-takes-cryptolib-5.2.6", component: "cryptolib-cps", version: "5.2.6", on: mac("16.1", "arm64")},
		{name: "tahoe-asks-for-cryptolib-5.1.20", component: "cryptolib-cps", version: "5.1.20", on: mac("26.1", "arm64"), asks: []string{unproven}},
		{name: "big-sur-takes-cryptolib-5.1.20", component: "cryptolib-cps", version: "5.1.20", on: mac("11.7", "arm64")},
		{name: "catalina-asks-for-srvsvcnam-3.42.02", component: "srvsvcnam", version: "3.42.02", on: mac("10.15.7", "amd64"), asks: []string{unproven}},
		{name: "sonoma-asks-for-srvsvcnam-3.43", component: "srvsvcnam", version: "3.43", on: mac("14.6.1", "arm64"), asks: []string{unproven}},
		{name: "newer-than-the-catalogue-asks", component: "cryptolib-cps", version: "5.2.6", on: mac("27.0", "arm64"), asks: []string{unproven}},
		{name: "unknown-version-asks", component: "cryptolib-cps", version: "5.1.8", on: machine{"os.family": "macos", "arch.native": "amd64"}, asks: []string{old, unproven}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestRulesOnWindows(t *testing.T) {
	tests := []verdictRow{
		{name: "cryptolib-5.1.8-is-another-one-on-windows", component: "cryptolib-cps", version: "5.1.8", on: windows(19045, "workstation", "amd64")},
		{name: "windows-11-takes-cryptolib-5.2.2", component: "cryptolib-cps", version: "5.2.2", on: windows(26100, "workstation", "amd64")},
		{name: "26h2-takes-cryptolib-5.2.2", component: "cryptolib-cps", version: "5.2.2", on: windows(26300, "workstation", "amd64")},
		{name: "26h1-asks-though-its-number-is-higher", component: "cryptolib-cps", version: "5.2.2", on: windows(28000, "workstation", "amd64"), asks: []string{windowsX}},
		{name: "arm64-asks", component: "cryptolib-cps", version: "5.2.6", on: windows(26100, "workstation", "arm64"), asks: []string{windowsX}},
		{name: "server-2022-takes-cryptolib-5.2.2", component: "cryptolib-cps", version: "5.2.2", on: windows(20348, "server", "amd64")},
		{name: "server-2025-asks-though-24h2-does-not", component: "cryptolib-cps", version: "5.2.2", on: windows(26100, "server", "amd64"), asks: []string{windowsX}},
		{name: "galss-before-24h2", component: "galss", version: "3.45.01", on: windows(22631, "workstation", "amd64").galss("pss", false)},
		{name: "galss-pss-without-wmic", component: "galss", version: "3.45.01", on: windows(26100, "workstation", "amd64").galss("pss", false), refuses: []string{noWMIC}},
		{name: "galss-pss-with-wmic", component: "galss", version: "3.45.01", on: windows(26200, "workstation", "amd64").galss("pss", true)},
		{name: "galss-pcsc-without-wmic", component: "galss", version: "3.45.01", on: windows(26200, "workstation", "amd64").galss("pcsc", false), warns: []string{maybe}},
		{name: "galss-pss-with-a-stand-in", component: "galss", version: "3.45.01", on: windows(26200, "workstation", "amd64").galss("pss", false).with("wmic.standin", true)},
		{name: "stand-in-for-galss", component: "wmic-standin", version: "1.0.0", on: windows(26200, "workstation", "amd64").galss("pss", false).with("component.galss.present", true), warns: []string{"standin-not-confirmed"}},
		{name: "stand-in-beside-wmic", component: "wmic-standin", version: "1.0.0", on: windows(26200, "workstation", "amd64").galss("pss", true).with("component.galss.present", true), refuses: []string{"wmic-there"}, warns: []string{"standin-not-confirmed"}},
		{name: "stand-in-without-galss", component: "wmic-standin", version: "1.0.0", on: windows(26200, "workstation", "amd64").galss("none", false).with("component.galss.present", false), refuses: []string{"galss-absent"}, warns: []string{"standin-not-confirmed"}},
		{name: "galss-unconfigured", component: "galss", version: "3.45.01", on: windows(26200, "workstation", "amd64").galss("none", false)},
		{name: "galss-arm64", component: "galss", version: "3.45.01", on: windows(26200, "workstation", "arm64").galss("none", true), asks: []string{armX}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}
