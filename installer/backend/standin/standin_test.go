package standin_test

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/backend/standin"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

const (
	system = `%SystemRoot%\system32;%SystemRoot%;%SystemRoot%\System32\Wbem;C:\Outils;`
	target = `C:\Program Files\Releve\components\`
	file   = "registry/Path"
)

// disk is a disk of Windows, with the PATH of the machine on it.
type disk struct{ *durabletest.Disk }

func (disk) Path(name string) string { return target + strings.ReplaceAll(name, "/", `\`) }

type environment struct{ d durable.Dir }

func (e environment) Path() (string, error) {
	data, err := durable.ReadFile(e.d, file, 1<<16)
	return string(data), err
}

func (e environment) SetPath(text string) error {
	return durable.WriteFile(e.d, file, []byte(text), 0o600)
}

func open(d *durabletest.Disk) *standin.Backend {
	return standin.New(bundle.New(disk{d}, bundle.Options{Pointer: bundle.File}), disk{d}, environment{d})
}

func TestSuite(t *testing.T) {
	backendtest.Suite{
		New:    func(t *testing.T) backendtest.Bench { return bench(t, durabletest.NewDisk()) },
		OnDisk: bench,
	}.Run(t)
}

// bench is a machine whose whole disk is d.
func bench(t *testing.T, d *durabletest.Disk) backendtest.Bench {
	t.Helper()
	if len(d.Snapshot()) == 0 {
		put(t, d, system)
	}
	return backendtest.Bench{
		Open:    func() backend.Backend { return open(d) },
		Package: func(v string) backend.Package { return backendtest.Archive(v+".tar.gz", backendtest.Files(v)) },
		Tree:    func() map[string]string { return tree(d.Snapshot()) },
		Rest: func() map[string]string {
			all := d.Snapshot()
			return map[string]string{file: others(all[file]), "notes.txt": all["notes.txt"]}
		},
		Leftovers: func() []string { return leftovers(d.Snapshot()) },
	}
}

func put(t *testing.T, d *durabletest.Disk, text string) {
	t.Helper()
	if err := d.MkdirAll(path.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (environment{d}).SetPath(text); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(d, "notes.txt", []byte("written by the technician"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.SyncTree("."); err != nil {
		t.Fatal(err)
	}
}

// others is a PATH without what is ours in it.
func others(text string) string {
	before, after, found := strings.Cut(text, target)
	if !found {
		return text
	}
	_, after, _ = strings.Cut(after, ";")
	return before + after
}

// tree returns the files that are found through the PATH.
func tree(all map[string]string) map[string]string {
	out := map[string]string{}
	_, after, found := strings.Cut(all[file], target)
	if !found {
		return out
	}
	dir, _, _ := strings.Cut(after, ";")
	dir = strings.ReplaceAll(dir, `\`, "/") + "/"
	for name, content := range all {
		if rest, below := strings.CutPrefix(name, dir); below && rest != "" && !strings.HasSuffix(rest, "/") {
			out[rest] = content
		}
	}
	return out
}

func leftovers(all map[string]string) []string {
	var out []string
	installed := strings.Contains(all[file], target)
	for name := range all {
		if strings.HasPrefix(name, ".releve/") || !installed && strings.HasPrefix(name, "path-sample/") {
			out = append(out, name)
		}
	}
	if strings.Count(all[file], target) > 1 {
		out = append(out, "two versions in the PATH: "+all[file])
	}
	return out
}

// change makes a whole change and returns the PATH after it.
func change(t *testing.T, d *durabletest.Disk, action backend.Action, to string) string {
	t.Helper()
	b := open(d)
	state, err := b.Inspect(t.Context(), backend.Subject{Name: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	j := backend.Job{
		ID: "job-" + string(action) + to, Action: action, Component: "sample", From: state.Version, To: to,
		Progress: func(int64, int64) {},
	}
	if to != "" {
		j.New = backendtest.Archive(to+".tar.gz", backendtest.Files(to))
	}
	u, err := b.Prepare(t.Context(), j)
	if err == nil {
		_, err = b.Apply(t.Context(), j, u)
	}
	if err == nil {
		err = b.Settle(t.Context(), j, u, true)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", action, to, err)
	}
	text, err := (environment{d}).Path()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPathIsAsItWas(t *testing.T) {
	for _, before := range []string{
		system, strings.TrimSuffix(system, ";"), `C:\Windows`, `C:\Windows;;`, `"C:\a;b";C:\Windows`, ``,
		`C:\PROGRA~1\x;;C:\Windows\;`,
	} {
		t.Run(before, func(t *testing.T) {
			d := durabletest.NewDisk()
			put(t, d, before)
			installed := change(t, d, backend.Install, "1.0")
			if !strings.HasPrefix(installed, before) || !strings.Contains(installed, target+`path-sample\versions\`) {
				t.Errorf("installed, it is %q", installed)
			}
			if got := change(t, d, backend.Update, "2.0"); others(got) != others(installed) || got == installed {
				t.Errorf("updated, it is %q, was %q", got, installed)
			}
			if got := change(t, d, backend.Uninstall, ""); got != before {
				t.Errorf("uninstalled, it is %q, want %q", got, before)
			}
		})
	}
}

func TestWhatSomebodyElseAddedStays(t *testing.T) {
	d := durabletest.NewDisk()
	put(t, d, `C:\Windows`)
	installed := change(t, d, backend.Install, "1.0")
	if err := (environment{d}).SetPath(`D:\Before;` + installed + `;D:\After`); err != nil {
		t.Fatal(err)
	}
	if got, want := change(t, d, backend.Uninstall, ""), `D:\Before;C:\Windows;D:\After`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRevertKeepsWhatSomebodyElseAdded(t *testing.T) {
	d := durabletest.NewDisk()
	put(t, d, `C:\Windows`)
	b := open(d)
	j := backend.Job{
		ID: "job-1", Action: backend.Install, Component: "sample", To: "1.0",
		New: backendtest.Archive("1.0.tar.gz", backendtest.Files("1.0")), Progress: func(int64, int64) {},
	}
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	now, _ := (environment{d}).Path()
	if err := (environment{d}).SetPath(now + `;D:\After`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if got, _ := (environment{d}).Path(); got != `C:\Windows;D:\After` {
		t.Errorf("got %q", got)
	}
}

func TestStandInThatNobodyFindsIsNotInstalled(t *testing.T) {
	d := durabletest.NewDisk()
	put(t, d, `C:\Windows`)
	change(t, d, backend.Install, "1.0")
	if err := (environment{d}).SetPath(`C:\Windows`); err != nil {
		t.Fatal(err)
	}
	state, err := open(d).Inspect(t.Context(), backend.Subject{Name: "sample"})
	if err != nil || state.Version != "" {
		t.Errorf("version %q, %v; want none", state.Version, err)
	}
	if got := change(t, d, backend.Install, "2.0"); !strings.Contains(got, target) {
		t.Errorf("installed again, it is %q", got)
	}
}

func TestPathWithoutRoom(t *testing.T) {
	d := durabletest.NewDisk()
	put(t, d, strings.Repeat("x", 32760))
	before := d.Snapshot()
	j := backend.Job{ID: "job-1", Action: backend.Install, Component: "sample", To: "1.0", New: backendtest.Archive("1.0.tar.gz", nil)}
	var e *standin.Error
	if _, err := open(d).Prepare(t.Context(), j); !errors.As(err, &e) || e.Code() != standin.CodePathTooLong {
		t.Errorf("error is %v", err)
	}
	if !maps.Equal(before, d.Snapshot()) {
		t.Error("something was changed")
	}
}

func TestMachineWithoutPath(t *testing.T) {
	d := durabletest.NewDisk()
	j := backend.Job{ID: "job-1", Action: backend.Install, Component: "sample", To: "1.0"}
	var e *standin.Error
	_, err := open(d).Prepare(t.Context(), j)
	if !errors.As(err, &e) || e.Code() != standin.CodeNoPath || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
