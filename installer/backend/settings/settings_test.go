package settings_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/settings"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/osdetect/galss"
)

const sampleFile = "Windows/sample.ini"

// sample is a setting whose file holds the files of the suite's package, so
// that the suite can look at them.
func sample() settings.Setting {
	return settings.Setting{
		Component: backendtest.Component,
		File:      sampleFile,
		Version:   func(data []byte) string { return files(data)["VERSION"] },
		Make: func(j backend.Job, _ []byte) ([]byte, error) {
			if j.To == "" {
				return nil, nil
			}
			return json.Marshal(backendtest.Files(j.To))
		},
	}
}

func files(data []byte) map[string]string {
	m := map[string]string{}
	_ = json.Unmarshal(data, &m) // no file, or none of ours, has no version
	return m
}

func TestSuite(t *testing.T) {
	backendtest.Suite{
		New:    func(t *testing.T) backendtest.Bench { return bench(t, durabletest.NewDisk()) },
		OnDisk: bench,
	}.Run(t)
}

// foreign are files that are not the backend's, beside its own.
var foreign = map[string]string{"Windows/win.ini": "[fonts]", "settings/notes.txt": "kept", "Windows/sample.ini.bak": "old"}

func bench(t *testing.T, d *durabletest.Disk) backendtest.Bench {
	t.Helper()
	if len(d.Snapshot()) == 0 {
		for name, content := range foreign {
			write(t, d, name, content)
		}
		if err := d.SyncTree("."); err != nil {
			t.Fatal(err)
		}
	}
	return backendtest.Bench{
		Open:    func() backend.Backend { return settings.New(d, d, sample()) },
		Package: func(string) backend.Package { return nil },
		Tree:    func() map[string]string { return files([]byte(d.Snapshot()[sampleFile])) },
		Rest: func() map[string]string {
			rest := d.Snapshot()
			maps.DeleteFunc(rest, func(name, _ string) bool {
				return name == sampleFile || strings.HasPrefix(name, "settings/sample/") || strings.HasSuffix(name, "/")
			})
			return rest
		},
		Leftovers: func() []string {
			var left []string
			for name := range d.Snapshot() {
				job := strings.HasPrefix(name, "settings/sample/job") || strings.HasSuffix(name, ".tmp")
				if job || strings.HasPrefix(name, sampleFile+".releve") {
					left = append(left, name)
				}
			}
			return left
		},
	}
}

func write(t *testing.T, d durable.Dir, name, content string) {
	t.Helper()
	if err := d.MkdirAll(path.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte(content))
	if err := errors.Join(err, f.Sync(), f.Close(), d.SyncDir(path.Dir(name))); err != nil {
		t.Fatal(err)
	}
}

// change prepares a job with a backend.
func prepare(t *testing.T, b backend.Backend, j backend.Job) backend.Undo {
	t.Helper()
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func job(action backend.Action, from, to string) backend.Job {
	return backend.Job{ID: "run-0", Action: action, Component: backendtest.Component, From: from, To: to}
}

func TestApplyLeavesWhatSomebodyElseWrote(t *testing.T) {
	d := durabletest.NewDisk()
	write(t, d, sampleFile, `{"VERSION":"1.0"}`)
	b := settings.New(d, d, sample())
	j := job(backend.Update, "1.0", "2.0")
	u := prepare(t, b, j)
	write(t, d, sampleFile, "from somebody else")
	_, err := b.Apply(t.Context(), j, u)
	var e *settings.Error
	if !errors.As(err, &e) || e.Code() != settings.CodeChanged {
		t.Errorf("Apply: got %v, want %s", err, settings.CodeChanged)
	}
	if got := d.Snapshot()[sampleFile]; got != "from somebody else" {
		t.Errorf("the file is %q", got)
	}
	if _, err := b.Revert(t.Context(), j, u); err != nil || d.Snapshot()[sampleFile] != `{"VERSION":"1.0"}` {
		t.Errorf("Revert: %v, the file is %q", err, d.Snapshot()[sampleFile])
	}
}

func TestRevertTrustsNoDamagedCopy(t *testing.T) {
	d := durabletest.NewDisk()
	write(t, d, sampleFile, `{"VERSION":"1.0"}`)
	b := settings.New(d, d, sample())
	j := job(backend.Update, "1.0", "2.0")
	u := prepare(t, b, j)
	if _, err := b.Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	after := d.Snapshot()[sampleFile]
	write(t, d, "settings/sample/run-0.json", `{"old":{"exists":true,"data":"AAAA"}}`)
	if _, err := b.Revert(t.Context(), j, u); err == nil {
		t.Error("Revert wrote bytes that are not those it had saved")
	}
	if got := d.Snapshot()[sampleFile]; got != after {
		t.Errorf("the file is %q", got)
	}
}

func TestFileKeepsItsMode(t *testing.T) {
	d := durabletest.NewDisk()
	write(t, d, sampleFile, `{"VERSION":"1.0"}`)
	b := settings.New(d, d, sample())
	j := job(backend.Update, "1.0", "2.0")
	if _, err := b.Apply(t.Context(), j, prepare(t, b, j)); err != nil {
		t.Fatal(err)
	}
	info, err := d.Lstat(sampleFile)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestRepairKeepsTheVersionBefore makes the same version again, which is no
// change to come back from.
func TestRepairKeepsTheVersionBefore(t *testing.T) {
	d := durabletest.NewDisk()
	b := settings.New(d, d, sample())
	for n, j := range []backend.Job{
		job(backend.Install, "", "1.0"), job(backend.Update, "1.0", "2.0"), job(backend.Repair, "2.0", "2.0"),
	} {
		u := prepare(t, b, j)
		if _, err := b.Apply(t.Context(), j, u); err != nil {
			t.Fatalf("change %d: %v", n, err)
		}
		if err := b.Settle(t.Context(), j, u, true); err != nil {
			t.Fatalf("change %d: %v", n, err)
		}
	}
	state, err := b.Inspect(t.Context(), backend.Subject{Name: backendtest.Component})
	if err != nil || !slices.Equal(state.Kept, []string{"1.0"}) {
		t.Errorf("kept after a repair: %v, %v; want 1.0", state.Kept, err)
	}
}

func TestUnusableFileIsAnError(t *testing.T) {
	d := durabletest.NewDisk()
	b := settings.New(d, d, sample())
	if err := d.Symlink("elsewhere", "link"); err != nil {
		t.Fatal(err)
	}
	s := sample()
	s.File = "link"
	for name, b := range map[string]backend.Backend{"link": settings.New(d, d, s)} {
		if _, err := b.Inspect(t.Context(), backend.Subject{Name: s.Component}); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: inspect: got %v, want ErrInvalid", name, err)
		}
	}
	j := job(backend.Update, "", "2.0")
	j.Component = "another"
	if _, err := b.Prepare(t.Context(), j); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("prepare of an unknown setting: got %v", err)
	}
}

const iniFile = "Windows/galss.ini"

// move is the job of a move to PC/SC.
func move(action backend.Action, from string) backend.Job {
	return backend.Job{
		ID: "run-0", Action: action, Component: settings.GalssMode, From: from, To: "pcsc",
		Params: settings.Params(galss.Move{Family: "windows", Bits: 64, Slots: present()}),
	}
}

func present() []galss.Slot {
	return []galss.Slot{{Reader: "other"}, {Reader: "A 0", Card: galss.CPS4}, {Reader: "B 0", Card: galss.Vitale}}
}

// pssFile is a galss.ini with one serial channel.
func pssFile(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../../osdetect/galss/testdata/pss.ini")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// galssOn returns the backend of galss.ini on a disk, with readers as given.
func galssOn(d durable.Dir, slots []galss.Slot, err error) *settings.Backend {
	return settings.New(d, d, settings.Galss(iniFile, func(context.Context, func([]galss.Slot) bool) ([]galss.Slot, error) { return slots, err }))
}

func TestGalssMovesAndComesBack(t *testing.T) {
	for name, old := range map[string]string{"pss": pssFile(t), "": ""} {
		t.Run("from-"+name, func(t *testing.T) {
			d := durabletest.NewDisk()
			if old != "" {
				write(t, d, iniFile, old)
			}
			b, j := galssOn(d, present(), nil), move(backend.Update, name)
			u := prepare(t, b, j)
			if _, err := b.Apply(t.Context(), j, u); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(b.Probe(t.Context(), j, u), b.Settle(t.Context(), j, u, true)); err != nil {
				t.Fatal(err)
			}
			state, err := b.Inspect(t.Context(), backend.Subject{Name: settings.GalssMode})
			if err != nil || state.Version != "pcsc" || name != "" && !slices.Equal(state.Kept, []string{"pss"}) {
				t.Fatalf("after the move: %+v, %v", state, err)
			}
			back := backend.Job{ID: "run-1", Action: backend.Rollback, Component: settings.GalssMode, From: "pcsc", To: name}
			if name == "" {
				back.Action = backend.Uninstall
			}
			if _, err := b.Apply(t.Context(), back, prepare(t, b, back)); err != nil {
				t.Fatal(err)
			}
			got, exists := d.Snapshot()[iniFile]
			if got != old || exists != (old != "") {
				t.Errorf("after the way back: exists %v\n got %q\nwant %q", exists, got, old)
			}
		})
	}
}

// TestGalssJobWritesWhatWasShown holds that a job names the readers that the
// plan was made with, where a card is seen in others too.
func TestGalssJobWritesWhatWasShown(t *testing.T) {
	m := galss.Move{Old: []byte(pssFile(t)), Family: "windows", Bits: 64, Slots: append(present(),
		galss.Slot{Reader: "NFC 0", Card: galss.CPS4, Contactless: true},
		galss.Slot{Reader: "PSS SmartCard Reader 0", Card: galss.Vitale})}
	want, reasons := galss.Migrate(m)
	if want == nil {
		t.Fatal(reasons)
	}
	d := durabletest.NewDisk()
	write(t, d, iniFile, string(m.Old))
	b, j := galssOn(d, m.Slots, nil), move(backend.Update, "pss")
	j.Params = settings.Params(m)
	u := prepare(t, b, j)
	if _, err := b.Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if got := d.Snapshot()[iniFile]; got != string(want) {
		t.Errorf("the file is\n%s\nwant\n%s", got, want)
	}
	if err := b.Probe(t.Context(), j, u); err != nil {
		t.Error(err)
	}
}

func TestGalssProbeWantsBothCards(t *testing.T) {
	tests := []struct {
		name  string
		slots []galss.Slot
		err   error
		code  string
	}{
		{"both", present(), nil, ""},
		{"vitale-gone", present()[:2], nil, settings.CodeCardLost},
		{"cps-in-another-reader", []galss.Slot{{Reader: "C", Card: galss.CPS4}, present()[2]}, nil, settings.CodeCardLost},
		{"another-card", []galss.Slot{{Reader: "A 0", Card: galss.CPS3}, present()[2]}, nil, settings.CodeCardLost},
		{"no-service", nil, errors.New("0x8010001D"), settings.CodeNoReaders},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := galssOn(durabletest.NewDisk(), tt.slots, tt.err).Probe(t.Context(), move(backend.Update, "pss"), nil)
			var e *settings.Error
			if got := ""; errors.As(err, &e) {
				got = e.Code()
				if got != tt.code {
					t.Errorf("Probe: got %q, want %q", got, tt.code)
				}
			} else if err != nil || tt.code != "" {
				t.Errorf("Probe: got %v, want %q", err, tt.code)
			}
		})
	}
	back := move(backend.Rollback, "pcsc")
	back.To = "pss"
	if err := galssOn(durabletest.NewDisk(), nil, errors.New("no readers")).Probe(t.Context(), back, nil); err != nil {
		t.Errorf("the way back asks for cards: %v", err)
	}
}

func TestGalssRefuses(t *testing.T) {
	tests := []struct {
		name string
		old  string
		job  func(j *backend.Job)
		code string
	}{
		{"file-that-is-not-known", "[CONFIG]\nNbCanaux=2\n", func(*backend.Job) {}, settings.CodeNotMoved},
		{"removal", pssFile(t), func(j *backend.Job) { j.Action, j.To = backend.Uninstall, "" }, settings.CodeNotRemoved},
		{"no-decision", pssFile(t), func(j *backend.Job) { j.Params = nil }, ""},
		{"pss-that-was-never-there", pssFile(t), func(j *backend.Job) { j.To = "pss" }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := durabletest.NewDisk()
			write(t, d, iniFile, tt.old)
			j := move(backend.Update, "pss")
			tt.job(&j)
			_, err := galssOn(d, present(), nil).Prepare(t.Context(), j)
			var e *settings.Error
			if err == nil || tt.code != "" && (!errors.As(err, &e) || e.Code() != tt.code) {
				t.Errorf("Prepare: got %v, want %q", err, tt.code)
			}
			if want := "galss-move-form [CONFIG] NbCanaux; galss-move-form [CANAL1] TCanal"; tt.code == settings.CodeNotMoved && e.Args()["Why"] != want {
				t.Errorf("the reason is %q, want %q", e.Args()["Why"], want)
			}
			if got := d.Snapshot()[iniFile]; got != tt.old {
				t.Errorf("the file is %q", got)
			}
		})
	}
}
