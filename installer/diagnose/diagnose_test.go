package diagnose_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/galss"
	"github.com/releve-sante/releve/osdetect/machine"
)

func alerts(t testing.TB) []manifest.Advisory {
	t.Helper()
	v, err := reference.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Advisories()
}

func load(t testing.TB, name string) osdetect.Facts {
	t.Helper()
	f, err := machine.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// brief words findings as "severity ID", with a question mark for unknown.
func brief(findings []diagnose.Finding) []string {
	words := []string{}
	for _, f := range findings {
		word := string(f.Severity) + " " + f.ID
		if f.Holds == manifest.Unknown {
			word += "?"
		}
		words = append(words, word)
	}
	return words
}

func TestCapturedMachines(t *testing.T) {
	tests := []struct {
		machine string
		want    []string
		status  int
	}{
		{machine: "mojave", want: []string{"blocking MACOS-CATALINA-SET", "warning PSS-UNSUPPORTED"}, status: diagnose.Blocked},
		{machine: "catalina", want: []string{}, status: diagnose.AllWell},
		{machine: "sonoma", want: []string{}, status: diagnose.AllWell},
		{machine: "tahoe", want: []string{}, status: diagnose.AllWell},
		{machine: "win10-22h2-pss", want: []string{"warning PSS-UNSUPPORTED", "warning WINDOWS-10-END"}, status: diagnose.Findings},
		{machine: "win11-24h2-pss", want: []string{"blocking PDT-INF-873", "warning PSS-UNSUPPORTED"}, status: diagnose.Blocked},
		{machine: "win11-25h2-pcsc", want: []string{"blocking CPS4-CRYPTOLIB", "warning CRYPTOLIB-INSTALLER-FLAW", "warning WMIC-PCSC"}, status: diagnose.Blocked},
		{machine: "win11-26h1-arm64", want: []string{"info WINDOWS-ARM64"}, status: diagnose.Findings},
		{machine: "server-2022-rds", want: []string{"info REMOTE-SESSION", "info SESSION-HOST"}, status: diagnose.Findings},
	}
	var covered []string
	for _, tt := range tests {
		covered = append(covered, tt.machine)
		t.Run(tt.machine, func(t *testing.T) {
			findings := diagnose.Run(alerts(t), load(t, tt.machine).Lookup)
			if got := brief(findings); !slices.Equal(got, tt.want) {
				t.Errorf("findings\n got %q\nwant %q", got, tt.want)
			}
			if got := diagnose.Status(findings); got != tt.status {
				t.Errorf("Status = %d, want %d", got, tt.status)
			}
		})
	}
	slices.Sort(covered)
	if !slices.Equal(covered, machine.Names()) {
		t.Errorf("the table covers %q, captured are %q", covered, machine.Names())
	}
}

// change is a captured machine of which one thing is different.
type change struct {
	name    string
	machine string
	facts   osdetect.Facts // to set; nil values are forgotten
	want    []string
}

func (c change) check(t *testing.T) {
	f := load(t, c.machine)
	for path, value := range c.facts {
		f = f.With(path, value)
	}
	if got := brief(diagnose.Run(alerts(t), f.Lookup)); !slices.Equal(got, c.want) {
		t.Errorf("findings\n got %q\nwant %q", got, c.want)
	}
}

func TestReferenceAlertsOnWindows(t *testing.T) {
	tests := []change{
		{name: "wmic-restored", machine: "win11-24h2-pss", facts: osdetect.Facts{"wmic.present": true, "wmic.path": `C:\Windows\System32\wbem\WMIC.exe`}, want: []string{"warning PSS-UNSUPPORTED"}},
		{name: "moved-to-pcsc", machine: "win11-24h2-pss", facts: osdetect.Facts{"galss.mode": "pcsc"}, want: []string{"warning WMIC-PCSC"}},
		{name: "wmic-replaced", machine: "win11-24h2-pss", facts: osdetect.Facts{"wmic.standin": true}, want: []string{"warning PSS-UNSUPPORTED", "info WMIC-STANDIN"}},
		{name: "two-servers", machine: "win10-22h2-pss", facts: osdetect.Facts{"galss.servers": int64(2), "galss.running": true}, want: []string{"warning GALSS-TWO-SERVERS", "warning PSS-UNSUPPORTED", "warning WINDOWS-10-END"}},
		{name: "galss-does-not-run", machine: "win10-22h2-pss", facts: osdetect.Facts{"galss.servers": int64(0), "galss.running": false}, want: []string{"warning PSS-UNSUPPORTED", "warning WINDOWS-10-END", "info GALSS-STOPPED"}},
		{name: "mode-not-known", machine: "win11-24h2-pss", facts: osdetect.Facts{"galss.mode": nil}, want: []string{"warning PDT-INF-873?", "info PSS-UNSUPPORTED?"}},
		{name: "before-24h2", machine: "win11-24h2-pss", facts: osdetect.Facts{"os.build": 22631}, want: []string{"warning PSS-UNSUPPORTED", "warning WMIC-REMOVED"}},
		{name: "before-24h2-in-pcsc", machine: "win11-25h2-pcsc", facts: osdetect.Facts{"os.build": 22631, "component.cryptolib-cps.version": "5.2.6"}, want: []string{"warning WMIC-REMOVED"}},
		{name: "before-24h2-without-galss", machine: "win11-24h2-pss", facts: osdetect.Facts{"os.build": 22631, "component.galss.present": false, "galss.mode": "none"}, want: []string{}},
		{name: "path-does-not-lead-to-wmic", machine: "win11-24h2-pss", facts: osdetect.Facts{"wmic.present": true}, want: []string{"warning PSS-UNSUPPORTED", "warning WMIC-NOT-ON-PATH"}},
		{name: "server-2025-too", machine: "win11-24h2-pss", facts: osdetect.Facts{"os.product_type": "server"}, want: []string{"blocking PDT-INF-873", "warning PSS-UNSUPPORTED"}},
		{name: "card-read-by-a-new-cryptolib", machine: "win11-25h2-pcsc", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.2.6_x64"}, want: []string{"warning WMIC-PCSC"}},
		{name: "card-not-known", machine: "win11-25h2-pcsc", facts: osdetect.Facts{"card.cps": nil}, want: []string{"warning CPS4-CRYPTOLIB?", "warning CRYPTOLIB-INSTALLER-FLAW", "warning WMIC-PCSC"}},
		{name: "card-read-by-the-first-cryptolib-that-can", machine: "win11-25h2-pcsc", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.2.1"}, want: []string{"warning CPS4-CORRECTIONS", "warning WMIC-PCSC"}},
		{name: "old-card-and-the-first-cryptolib-of-the-new", machine: "win11-24h2-pss", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.2.0", "wmic.present": nil}, want: []string{"warning PDT-INF-873?", "warning PSS-UNSUPPORTED"}},
		{name: "corrected-installer", machine: "win11-26h1-arm64", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.1.10"}, want: []string{"info WINDOWS-ARM64"}},
		{name: "flawed-installer", machine: "win11-26h1-arm64", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.1.9"}, want: []string{"warning CRYPTOLIB-INSTALLER-FLAW", "info WINDOWS-ARM64"}},
		{name: "two-cryptolibs", machine: "win11-26h1-arm64", facts: osdetect.Facts{"component.cryptolib-cps.versions": "5.2.6, 5.1.7"}, want: []string{"warning CRYPTOLIB-SIDE-BY-SIDE", "info WINDOWS-ARM64"}},
		{name: "citrix-host-at-its-console", machine: "server-2022-rds", facts: osdetect.Facts{"session.host": "citrix", "session.kind": "console"}, want: []string{"info SESSION-HOST"}},
		{name: "no-cryptolib-with-a-card", machine: "win11-26h1-arm64", facts: osdetect.Facts{"component.cryptolib-cps.present": false}, want: []string{"blocking CRYPTOLIB-ABSENT", "info WINDOWS-ARM64"}},
		{name: "long-term-edition", machine: "win10-22h2-pss", facts: osdetect.Facts{"os.edition": "EnterpriseS"}, want: []string{"warning PSS-UNSUPPORTED"}},
		{name: "server-2019-is-not-windows-10", machine: "win10-22h2-pss", facts: osdetect.Facts{"os.product_type": "server", "os.build": 17763}, want: []string{"warning PSS-UNSUPPORTED"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

// TestReferenceAlertsAboutReaders adds what package reader finds to a machine
// that has one finding of its own.
func TestReferenceAlertsAboutReaders(t *testing.T) {
	const windows, own = "win11-26h1-arm64", "info WINDOWS-ARM64"
	tests := []change{
		{name: "reader-with-a-slot", machine: windows, facts: osdetect.Facts{"reader.service": "running", "reader.count": 2, "reader.contact": true, "reader.serial": false, "card.mute": false}, want: []string{own}},
		{name: "no-reader", machine: windows, facts: osdetect.Facts{"reader.service": "running", "reader.count": 0, "reader.contact": false, "reader.serial": false}, want: []string{"warning READER-NONE", own}},
		{name: "no-slot-and-a-serial-device", machine: windows, facts: osdetect.Facts{"reader.service": "running", "reader.count": 0, "reader.contact": false, "reader.serial": true}, want: []string{"warning READER-SERIAL", own}},
		{name: "service-stopped-with-the-last-reader", machine: windows, facts: osdetect.Facts{"reader.service": "stopped", "reader.serial": false, "service.scardsvr_start": "manual"}, want: []string{"warning SCARD-STOPPED", own}},
		{name: "service-stopped-and-a-serial-device", machine: windows, facts: osdetect.Facts{"reader.service": "stopped", "reader.serial": true, "service.scardsvr_start": "manual"}, want: []string{"warning READER-SERIAL", own}},
		{name: "service-disabled", machine: windows, facts: osdetect.Facts{"reader.service": "stopped", "reader.serial": false, "service.scardsvr_start": "disabled"}, want: []string{"warning SCARD-DISABLED", own}},
		{name: "service-hangs", machine: windows, facts: osdetect.Facts{"reader.service": "unreachable", "reader.serial": false}, want: []string{"warning SCARD-UNREACHABLE", own}},
		{name: "mute-card", machine: windows, facts: osdetect.Facts{"reader.count": 1, "reader.contact": true, "card.mute": true, "card.cps": nil}, want: []string{"warning CARD-MUTE", own}},
		{name: "contactless-only", machine: windows, facts: osdetect.Facts{"reader.count": 1, "reader.contact": false}, want: []string{"info READER-CONTACTLESS", own}},
		{name: "no-reader-and-nothing-that-needs-one", machine: windows, facts: osdetect.Facts{"reader.count": 0, "reader.serial": false, "component.galss.present": false, "component.cryptolib-cps.present": false, "card.cps": "none"}, want: []string{own}},
		{name: "no-reader-on-a-mac", machine: "tahoe", facts: osdetect.Facts{"reader.count": 0, "reader.contact": false}, want: []string{"warning READER-NONE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestReferenceAlertsOnMacOS(t *testing.T) {
	tests := []change{
		{name: "mojave-with-its-own-cryptolib", machine: "mojave", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.1.5"}, want: []string{"warning PSS-UNSUPPORTED"}},
		{name: "mojave-with-the-galss-of-catalina", machine: "mojave", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.1.5", "component.galss.version": "3.43.02"},
			want: []string{"blocking MACOS-CATALINA-SET", "warning MACOS-MIXED-SET", "warning PSS-UNSUPPORTED"}},
		{name: "catalina-with-the-cryptolib-of-mojave", machine: "catalina", facts: osdetect.Facts{"component.cryptolib-cps.version": "5.1.5"}, want: []string{"warning MACOS-MOJAVE-SET"}},
		{name: "catalina-with-mixed-sets", machine: "catalina", facts: osdetect.Facts{"component.galss.version": "3.42.03"}, want: []string{"warning MACOS-MIXED-SET"}},
		{name: "cryptolib-of-another-age", machine: "catalina", facts: osdetect.Facts{"component.cryptolib-cps.version": "4.2.1"}, want: []string{"warning CRYPTOLIB-V4", "warning MACOS-MOJAVE-SET"}},
		{name: "version-of-macos-not-known", machine: "mojave", facts: osdetect.Facts{"os.version": nil}, want: []string{"warning MACOS-CATALINA-SET?", "warning PSS-UNSUPPORTED"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestMachineNobodyKnows(t *testing.T) {
	for _, f := range []osdetect.Facts{{}, {"os.family": "windows"}, {"os.family": "macos"}, {"os.family": "linux", "elevated": true}} {
		if got := brief(diagnose.Run(alerts(t), f.Lookup)); len(got) != 0 {
			t.Errorf("facts %v: findings %q, want none", f, got)
		}
	}
}

func TestReasonsAreThoseThatMatter(t *testing.T) {
	findings := diagnose.Run(alerts(t), load(t, "mojave").Lookup)
	want := []manifest.Leaf{
		{Fact: "os.family", Required: "= macos", Actual: "macos", Holds: manifest.True},
		{Fact: "os.version", Required: "< 10.15", Actual: "10.14.6", Holds: manifest.True},
		{Fact: "component.cryptolib-cps.present", Required: "= true", Actual: "true", Holds: manifest.True},
		{Fact: "component.cryptolib-cps.version", Required: ">= 5.1.8", Actual: "5.1.8", Holds: manifest.True},
	}
	if len(findings) == 0 || !slices.Equal(findings[0].Reasons, want) {
		t.Errorf("reasons of %q\n got %v\nwant %v", brief(findings), findings, want)
	}
}

func TestRemediesOfTheWMICAlertComeInOrder(t *testing.T) {
	findings := diagnose.Run(alerts(t), load(t, "win11-24h2-pss").Lookup)
	var got []string
	for _, r := range findings[0].Remedies {
		got = append(got, r.Code)
	}
	if want := []string{"migrate-pcsc", "restore-wmic", "replace-wmic"}; !slices.Equal(got, want) || !strings.Contains(findings[0].Source, "PDT-INF-873") {
		t.Errorf("remedies %q from %q, want %q", got, findings[0].Source, want)
	}
}

// TestEachErrorOfGalssIniIsTold gives the numbers that reading galss.ini can
// lead to, and then none.
func TestEachErrorOfGalssIniIsTold(t *testing.T) {
	for _, n := range []int{32769, 32771, 32772, 32773, 32774, 32775, 32778, 32780, 32781, 32783, 32784, 32785} {
		change{machine: "win11-25h2-pcsc", facts: osdetect.Facts{
			"card.cps": "cps3", "component.cryptolib-cps.version": "5.2.6", "wmic.present": true, "wmic.path": "WMIC.exe",
			"galss.problem": n, "galss.problem_at": "[CANAL1] TCanal",
		}, want: []string{fmt.Sprintf("warning GALSS-%d", n)}}.check(t)
	}
	change{machine: "win11-25h2-pcsc", facts: osdetect.Facts{
		"card.cps": "cps3", "component.cryptolib-cps.version": "5.2.6", "wmic.present": true, "wmic.path": "WMIC.exe",
		"galss.problem": 0, "galss.problem_at": "none",
	}, want: []string{}}.check(t)
	change{machine: "win11-26h1-arm64", facts: osdetect.Facts{"galss.problem": 32769, "galss.problem_at": "galss.ini"},
		want: []string{"info WINDOWS-ARM64"}}.check(t)
}

// TestFileThatCannotBeReadIsToldWithoutGALSS holds that a galss.ini which is
// there and cannot be read is a finding whatever is installed, and one that is
// missing only where GALSS is.
func TestFileThatCannotBeReadIsToldWithoutGALSS(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		data string
		want []string
	}{
		{name: "missing", err: fs.ErrNotExist, want: []string{}},
		{name: "locked", err: errors.New("sharing violation"), want: []string{"warning GALSS-32769"}},
		{name: "unicode", data: "\ufeff[CONFIG]", want: []string{"warning GALSS-32769"}},
	} {
		facts := osdetect.Facts{"card.cps": "none", "component.galss.present": false, "galss.mode": nil}
		maps.Copy(facts, galss.Facts([]byte(tt.data), tt.err))
		change{name: tt.name, machine: "catalina", facts: facts, want: tt.want}.check(t)
	}
}
