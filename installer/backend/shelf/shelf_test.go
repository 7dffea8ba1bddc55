package shelf_test

import (
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

const component = "sample"

// bring keeps a package as a job would, the job still being open.
func bring(t *testing.T, s shelf.Shelf, job, id, version, file string) shelf.Item {
	t.Helper()
	if err := s.Begin(job, component); err != nil {
		t.Fatal(err)
	}
	j := backend.Job{ID: job, Component: component, Progress: func(int64, int64) {}}
	i, err := s.Bring(t.Context(), j, id, backendtest.Archive(file, backendtest.Files(version)), "package.msi")
	if err != nil {
		t.Fatal(err)
	}
	i.Version = version
	if err := s.Keep(&i); err != nil {
		t.Fatal(err)
	}
	return i
}

// versions are those that are held.
func versions(t *testing.T, s shelf.Shelf) map[string]shelf.Item {
	t.Helper()
	held, err := shelf.Held(s, component, func(component, id string) (shelf.Item, error) {
		var i shelf.Item
		return i, s.Read(component, id, &i)
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]shelf.Item{}
	for _, i := range held {
		out[i.Version] = i
	}
	return out
}

func TestWhatAJobBroughtGoesWithIt(t *testing.T) {
	d := durabletest.NewDisk()
	s := shelf.New(d, "packages")
	bring(t, s, "a", "a", "1.0", "one.msi")
	if err := s.End("a", component); err != nil {
		t.Fatal(err)
	}
	bring(t, s, "b", "b", "2.0", "two.msi")
	bring(t, s, "b", shelf.OldID("b", 0), "0.9", "old.msi")
	bring(t, s, "b", shelf.OldID("b", 1), "0.8", "older.msi")
	if got := versions(t, s); len(got) != 4 || s.Open(got["1.0"].ID) || !s.Open(got["2.0"].ID) || !s.Open(got["0.8"].ID) {
		t.Errorf("held %v, want four, those of job b open", got)
	}
	if err := s.Drop("b"); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, s); len(got) != 1 || got["1.0"].File != "one.msi" {
		t.Errorf("held %v, want what job a brought", got)
	}
	if err := s.Discard(component, "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if left := d.Snapshot(); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestDamagedRecordDoesNotCount(t *testing.T) {
	for name, record := range map[string]string{
		"no-record": "{", "of-another": `{"schema":1,"component":"other","version":"1","file":"a.msi"}`,
		"of-later-times": `{"schema":2,"component":"sample","version":"1","file":"a.msi"}`,
		"no-version":     `{"schema":1,"component":"sample","file":"a.msi"}`,
		"leads-out":      `{"schema":1,"component":"sample","version":"1","file":"../a.msi"}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := durabletest.NewDisk()
			if err := durable.EnsureDir(d, "packages/sample/x"); err != nil {
				t.Fatal(err)
			}
			if err := durable.WriteFile(d, "packages/sample/x/kept.json", []byte(record), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := versions(t, shelf.New(d, "packages")); len(got) > 0 {
				t.Errorf("held %v", got)
			}
		})
	}
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"Cryptolib-5.2.6.msi": "Cryptolib-5.2.6.msi", `a"b.msi`: "package.msi", "%TEMP%.msi": "package.msi", "..": "package.msi",
	} {
		i := bring(t, shelf.New(durabletest.NewDisk(), "packages"), "a", "a", "1.0", name)
		if i.File != want {
			t.Errorf("%q is kept as %q, want %q", name, i.File, want)
		}
	}
}

func TestSetupSaysHowLong(t *testing.T) {
	if got := (shelf.Item{Setup: &manifest.Setup{Minutes: 5, Signer: "ANS"}}); got.Limit().Minutes() != 5 || got.Signer() != "ANS" {
		t.Errorf("got %v for %q", got.Limit(), got.Signer())
	}
	if got := (shelf.Item{}); got.Limit().Minutes() != 30 || got.Signer() != "" {
		t.Errorf("got %v for %q, want 30 minutes for anybody", got.Limit(), got.Signer())
	}
}
