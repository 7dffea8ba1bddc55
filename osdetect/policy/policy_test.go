package policy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/releve-sante/releve/osdetect/quote"
)

// machineOf is a policy of the machine as a system would hand it over.
func machineOf(values map[string]any) *Source {
	return &Source{Name: "the machine", machine: true, values: values}
}

func TestValuesAreTyped(t *testing.T) {
	repo, bytes, ca := filepath.Join(t.TempDir(), "repo"), filepath.Join(t.TempDir(), "bytes"), filepath.Join(t.TempDir(), "ca.pem")
	file := &Source{Name: "policy.json", values: map[string]any{
		"Channel": "stable", "Repositories": []string{"https://a.example/repo", repo}, "Packages": "https://b.example; " + bytes,
		"CAFile": ca, "Ring": "pilot", "Groups": []string{"Radiology", "radiology", "first-floor"}, "Department": "2a",
		"FINESS": []string{"75 071 2184", "2A0000014"}, "Pins": []string{"cryptolib-cps@5.1.5", "galss@3.42.03"},
		"MaxMetadataAgeDays": int64(30), "Withdrawn": "go-back", "Migration": "allow", "QuiesceMinutes": "12",
	}}
	got := Load(nil, file)
	if found := got.Problems(); len(found) != 0 {
		t.Fatalf("problems: %v", found)
	}
	got.from = nil
	want := Policy{
		Channel: "stable", Repositories: []string{"https://a.example/repo", repo},
		Packages: []string{"https://b.example", bytes}, CAFile: ca, Ring: Pilot,
		Groups: []string{"radiology", "first-floor"}, Department: "2A", FINESS: []string{"750712184", "2A0000014"},
		Pins:               map[string]string{"cryptolib-cps": "5.1.5", "galss": "3.42.03"},
		MaxMetadataAgeDays: 30, Withdrawn: GoBack, Migration: Allow, QuiesceMinutes: 12,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMalformedValueLeavesTheDefault(t *testing.T) {
	for name, c := range map[string]struct {
		key  Key
		raw  any
		keep string // what of the value counts, as it is shown
	}{
		"channel-with-a-path":     {Channel, "../stable", ""},
		"channel-of-another-type": {Channel, int64(3), ""},
		"repository-of-no-scheme": {Repositories, []string{"ftp://a.example", "https://b.example"}, "[https://b.example]"},
		"repository-relative":     {Repositories, "repo", "[]"},
		"packages-without-host":   {Packages, "https:///x", "[]"},
		"certificates-relative":   {CAFile, "ca.pem", ""},
		"ring-that-is-none":       {Ring, "early", ""},
		"group-with-a-space":      {Groups, []string{"a b", "c"}, "[c]"},
		"department-of-before":    {Department, "20", ""},
		"department-too-high":     {Department, "96", ""},
		"department-no-territory": {Department, "985", ""},
		"department-as-a-number":  {Department, int64(75), ""},
		"department-signed":       {Department, "+7", ""},
		"finess-too-short":        {FINESS, []string{"75071218", "750712184"}, "[750712184]"},
		"finess-letter-elsewhere": {FINESS, "7A0712184", "[]"},
		"pin-without-version":     {Pins, []string{"galss@", "cryptolib-cps@5.1.5"}, "[cryptolib-cps@5.1.5]"},
		"pin-twice":               {Pins, []string{"galss@1", "galss@2"}, "[galss@1]"},
		"days-too-many":           {MaxMetadataAgeDays, int64(181), "0"},
		"days-negative":           {MaxMetadataAgeDays, int64(-1), "0"},
		"days-as-a-fraction":      {MaxMetadataAgeDays, "1.5", "0"},
		"withdrawn-misspelt":      {Withdrawn, "goback", "keep"},
		"wait-too-long":           {QuiesceMinutes, int64(121), "5"},
		"migration-as-a-number":   {Migration, int64(1), "forbid"},
		"hidden-character":        {CAFile, "/etc/\u202eca.pem", ""},
		"list-in-a-list":          {Groups, []any{[]any{"a"}}, "[]"},
		"list-too-long":           {Groups, strings.Split(strings.Repeat("a;", maxEntries+1), ";"), "[]"},
		"text-too-long":           {CAFile, "/" + strings.Repeat("a", maxText), ""},
		"nothing-of-use":          {Pins, true, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Load(machineOf(map[string]any{string(c.key): c.raw}), nil)
			found := p.Problems()
			if len(found) != 1 || found[0].Code() != CodeValue || found[0].Key != c.key ||
				found[0].Expected == "" || found[0].Found == "" || len(found[0].Found) > 4*quote.Longest+3 {
				t.Errorf("problems: %+v, want one of %s", found, c.key)
			}
			for _, v := range p.Values() {
				if got := fmt.Sprint(v.Value); v.Key == c.key && got != c.keep {
					t.Errorf("%s is %q, want %q", c.key, got, c.keep)
				}
			}
			if empty := c.keep == "" || c.keep == "[]" || c.keep == "0" || c.keep == Keep || c.keep == Forbid || c.key == QuiesceMinutes; p.Fixed(c.key) == empty {
				t.Errorf("fixed: got %v, want %v", p.Fixed(c.key), !empty)
			}
		})
	}
}

func TestMachineWinsOverFile(t *testing.T) {
	file, err := File("try.json", []byte(`{"channel": "beta", "Ring": "pilot", "MaxMetadataAgeDays": 180, "Bogus": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	p := Load(machineOf(map[string]any{"CHANNEL": "stable", "MaxMetadataAgeDays": int64(0)}), file)
	if p.Channel != "stable" || !p.Fixed(Channel) {
		t.Errorf("channel: got %q, fixed %v", p.Channel, p.Fixed(Channel))
	}
	if p.MaxMetadataAgeDays != 0 || !p.Fixed(MaxMetadataAgeDays) {
		t.Errorf("days: got %d, fixed %v", p.MaxMetadataAgeDays, p.Fixed(MaxMetadataAgeDays))
	}
	if p.Ring != Pilot || p.Fixed(Ring) {
		t.Errorf("ring: got %q, fixed %v; want what the file fills in", p.Ring, p.Fixed(Ring))
	}
	found := p.Problems()
	if len(found) != 1 || found[0].Code() != CodeUnknownName || found[0].Key != "Bogus" || found[0].Source != "try.json" {
		t.Errorf("problems: %+v", found)
	}
	for _, v := range p.Values() {
		want := ""
		switch v.Key {
		case Channel, MaxMetadataAgeDays:
			want = "the machine"
		case Ring:
			want = "try.json"
		}
		if v.Source != want {
			t.Errorf("%s comes from %q, want %q", v.Key, v.Source, want)
		}
	}
}

// TestMalformedMachineValueIsOpen holds that a value of the machine that does
// not count does not keep the file from filling it in: the problem is told,
// and there is nothing to weaken.
func TestMalformedMachineValueIsOpen(t *testing.T) {
	file, err := File("try.json", []byte(`{"Channel": "beta"}`))
	if err != nil {
		t.Fatal(err)
	}
	p := Load(machineOf(map[string]any{"Channel": "No Such Form"}), file)
	if p.Channel != "beta" || p.Fixed(Channel) || len(p.Problems()) != 1 {
		t.Errorf("got %q, fixed %v, problems %v", p.Channel, p.Fixed(Channel), p.Problems())
	}
}

func TestFileIsStrict(t *testing.T) {
	for name, data := range map[string]string{
		"empty":        "",
		"a-list":       "[]",
		"twice":        `{"Ring": "pilot", "Ring": ""}`,
		"cut":          `{"Ring": "pil`,
		"unclosed":     `{"Ring": "pilot"`,
		"more-follows": `{} {}`,
		"too-large":    `{"Ring": "` + strings.Repeat("a", MaxBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := File("policy.json", []byte(data))
			if err == nil {
				t.Fatalf("accepted: %v", s.values)
			}
			if e := (*FileError)(nil); !errors.As(err, &e) || e.Code() != CodeFile || e.Args()["Path"] != "policy.json" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMachineFileCannotFail(t *testing.T) {
	dir := t.TempDir()
	if p := Load(MachineFile(filepath.Join(dir, "none.json")), nil); len(p.Problems()) != 0 {
		t.Errorf("a machine without policy has problems: %v", p.Problems())
	}
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"Ring"`), 0o600); err != nil {
		t.Fatal(err)
	}
	found := Load(MachineFile(broken), nil).Problems()
	if len(found) != 1 || found[0].Code() != CodeSource || found[0].Source != broken {
		t.Errorf("problems: %+v", found)
	}
	large := filepath.Join(dir, "large.json")
	if err := os.WriteFile(large, make([]byte, MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := Load(MachineFile(large), nil).Problems(); len(found) != 1 || found[0].Code() != CodeSource {
		t.Errorf("problems: %+v", found)
	}
}

func TestPropertyList(t *testing.T) {
	data := `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
	<key>Ring</key><string>pilot</string>
	<key>MaxMetadataAgeDays</key><integer>14</integer>
	<key>FINESS</key><array><string>750712184</string></array>
	<key>Groups</key><array><integer>1</integer></array>
</dict></plist>`
	values, err := parsePlist([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	p := Load(machineOf(values), nil)
	if p.Ring != Pilot || p.MaxMetadataAgeDays != 14 || !reflect.DeepEqual(p.FINESS, []string{"750712184"}) {
		t.Errorf("got %+v", p)
	}
	if found := p.Problems(); len(found) != 1 || found[0].Key != Groups {
		t.Errorf("problems: %+v", found)
	}
	for name, data := range map[string]string{"not-a-list": "{}", "an-array": `<plist version="1.0"><array/></plist>`, "empty": ""} {
		if _, err := parsePlist([]byte(data)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestEveryValueIsDocumented holds docs/policy.md and this package together.
func TestEveryValueIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(order) != len(settings) {
		t.Errorf("%d values in order, %d known", len(order), len(settings))
	}
	for _, k := range order {
		if !strings.Contains(string(doc), "| `"+string(k)+"` |") {
			t.Errorf("docs/policy.md does not list %s", k)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"Channel": "stable", "Groups": ["a"], "MaxMetadataAgeDays": 3, "Pins": "a@1;b@2"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := File("policy.json", data)
		if err != nil {
			return
		}
		p := Load(s, nil)
		if p.MaxMetadataAgeDays < 0 || p.MaxMetadataAgeDays > MostMetadataAgeDays || p.Withdrawn != Keep && p.Withdrawn != GoBack || p.Migration != Forbid && p.Migration != Allow {
			t.Fatalf("out of its limits: %+v", p)
		}
		for _, found := range p.Problems() {
			if strings.ContainsFunc(found.Found, quote.Hidden) {
				t.Fatalf("a problem shows what can act on a terminal: %q", found.Found)
			}
		}
	})
}
