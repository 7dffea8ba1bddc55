package component

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/registry"
)

// world is a machine of the tests: what it holds, and what of it cannot be
// read, by the name of the method.
type world struct {
	products map[string]Product
	related  map[string][]Product
	values   map[string]string // "64 KEY\NAME"
	entries  []Entry
	files    map[string]string
	running  []process.Process
	receipts map[string]string
	fails    map[string]error
	asked    []string // lists that were read
}

func (w *world) Product(_ context.Context, code string) (Product, error) {
	return at(w, "Product", w.products, code)
}

func (w *world) Related(_ context.Context, code string) ([]Product, error) {
	return w.related[code], w.fails["Related"]
}

func (w *world) Value(_ context.Context, view registry.View, key, name string) (string, error) {
	return at(w, fmt.Sprintf("Value%d", view), w.values, fmt.Sprintf(`%d %s\%s`, view, key, name))
}

func (w *world) Listed(context.Context) ([]Entry, error) {
	w.asked = append(w.asked, "Listed")
	return w.entries, w.fails["Listed"]
}

func (w *world) FileVersion(_ context.Context, path string) (File, error) {
	version, err := at(w, "FileVersion", w.files, path)
	return File{Path: path, Version: version}, err
}

func (w *world) Processes(context.Context) ([]process.Process, error) {
	w.asked = append(w.asked, "Processes")
	return w.running, w.fails["Processes"]
}

func (w *world) Receipt(_ context.Context, id string) (string, error) {
	return at(w, "Receipt", w.receipts, id)
}

func (w *world) Property(_ context.Context, path, key string) (string, error) {
	return at(w, "Property", w.files, path+" "+key)
}

func at[V any](w *world, method string, all map[string]V, name string) (V, error) {
	v, ok := all[name]
	if err := w.fails[method]; err != nil {
		return v, err
	}
	if !ok {
		return v, fs.ErrNotExist
	}
	return v, nil
}

// What a publisher says about how Cryptolib CPS is recognised.
const (
	cryptolibKey = `SOFTWARE\ASIP\Cryptolib CPS`
	code517      = "{297EFD05-38C7-479C-BC34-BC269DCDE018}"
	code526      = "{CF3BEBDD-16A0-4AE8-8764-ADDF9A104998}"
	codeOther    = "{11111111-2222-3333-4444-555555555555}"
	upgrade      = "{5EFB5A43-0E65-4195-91D5-5ABDB3540211}"
	ccm          = `%ProgramFiles%\santesocial\CPS\CCM.exe`
)

var cryptolib = []manifest.Evidence{
	{Kind: manifest.EvidenceRegistry, Path: cryptolibKey, Name: "Version"},
	{Kind: manifest.EvidenceUpgradeCode, ID: upgrade},
	{Kind: manifest.EvidenceProductCode, ID: strings.ToLower(code526), Version: "5.2.6"},
	{Kind: manifest.EvidenceProductCode, ID: code517, Version: "5.1.7"},
	{Kind: manifest.EvidenceUninstall, Name: "Composants Cryptographiques CPS v*"},
	{Kind: manifest.EvidenceFileVersion, Path: ccm},
	{Kind: manifest.EvidenceProcess, ID: "CCM.exe"},
}

// seen is what a test says about a Found.
type seen struct {
	presence Presence
	version  string
	by       manifest.EvidenceKind
	installs []string // version, product, view, place, package
	problems []string
}

func look1(f Found) seen {
	s := seen{presence: f.Presence, version: f.Version, by: f.By.Kind}
	for _, in := range f.Installs {
		s.installs = append(s.installs, fmt.Sprintf("%s %s %s %d %s %s", in.Version, in.Evidence, in.Product, in.View, in.Place, in.Package))
	}
	for _, p := range f.Problems {
		s.problems = append(s.problems, p.Code()+" "+p.Place())
	}
	return s
}

var locked = &fs.PathError{Op: "open", Path: "key", Err: fs.ErrPermission}

var findTests = []struct {
	name  string
	world world
	want  seen
}{
	{name: "nothing-there", want: seen{presence: Absent}},
	{
		name: "all-agree", world: world{
			values:   map[string]string{"64 " + cryptolibKey + `\Version`: "5.2.6"},
			products: map[string]Product{strings.ToLower(code526): {Version: "5.2.60", View: 64, Package: `C:\Windows\Installer\1.msi`}},
			entries: []Entry{
				{View: 64, Key: code526, Name: "Composants Cryptographiques CPS v5.2.6 (x64)", Version: "5.2.6", Installer: true, Folder: `C:\CPS`},
				{View: 64, Key: "other", Name: "Composants", Version: "9"},
			},
			files:   map[string]string{ccm: "3.13.0"},
			running: []process.Process{{Name: "ccm.EXE", Path: `C:\CPS\CCM.exe`}},
		},
		want: seen{presence: Present, version: "5.2.6", by: manifest.EvidenceRegistry,
			installs: []string{"5.2.6 registry " + code526 + ` 64 HKLM\` + cryptolibKey + ` C:\Windows\Installer\1.msi`}},
	},
	{
		name: "two-side-by-side", world: world{
			values: map[string]string{"64 " + cryptolibKey + `\Version`: "5.1.7", "32 " + cryptolibKey + `\Version`: "5.2.6"},
			products: map[string]Product{
				code517: {Version: "5.1.7", View: 64}, strings.ToLower(code526): {Version: "5.2.6", View: 32},
			},
		},
		want: seen{presence: Present, version: "5.2.6", by: manifest.EvidenceRegistry, installs: []string{
			"5.2.6 registry " + code526 + ` 32 HKLM\` + cryptolibKey + " ",
			"5.1.7 registry " + code517 + ` 64 HKLM\` + cryptolibKey + " ",
		}},
	},
	{
		name: "the-same-version-in-both-widths", world: world{
			values: map[string]string{"64 " + cryptolibKey + `\Version`: "5.2.6", "32 " + cryptolibKey + `\Version`: "5.2.6"},
			entries: []Entry{
				{View: 64, Key: code526, Name: "Composants Cryptographiques CPS v5.2.6 (x64)", Version: "5.2.6", Installer: true},
				{View: 32, Key: codeOther, Name: "Composants Cryptographiques CPS v5.2.6", Version: "5.2.6.0", Installer: true},
			},
		},
		want: seen{presence: Present, version: "5.2.6", by: manifest.EvidenceRegistry, installs: []string{
			"5.2.6 registry " + code526 + ` 64 HKLM\` + cryptolibKey + " ",
			"5.2.6.0 uninstall " + codeOther + " 32  ",
		}},
	},
	{
		name: "a-product-code-nobody-listed", world: world{
			related: map[string][]Product{upgrade: {{Code: strings.ToLower(codeOther), Version: "5.1.10"}}},
		},
		want: seen{presence: Present, version: "5.1.10", by: manifest.EvidenceUpgradeCode,
			installs: []string{"5.1.10 upgrade-code " + codeOther + " 0  "}},
	},
	{
		name: "locked-and-nothing-else", world: world{fails: map[string]error{"Value32": locked}},
		want: seen{presence: Unknown, problems: []string{CodeLocked + ` HKLM\` + cryptolibKey + `\Version`}},
	},
	{
		name: "locked-but-a-file-shows-it", world: world{
			fails: map[string]error{"Value64": locked, "Listed": registry.ErrTooMany},
			files: map[string]string{ccm: "3.13.0"},
		},
		want: seen{presence: Present, version: "3.13.0", by: manifest.EvidenceFileVersion,
			installs: []string{"3.13.0 file-version  0 " + ccm + " "},
			problems: []string{CodeLocked + ` HKLM\` + cryptolibKey + `\Version`, CodeTooMuch + " Composants Cryptographiques CPS v*"}},
	},
	{
		name: "one-view-locked-the-other-answers", world: world{
			fails:  map[string]error{"Value64": locked},
			values: map[string]string{"32 " + cryptolibKey + `\Version`: " 5.1.7 "},
		},
		want: seen{presence: Present, version: "5.1.7", by: manifest.EvidenceRegistry,
			installs: []string{"5.1.7 registry  32 HKLM\\" + cryptolibKey + " "},
			problems: []string{CodeLocked + ` HKLM\` + cryptolibKey + `\Version`}},
	},
	{
		name: "the-list-was-cut-after-it", world: world{
			fails:   map[string]error{"Listed": context.DeadlineExceeded},
			entries: []Entry{{View: 64, Key: code526, Name: "COMPOSANTS CRYPTOGRAPHIQUES CPS V5.2.6", Version: "5.2.6", Removal: "x"}},
		},
		want: seen{presence: Present, version: "5.2.6", by: manifest.EvidenceUninstall,
			installs: []string{"5.2.6 uninstall  64  "}, problems: []string{CodeUnreadable + " Composants Cryptographiques CPS v*"}},
	},
	{
		name: "no-version-where-one-should-be", world: world{
			values: map[string]string{"64 " + cryptolibKey + `\Version`: "5.2\u202e.6 <b>"},
		},
		want: seen{presence: Present, by: manifest.EvidenceRegistry, installs: []string{" registry  64 HKLM\\" + cryptolibKey + " "},
			problems: []string{CodeVersion + ` HKLM\` + cryptolibKey + `\Version`}},
	},
	{
		name: "it-runs-and-that-is-all", world: world{running: []process.Process{{Name: "CCM.exe"}}},
		want: seen{presence: Present, by: manifest.EvidenceProcess, installs: []string{" process  0 CCM.exe "}},
	},
	{
		name: "who-runs-is-not-needed-to-say-no", world: world{fails: map[string]error{"Processes": locked}},
		want: seen{presence: Absent, problems: []string{CodeLocked + " CCM.exe"}},
	},
}

func TestFind(t *testing.T) {
	for _, tt := range findTests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Find(t.Context(), &tt.world, cryptolib)
			if err != nil {
				t.Fatal(err)
			}
			if got := look1(found); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
			if (found.Err() != nil) != (tt.want.presence == Unknown) {
				t.Errorf("Err() = %v", found.Err())
			}
		})
	}
}

// TestOrderDecides: what the publisher trusts most tells the version.
func TestOrderDecides(t *testing.T) {
	w := &world{
		products: map[string]Product{code517: {Version: "3.45.1"}},
		files:    map[string]string{"a.exe": "3.45.0.12", "old.exe": "3.40.1"},
	}
	product := manifest.Evidence{Kind: manifest.EvidenceProductCode, ID: code517, Version: "3.45.01"}
	file := manifest.Evidence{Kind: manifest.EvidenceFileVersion, Path: "a.exe"}
	old := manifest.Evidence{Kind: manifest.EvidenceFileVersion, Path: "old.exe"}
	for name, tt := range map[string]struct {
		evidence []manifest.Evidence
		want     []string
	}{
		"product-first": {[]manifest.Evidence{product, file, old}, []string{"3.45.01"}},
		"files-alone":   {[]manifest.Evidence{old, file}, []string{"3.45.0.12", "3.40.1"}},
	} {
		found, err := Find(t.Context(), w, tt.evidence)
		if got := found.Versions(); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, tt.want)
		}
	}
}

func TestUnknownWithoutEvidence(t *testing.T) {
	unsupported := map[string]error{"Product": errors.ErrUnsupported}
	for name, evidence := range map[string][]manifest.Evidence{
		"none":                  nil,
		"of-our-own-backend":    {{Kind: manifest.EvidenceBundle}},
		"of-a-kind-not-here":    {{Kind: manifest.EvidenceProductCode, ID: code517}},
		"what-does-not-run":     {{Kind: manifest.EvidenceProcess, ID: "galsvw64.exe"}},
		"of-a-kind-of-tomorrow": {{Kind: "smell"}},
	} {
		found, err := Find(t.Context(), &world{fails: unsupported}, evidence)
		if err != nil || found.Presence != Unknown || found.Err() != nil {
			t.Errorf("%s: got %+v, %v", name, found, err)
		}
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := Find(ctx, &world{}, cryptolib); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestSnapshotReadsListsOnce(t *testing.T) {
	w := &world{fails: map[string]error{"Listed": registry.ErrTooMany}}
	m := Snapshot(w)
	for range 3 {
		if found, err := Find(t.Context(), m, cryptolib); err != nil || found.Presence != Unknown {
			t.Errorf("got %+v, %v", found, err)
		}
	}
	if want := []string{"Listed", "Processes"}; !slices.Equal(w.asked, want) {
		t.Errorf("read %q, want %q", w.asked, want)
	}
}

func TestMatches(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"Composants Cryptographiques CPS v*", "Composants Cryptographiques CPS v5.2.6 (x64)", true},
		{"composants*(x64)", "Composants Cryptographiques CPS v5.2.6 (x64)", true},
		{"composants*v5*(x64)", "Composants Cryptographiques CPS v5.2.6 (x64)", true},
		{"composants*v5*", "Composants Cryptographiques CPS v6", false},
		{"DiagAM", "DiagAM", true},
		{"DiagAM", "DiagAM V3", false},
		{"DiagAM*AM", "DiagAM", false},
		{"Santé*", "SANTÉ sociale", true},
		{"GALSS v*", "GALSS", false},
	}
	for _, tt := range tests {
		if got := matches(tt.pattern, tt.name); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

func TestFacts(t *testing.T) {
	before := osdetect.Facts{
		"component.galss.present": true, "component.galss.version": "3.40", "component.galss.versions": "3.40, 3.30", "os.family": "windows",
	}
	tests := []struct {
		name string
		in   Found
		want osdetect.Facts
	}{
		{"unknown", Found{Presence: Unknown, Version: "1"}, osdetect.Facts{"os.family": "windows"}},
		{"absent", Found{Presence: Absent}, osdetect.Facts{"os.family": "windows", "component.galss.present": false}},
		{"version-unknown", Found{Presence: Present, Installs: []Install{{}}}, osdetect.Facts{"os.family": "windows", "component.galss.present": true}},
		{
			"written-differently", Found{Presence: Present, Version: "3.45.01", Installs: []Install{{Version: "3.45.01"}, {Version: "3.45.1"}}},
			osdetect.Facts{"os.family": "windows", "component.galss.present": true, "component.galss.version": "3.45.01"},
		},
		{
			"several", Found{Presence: Present, Version: "3.45.01", Installs: []Install{{Version: "3.45.01"}, {}, {Version: "3.43.04"}}},
			osdetect.Facts{
				"os.family": "windows", "component.galss.present": true, "component.galss.version": "3.45.01",
				"component.galss.versions": "3.45.01, 3.43.04",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Facts(before, "galss", tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %v\nwant %v", got, tt.want)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	folder := func(name string) (string, error) {
		if strings.EqualFold(name, "ProgramFiles") {
			return `D:\Programmes`, nil
		}
		return "", errVariable
	}
	tests := []struct {
		name, in, want string
		err            error
	}{
		{"plain", `C:\Windows\galsvw32.exe`, `C:\Windows\galsvw32.exe`, nil},
		{"variable", `%programfiles%\santesocial\galss\galsvw64.exe`, `D:\Programmes\santesocial\galss\galsvw64.exe`, nil},
		{"variable-of-somebody", `%APPDATA%\x.exe`, "", errVariable},
		{"variable-without-end", `%ProgramFiles\x.exe`, "", errPath},
		{"variable-inside", `C:\%ProgramFiles%\x.exe`, "", errPath},
		{"share", `\\server\share\x.exe`, "", errPath},
		{"device", `\\.\PhysicalDrive0`, "", errPath},
		{"relative", `x.exe`, "", errPath},
		{"drive-relative", `C:x.exe`, "", errPath},
		{"upwards", `C:\a\..\b.exe`, "", errPath},
		{"stream", `C:\a.exe:b`, "", errPath},
		{"empty", "", "", errPath},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := expand(tt.in, folder)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("expand(%q) = %q, %v; want %q, %v", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestDotted(t *testing.T) {
	for _, tt := range []struct {
		high, low uint32
		want      string
	}{
		{5<<16 | 2, 6 << 16, "5.2.6"},
		{3<<16 | 45, 1<<16 | 7, "3.45.1.7"},
		{6 << 16, 0, "6.0.0"},
		{0, 0, ""},
	} {
		if got := dotted(tt.high, tt.low); got != tt.want {
			t.Errorf("dotted(%#x, %#x) = %q, want %q", tt.high, tt.low, got, tt.want)
		}
	}
}
