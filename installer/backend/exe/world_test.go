package exe_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/program"
)

const uninstaller = `%ProgramFiles%\sample\uninstall.exe`

// world is a machine whose setup programs are archives: running one unpacks
// it file by file, VERSION last, and refuses to go over a newer version, as
// setup programs do. All of it lies on the disk, so that it can lose power in
// the middle.
type world struct {
	disk     *durabletest.Disk
	registry exe.Removal
	ran      *[]exe.Command
	products *[]string                               // that Windows Installer was asked to remove
	status   func(c exe.Command) (exe.Result, error) // what programs answer, after their work
	works    func(c exe.Command) bool                // whether they do their work
	stays    []program.Left                          // what setup programs leave running
	leaves   map[string]string                       // files that they leave in TEMP, by name
	trusts   func(signer string) bool
	going    func() error // what Windows Installer does for a setup program that is over
}

func newWorld(d *durabletest.Disk) *world {
	return &world{
		disk: d, ran: new([]exe.Command), products: new([]string),
		status: func(exe.Command) (exe.Result, error) { return exe.Result{}, nil },
		works:  func(exe.Command) bool { return true },
		trusts: func(string) bool { return true },
	}
}

const home = "world/sample"

func (w *world) Detect(_ context.Context, s backend.Subject) (string, error) {
	data, err := durable.ReadFile(w.disk, "world/"+s.Name+"/VERSION", 100)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

func (w *world) Registered(ctx context.Context, s backend.Subject) (exe.Removal, error) {
	version, err := w.Detect(ctx, s)
	if version == "" {
		return exe.Removal{}, err
	}
	return w.registry, err
}

func (w *world) Check(file, digest, signer string) error {
	data, err := durable.ReadFile(w.disk, file, 1<<20)
	if err != nil {
		return err
	}
	if digestOf(data) != digest {
		return errors.New("other bytes")
	}
	if !w.trusts(signer) {
		return fmt.Errorf("signed by somebody else than %q", signer)
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (w *world) Run(ctx context.Context, c exe.Command) (exe.Result, error) {
	*w.ran = append(*w.ran, c)
	if err := w.unpackInto(c.Temp); err != nil {
		return exe.Result{}, err
	}
	if c.Digest != "" {
		if err := w.Check(c.File, c.Digest, c.Signer); err != nil {
			return exe.Result{}, err
		}
	}
	if !w.works(c) {
		return w.status(c)
	}
	var err error
	if c.Digest == "" {
		err = w.uninstall()
	} else {
		err = w.install(ctx, c.File)
	}
	if err != nil {
		return exe.Result{}, err
	}
	result, err := w.status(c)
	if c.Digest != "" {
		result.Stayed = w.stays
	}
	return result, err
}

// unpackInto puts files into the folder for temporary files, which has to be
// there and to be empty.
func (w *world) unpackInto(temp string) error {
	entries, err := w.disk.ReadDir(temp)
	if err != nil || len(entries) > 0 {
		return fmt.Errorf("temporary files in %q: found %d, %w", temp, len(entries), err)
	}
	for _, name := range slices.Sorted(maps.Keys(w.leaves)) {
		if err := w.write(temp+"/"+name, w.leaves[name]); err != nil {
			return err
		}
	}
	return w.write(temp+"/{0}/engine.dll", "unpacked")
}

func (w *world) Running(_ context.Context, stayed []program.Left) (bool, error) {
	return slices.ContainsFunc(stayed, func(p program.Left) bool { return slices.Contains(w.stays, p) }), nil
}

// Free is Windows Installer, which works until it is waited for.
func (w *world) Free(context.Context, backend.Job) error {
	if w.going == nil {
		return nil
	}
	defer func() { w.going = nil }()
	return w.going()
}

// RemoveProduct is Windows Installer, which says nothing of a product that is
// gone.
func (w *world) RemoveProduct(_ context.Context, _ backend.Job, code string) (backend.Outcome, error) {
	*w.products = append(*w.products, code)
	return backend.Outcome{Reboot: code == "{restart}"}, w.uninstall()
}

func (w *world) uninstall() error {
	if err := w.disk.Remove(home + "/VERSION"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.disk.RemoveAll(home); err != nil {
		return err
	}
	return w.sync("world")
}

// sync makes a directory durable, if it is there.
func (w *world) sync(dir string) error {
	if err := w.disk.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (w *world) install(ctx context.Context, file string) error {
	files, err := w.unpack(file)
	if err != nil {
		return err
	}
	if now, err := w.Detect(ctx, backend.Subject{Name: backendtest.Component}); err != nil || now > files["VERSION"] {
		return fmt.Errorf("version %q is newer than %q: %w", now, files["VERSION"], err)
	}
	names := slices.Sorted(maps.Keys(files))
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(last(a), last(b)) })
	for _, name := range names {
		if err := w.write(path.Join(home, name), files[name]); err != nil {
			return err
		}
	}
	if err := w.disk.SyncTree("world"); err != nil {
		return err
	}
	return w.disk.SyncDir(".")
}

func last(name string) string { return strings.Replace(name, "VERSION", "~", 1) }

func (w *world) unpack(file string) (map[string]string, error) {
	data, err := durable.ReadFile(w.disk, file, 1<<20)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[header.Name] = string(content)
	}
}

func (w *world) write(name, content string) error {
	if err := w.disk.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := w.disk.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(content))
	return errors.Join(err, f.Close())
}

// installedFiles are the files of the component.
func (w *world) installedFiles() map[string]string {
	out := map[string]string{}
	for name, content := range w.disk.Snapshot() {
		if rest, ok := strings.CutPrefix(name, home+"/"); ok && !strings.HasSuffix(name, "/") {
			out[rest] = content
		}
	}
	return out
}

// withSetup is the backend as the engine would call it for releases that
// name how their component is removed.
type withSetup struct{ *exe.Backend }

func (b withSetup) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	if j.To != "" {
		j.Release.Setup = setup()
	}
	return b.Backend.Prepare(ctx, j)
}

func setup() *manifest.Setup {
	return &manifest.Setup{
		Signer: "Sample SA", Arguments: []string{"/s", "/v/qn"}, Success: []int{-5}, Reboot: []int{7},
		Uninstall: &manifest.SetupCommand{Path: uninstaller, Arguments: []string{"/silent"}}, Minutes: 5,
	}
}

func TestSuite(t *testing.T) {
	onDisk := func(_ *testing.T, d *durabletest.Disk) backendtest.Bench { return bench(newWorld(d)) }
	backendtest.Suite{
		New:    func(t *testing.T) backendtest.Bench { return onDisk(t, durabletest.NewDisk()) },
		OnDisk: onDisk,
	}.Run(t)
}

func bench(w *world) backendtest.Bench {
	return backendtest.Bench{
		Open:      func() backend.Backend { return withSetup{exe.New(w.disk, w)} },
		Package:   func(v string) backend.Package { return backendtest.Archive("Setup-"+v+".tar.gz", backendtest.Files(v)) },
		Tree:      w.installedFiles,
		Rest:      func() map[string]string { return map[string]string{} },
		Leftovers: func() []string { return leftovers(w) },
	}
}

// leftovers names what has no business on a machine at rest: working files, a
// third setup program, and any without a component.
func leftovers(w *world) []string {
	var out []string
	programs := 0
	for name := range w.disk.Snapshot() {
		if strings.HasPrefix(name, "setups/.staging") || strings.HasPrefix(name, "setups/.temp") || strings.HasPrefix(name, "setups") && len(w.installedFiles()) == 0 {
			out = append(out, name)
		}
		if path.Base(name) == "kept.json" {
			programs++
		}
	}
	if programs > 2 {
		out = append(out, "more than two setup programs")
	}
	return out
}
