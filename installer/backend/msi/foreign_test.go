package msi_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/installer/backend/msi/database/databasetest"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

// TestForeignInstallations looks for the way back to a product that somebody
// else installed.
func TestForeignInstallations(t *testing.T) {
	thinned := func(s *databasetest.Source) { s.Streams = nil }
	old := sample("1.0.0")
	signed := &manifest.Release{Version: "1.0.0", Setup: &manifest.Setup{Signer: "Éditeur"}}
	tests := []struct {
		name   string
		found  []msi.Candidate
		change func(j *backend.Job)
		want   error
	}{
		{"nothing", nil, nil, backend.ErrNoWayBack},
		{"package-of-the-manifest", nil, func(j *backend.Job) { j.Old = old }, nil},
		{"package-of-another-version", nil, func(j *backend.Job) { j.Old = sample("0.9.0") }, backend.ErrNoWayBack},
		{"cache-of-windows", []msi.Candidate{{Package: old, Guarded: true}}, nil, nil},
		{"second-place", []msi.Candidate{{Package: sample("0.9.0"), Guarded: true}, {Package: old, Guarded: true}}, nil, nil},
		{"cache-without-files", []msi.Candidate{{Package: sample("1.0.0", thinned), Guarded: true}}, nil, backend.ErrNoWayBack},
		{"folder-anybody-writes", []msi.Candidate{{Package: old}}, nil, backend.ErrNoWayBack},
		{"the-same-and-signed", []msi.Candidate{{Package: old}}, func(j *backend.Job) { j.Former = signed }, nil},
		{"no-package-at-all", []msi.Candidate{{Package: backendtest.Broken("a.msi"), Guarded: true}}, nil, backend.ErrNoWayBack},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.put(t, "1.0.0", family)
			w.packages[productOf("1.0.0")] = tt.found
			j, _ := job(t, w, backend.Update, "2.0.0", sample("2.0.0"))
			if tt.change != nil {
				tt.change(&j)
			}
			b := msi.New(w.disk, w)
			if !b.NeedsOld(j) {
				t.Error("the old package is not asked for")
			}
			u, err := b.Prepare(t.Context(), j)
			if !errors.Is(err, tt.want) || u == nil {
				t.Fatalf("got %v with %s, want %v with a way", err, u, tt.want)
			}
			if _, err := b.Apply(t.Context(), j, u); err != nil {
				t.Fatal(err)
			}
			if tt.want != nil {
				return
			}
			if _, err := b.Revert(t.Context(), j, u); err != nil {
				t.Fatal(err)
			}
			if got := w.versions(t); !slices.Equal(got, []string{"1.0.0"}) {
				t.Errorf("installed %v, want 1.0.0", got)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	key := `SOFTWARE\ASIP\Cryptolib CPS`
	tests := []struct {
		name     string
		evidence []manifest.Evidence
		values   map[string]string
		want     string
	}{
		{"no-evidence", nil, nil, ""},
		{"upgrade-code", evidence, nil, "5.2.6"},
		{"product-code", []manifest.Evidence{{Kind: manifest.EvidenceProductCode, ID: productOf("5.1.7")}}, nil, "5.1.7"},
		{"product-code-as-written", []manifest.Evidence{{Kind: manifest.EvidenceProductCode, ID: productOf("5.1.7"), Version: "5.1.07"}}, nil, "5.1.07"},
		{"code-in-the-registry", []manifest.Evidence{{Kind: manifest.EvidenceRegistry, Path: key, Name: "Version"}},
			map[string]string{key + `\ProductCode`: productOf("5.2.6")}, "5.2.6"},
		{"family-in-the-registry", []manifest.Evidence{{Kind: manifest.EvidenceRegistry, Path: key, Name: "Version"}},
			map[string]string{key + `\UpgradeCode`: family}, "5.2.6"},
		{"nonsense-in-the-registry", []manifest.Evidence{{Kind: manifest.EvidenceRegistry, Path: key, Name: "Version"}},
			map[string]string{key + `\ProductCode`: `" & calc`}, ""},
		{"name-in-the-list", []manifest.Evidence{{Kind: manifest.EvidenceUninstall, Name: "Sample 5.1.7"}}, nil, "5.1.7"},
		{"product-that-is-not-there", []manifest.Evidence{{Kind: manifest.EvidenceProductCode, ID: productOf("9.9.9")}}, nil, ""},
		{"what-others-look-for", []manifest.Evidence{{Kind: manifest.EvidenceFileVersion, Path: `C:\x.dll`}}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.put(t, "5.1.7", family)
			w.put(t, "5.2.6", family)
			w.put(t, "3.45.01", "{00000000-0000-0000-0000-000000000000}")
			w.values = tt.values
			got, err := msi.New(w.disk, w).Inspect(t.Context(), backend.Subject{Name: "cryptolib-cps", Evidence: tt.evidence})
			if err != nil || got.Version != tt.want {
				t.Errorf("got %+v, %v; want version %q", got, err, tt.want)
			}
		})
	}
}

// TestOthersAreLeftAlone uninstalls one component beside two others.
func TestOthersAreLeftAlone(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.put(t, "3.45.01", "{11111111-1111-1111-1111-111111111111}")
	w.put(t, "5.10.04", "{22222222-2222-2222-2222-222222222222}")
	have(t, w, "5.2.6")
	j, _ := job(t, w, backend.Uninstall, "", nil)
	if _, _, err := carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	if got, want := w.versions(t), []string{"3.45.01", "5.10.04"}; !slices.Equal(got, want) {
		t.Errorf("installed %v, want %v", got, want)
	}
}

// TestReplacedByTheUpgradeTable upgrades over a product that no evidence
// names: its package is part of the way back all the same.
func TestReplacedByTheUpgradeTable(t *testing.T) {
	const early = "{5EFB5A43-0E65-4195-91D5-5ABDB3540211}"
	w := newWorld(durabletest.NewDisk())
	w.put(t, "1.0.2", early)
	w.packages[productOf("1.0.2")] = []msi.Candidate{{Guarded: true, Package: sample("1.0.2", func(s *databasetest.Source) {
		s.Properties["UpgradeCode"], s.Upgrades = early, nil
	})}}
	j, _ := job(t, w, backend.Install, "2.0.0", sample("2.0.0", func(s *databasetest.Source) {
		s.Upgrades = append(s.Upgrades, database.Upgrade{Code: early})
	}))
	b := msi.New(w.disk, w)
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if got := w.versions(t); !slices.Equal(got, []string{"2.0.0"}) {
		t.Fatalf("installed %v, want 2.0.0", got)
	}
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if got := w.versions(t); !slices.Equal(got, []string{"1.0.2"}) {
		t.Errorf("installed %v, want 1.0.2", got)
	}
}

func TestRefusedBeforeTheTouch(t *testing.T) {
	for name, pkg := range map[string]backend.Package{
		"no-package-of-windows-installer": backendtest.Broken("a.msi"),
		"signed-by-somebody-else":         sample("1.0.0"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			w.trusts = func(signer string) bool { return signer != "Sample SA" }
			j, _ := job(t, w, backend.Install, "1.0.0", pkg)
			j.Release.Setup = &manifest.Setup{Signer: "Sample SA"}
			if _, err := msi.New(w.disk, w).Prepare(t.Context(), j); err == nil {
				t.Error("prepared")
			}
			if left := w.disk.Snapshot(); len(left) > 0 || len(*w.lines) > 0 {
				t.Errorf("left behind %v, ran %v", left, *w.lines)
			}
		})
	}
}

// TestSwappedPackageIsNotRun changes the package between Prepare and Apply.
func TestSwappedPackageIsNotRun(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	b := msi.New(w.disk, w)
	j, _ := job(t, w, backend.Install, "1.0.0", sample("1.0.0"))
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	for name := range w.disk.Snapshot() {
		if strings.HasSuffix(name, ".msi") {
			if err := w.write(name, string(sample("6.6.6").data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := b.Apply(t.Context(), j, u); err == nil {
		t.Error("other bytes were run")
	}
	if got := w.versions(t); len(got) > 0 {
		t.Errorf("installed %v", got)
	}
}

// TestSignerIsCheckedAgain withdraws a certificate between Prepare and Apply.
func TestSignerIsCheckedAgain(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	b := msi.New(w.disk, w)
	j, _ := job(t, w, backend.Install, "1.0.0", sample("1.0.0"))
	j.Release.Setup = &manifest.Setup{Signer: "Éditeur"}
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	w.trusts = func(signer string) bool { return signer == "" }
	if _, err := b.Apply(t.Context(), j, u); err == nil || len(*w.lines) > 0 {
		t.Errorf("got %v, ran %v, want a refusal and nothing run", err, *w.lines)
	}
}

// TestNothingIsRemovedForASwappedPackage changes one package of a downgrade
// between Prepare and Apply.
func TestNothingIsRemovedForASwappedPackage(t *testing.T) {
	for _, version := range []string{"1.0.0", "2.0.0"} {
		t.Run(version, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			have(t, w, "2.0.0")
			b := msi.New(w.disk, w)
			j, _ := job(t, w, backend.Downgrade, "1.0.0", sample("1.0.0"))
			u, err := b.Prepare(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			for name := range w.disk.Snapshot() {
				if strings.HasSuffix(name, version+".msi") {
					if err := w.write(name, string(sample("6.6.6").data)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := b.Apply(t.Context(), j, u); err == nil || len(*w.lines) > 0 {
				t.Errorf("got %v, ran %v, want a refusal and nothing run", err, *w.lines)
			}
		})
	}
}

// TestProductOfAnotherBackend holds that a product whose setup program another
// backend keeps goes by the same rules: logged, waited for, gone is gone.
func TestProductOfAnotherBackend(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	w.put(t, "1.0.0", family)
	left := 1
	w.status = func(string, string) uint32 {
		if left--; left >= 0 {
			return 1618
		}
		return 3010
	}
	j, said := job(t, w, backend.Uninstall, "", nil)
	b := msi.New(w.disk, w)
	out, err := b.RemoveProduct(t.Context(), j, productOf("1.0.0"))
	if err != nil || !out.Reboot || w.waited == 0 || !slices.Contains(*said, msi.CodeWaiting+" setup.exe (4711)") {
		t.Errorf("got %+v, %v; waited %v, told %v", out, err, w.waited, *said)
	}
	if all, err := w.installed(); err != nil || len(all) > 0 {
		t.Errorf("left %v, %v", all, err)
	}
	if line := (*w.lines)[0]; !strings.HasPrefix(line, "/x "+productOf("1.0.0")) || !strings.Contains(line, "/l*v ") {
		t.Errorf("ran %q, want a removal with its log", line)
	}
	if _, err := b.RemoveProduct(t.Context(), j, productOf("1.0.0")); err != nil {
		t.Errorf("a product that is gone: %v", err)
	}
}
