package database_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/installer/backend/msi/database/databasetest"
)

const (
	product = "{CF3BEBDD-16A0-4AE8-8764-ADDF9A104998}"
	upgrade = "{0B7A9C52-55B4-4C6F-9D6B-5E1D3A7A5C11}"
)

func read(data []byte) (database.Package, error) {
	return database.Read(bytes.NewReader(data), int64(len(data)))
}

// TestReadSample reads a package that another program made.
func TestReadSample(t *testing.T) {
	data, err := os.ReadFile("testdata/sample.msi")
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	want := database.Package{
		ProductCode: product, UpgradeCode: upgrade, PackageCode: "{BA7CAC3F-474A-48DD-8FF5-FBC99996663E}",
		ProductVersion: "5.2.6", ProductName: "Composants d'essai v5.2.6 (x64)", Manufacturer: "Editeur d'Essai",
		Platform: "x64", Whole: true,
		Upgrades: []database.Upgrade{{Code: upgrade, Max: "5.2.6"}, {Code: upgrade, Min: "5.2.6", OnlyDetect: true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func source() databasetest.Source {
	return databasetest.Source{
		Properties: map[string]string{
			"ProductCode": strings.ToLower(product), "UpgradeCode": upgrade, "ProductVersion": "5.2.6",
			"Manufacturer": "Agence du Num\xe9rique en Sant\xe9", "Long": strings.Repeat("x", 70_000),
		},
		Cabinets: []string{"#a.cab"}, Streams: map[string]string{"a.cab": strings.Repeat("cabinet", 1000)},
		Upgrades: []database.Upgrade{{Code: upgrade, Min: "5.0", Max: "5.2.6", MinIn: true}},
		Template: "Intel;1036", Revision: product,
	}
}

func TestRead(t *testing.T) {
	tests := []struct {
		name   string
		change func(s *databasetest.Source)
		want   func(p *database.Package)
	}{
		{"whole", func(*databasetest.Source) {}, func(*database.Package) {}},
		{"many-strings", func(s *databasetest.Source) { s.Wide = true }, func(*database.Package) {}},
		{"cabinet-beside", func(s *databasetest.Source) { s.Cabinets = []string{"a.cab"} }, func(p *database.Package) { p.Whole = false }},
		{"files-beside", func(s *databasetest.Source) { s.Cabinets = []string{""} }, func(p *database.Package) { p.Whole = false }},
		{"cabinet-taken-out", func(s *databasetest.Source) { s.Streams = nil }, func(p *database.Package) { p.Whole = false }},
		{"no-files", func(s *databasetest.Source) { s.Cabinets = nil }, func(*database.Package) {}},
		{"no-summary", func(s *databasetest.Source) { s.Template = "" }, func(p *database.Package) { p.Platform, p.PackageCode = "", "" }},
		{"no-upgrade-code", func(s *databasetest.Source) { delete(s.Properties, "UpgradeCode") }, func(p *database.Package) { p.UpgradeCode = "" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := source()
			tt.change(&s)
			got, err := read(databasetest.Build(s))
			if err != nil {
				t.Fatal(err)
			}
			want := database.Package{
				ProductCode: product, UpgradeCode: upgrade, PackageCode: product, ProductVersion: "5.2.6",
				Manufacturer: "Agence du Numérique en Santé", Platform: "Intel", Whole: true, Upgrades: s.Upgrades,
			}
			tt.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	whole := databasetest.Build(source())
	tests := []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"page-of-a-portal", []byte("<html>" + strings.Repeat("sign in ", 100))},
		{"cut", whole[:len(whole)/2]},
		{"no-product", func() []byte { s := source(); delete(s.Properties, "ProductCode"); return databasetest.Build(s) }()},
		{"product-that-is-a-path", func() []byte { s := source(); s.Properties["ProductCode"] = `..\..\x`; return databasetest.Build(s) }()},
		{"no-version", func() []byte { s := source(); delete(s.Properties, "ProductVersion"); return databasetest.Build(s) }()},
		{"no-table", databasetest.Build(databasetest.Source{})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := read(tt.data); !errors.Is(err, database.ErrFormat) && err == nil {
				t.Errorf("got %+v, %v; want an error", got, err)
			}
		})
	}
}

func TestRemoves(t *testing.T) {
	p := database.Package{Upgrades: []database.Upgrade{
		{Code: upgrade, Min: "5.0", Max: "5.2.6", MinIn: true},
		{Code: upgrade, Min: "5.2.6", OnlyDetect: true},
	}}
	for version, want := range map[string]bool{
		"4.9.9": false, "5.0.0": true, "5.1.7": true, "5.2.5.9": true, "5.2.6": false, "5.2.6.1": false, "6.0": false, "five": false,
	} {
		if got := p.Removes(strings.ToLower(upgrade), version); got != want {
			t.Errorf("%s: got %t, want %t", version, got, want)
		}
	}
	if p.Removes(product, "5.1.7") {
		t.Error("another upgrade code: got true, want false")
	}
}

func TestCompare(t *testing.T) {
	tests := []struct {
		a, b  string
		order int
		ok    bool
	}{
		{"3.45.01", "3.45.1", 0, true},
		{"5.2.6", "5.2.6.1", 0, true},
		{"5.2", "5.2.0", 0, true},
		{"5.1.7", "5.2.6", -1, true},
		{"5.10.04", "5.9", 1, true},
		{"5.1.70000", "5.2", 0, false},
		{"256.0", "5.2", 0, false},
		{"", "5.2", 0, false},
		{"5.2", "5.x", 0, false},
	}
	for _, tt := range tests {
		if order, ok := database.Compare(tt.a, tt.b); order != tt.order || ok != tt.ok {
			t.Errorf("%q and %q: got %d, %t; want %d, %t", tt.a, tt.b, order, ok, tt.order, tt.ok)
		}
	}
}

func FuzzRead(f *testing.F) {
	sample, err := os.ReadFile("testdata/sample.msi")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	small := source()
	delete(small.Properties, "Long")
	small.Streams = nil
	f.Add(databasetest.Build(small))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := read(data); err == nil && (!database.IsCode(p.ProductCode) || p.ProductVersion == "") {
			t.Errorf("accepted %+v", p)
		}
	})
}
