package receipt

import (
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sample(component, version string) Receipt {
	return Receipt{
		Schema: Schema, Component: component, Version: version, Backend: "bundle", Run: "r1",
		Time:     time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Release:  &manifest.Release{Version: version, Platform: manifest.MacOS, Artifact: &manifest.Artifact{Path: "p", Length: 3}},
		Digest:   strings.Repeat("a", 64),
		Previous: &manifest.Release{Version: "1.0", Platform: manifest.MacOS},
	}
}

func write(d durable.Dir, r Receipt) error { return WriteAll(d, []Receipt{r}, nil) }

func TestWriteThenLoad(t *testing.T) {
	d := durabletest.NewDisk()
	if all, problems := Load(d); len(all) != 0 || all == nil || problems != nil {
		t.Fatalf("empty state: got %v, %v", all, problems)
	}
	want := map[string]Receipt{"galss": sample("galss", "3.43"), "srvsvcnam": sample("srvsvcnam", "3.42.02")}
	must(t, WriteAll(d, slices.Collect(maps.Values(want)), nil))
	must(t, write(d, sample("gone", "1")))
	must(t, Remove(d, "gone"))
	must(t, Remove(d, "never-there"))
	got, problems := Load(d.Restart(durabletest.LoseAll()))
	if !reflect.DeepEqual(got, want) || problems != nil {
		t.Errorf("got %+v, %v\nwant %+v", got, problems, want)
	}
}

func TestWriteAllSharesOneDirectorySync(t *testing.T) {
	d := durabletest.NewDisk()
	must(t, write(d, sample("galss", "3.42")))
	before := d.Syncs()
	must(t, WriteAll(d, []Receipt{sample("galss", "3.43"), sample("cryptolib-cps", "5.2.1")}, []string{"srvsvcnam"}))
	if got, want := d.Syncs()-before, 3; got != want {
		t.Errorf("got %d syncs, want %d", got, want)
	}
}

func TestEachReceiptIsOldOrNewAtEveryCut(t *testing.T) {
	start := durabletest.NewDisk()
	must(t, WriteAll(start, []Receipt{sample("galss", "3.42"), sample("srvsvcnam", "3.42")}, nil))
	change := func(d durable.Dir) error {
		return WriteAll(d, []Receipt{sample("galss", "3.43"), sample("cryptolib-cps", "5.2.1")}, []string{"srvsvcnam"})
	}
	whole := start.Clone()
	must(t, change(whole))
	for n := 1; n <= whole.Ops(); n++ {
		d := start.Clone()
		d.CutAfter(n)
		if err := change(d); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut at %s: got %v", whole.Op(n), err)
		}
		for seed := range uint64(60) {
			after := d.Restart(durabletest.LoseSome(seed))
			got, problems := Load(after)
			if problems != nil || got["galss"].Version != "3.42" && got["galss"].Version != "3.43" {
				t.Fatalf("%s, seed %d: got %v, %v", whole.Op(n), seed, got, problems)
			}
			must(t, change(after))
			got, problems = Load(after.Restart(durabletest.LoseAll()))
			if len(got) != 2 || got["galss"].Version != "3.43" || problems != nil {
				t.Fatalf("%s, seed %d: after the second call %v, %v", whole.Op(n), seed, got, problems)
			}
		}
	}
}

func TestDamagedReceiptsAreSetAside(t *testing.T) {
	for name, content := range map[string]string{
		"empty":           "",
		"torn":            `{"schema":1,"component":"galss","ver`,
		"zeros":           "\x00\x00\x00\x00",
		"other-component": `{"schema":1,"component":"other","version":"1"}`,
		"no-version":      `{"schema":1,"component":"galss"}`,
		"no-schema":       `{"component":"galss","version":"1"}`,
		"huge":            strings.Repeat(" ", maxSize+1),
	} {
		t.Run(name, func(t *testing.T) {
			d := durabletest.NewDisk()
			must(t, write(d, sample("srvsvcnam", "3.43")))
			must(t, durable.WriteFile(d, "receipts/galss.json", []byte(content), 0o600))
			got, problems := Load(d)
			var bad *DamagedError
			if len(got) != 1 || len(problems) != 1 || !errors.As(problems[0], &bad) || bad.Component != "galss" {
				t.Fatalf("got %v, %v", got, problems)
			}
			if kept, err := durable.ReadFile(d, bad.File, 2*maxSize); string(kept) != content || err != nil {
				t.Errorf("the file kept aside: %q, %v", kept, err)
			}
			after := d.Restart(durabletest.LoseAll())
			if got, problems := Load(after); len(got) != 1 || len(problems) != 1 || !errors.As(problems[0], &bad) || bad.Component != "galss" {
				t.Errorf("the next time: %v, %v", got, problems)
			}
			must(t, Remove(after, "galss"))
			if _, problems := Load(after); len(problems) != 1 {
				t.Errorf("after the receipt was removed: %v", problems)
			}
			must(t, write(after, sample("galss", "3.45")))
			if got, problems := Load(after.Restart(durabletest.LoseAll())); len(got) != 2 || problems != nil {
				t.Errorf("after a new receipt: %v, %v", got, problems)
			}
		})
	}
}

func TestUnknownMembersAreNoDamage(t *testing.T) {
	d := durabletest.NewDisk()
	must(t, d.Mkdir("receipts", 0o700))
	must(t, durable.WriteFile(d, "receipts/galss.json", []byte(`{"schema":2,"component":"galss","version":"9","ring":"blue"}`), 0o600))
	if got, problems := Load(d); got["galss"].Version != "9" || problems != nil {
		t.Errorf("got %v, %v", got, problems)
	}
}

func TestNamesStayInTheDirectory(t *testing.T) {
	d := durabletest.NewDisk()
	for _, name := range []string{"", "..", "../x", "a/b", "nul", `a\b`} {
		if err := write(d, sample(name, "1")); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("write %q: got %v", name, err)
		}
		if err := Remove(d, name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("remove %q: got %v", name, err)
		}
	}
	if err := write(d, Receipt{Component: "galss"}); err == nil {
		t.Error("wrote a receipt without a version")
	}
}
