package msi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/installer/backend/msi/database/databasetest"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

const family = "{0B7A9C52-55B4-4C6F-9D6B-5E1D3A7A5C11}" // upgrade code of the samples

// productOf is the product code of a version of the sample.
func productOf(version string) string {
	sum := sha256.Sum256([]byte(version))
	h := strings.ToUpper(hex.EncodeToString(sum[:16]))
	return fmt.Sprintf("{%s-%s-%s-%s-%s}", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// sample is the package of a version, which removes all lower ones.
func sample(version string, change ...func(s *databasetest.Source)) *file {
	s := databasetest.Source{
		Properties: map[string]string{"ProductCode": productOf(version), "UpgradeCode": family, "ProductVersion": version},
		Cabinets:   []string{"#a.cab"}, Streams: map[string]string{"a.cab": "cabinet of " + version},
		Upgrades: []database.Upgrade{{Code: family, Max: version}, {Code: family, Min: version, OnlyDetect: true}},
		Template: "x64;1036", Revision: productOf("package " + version),
	}
	for _, c := range change {
		c(&s)
	}
	return &file{name: "Sample-" + version + ".msi", data: databasetest.Build(s)}
}

// file is a package in memory.
type file struct {
	name string
	data []byte
}

func (f *file) Name() string { return f.name }

func (f *file) Open() (backend.PackageFile, error) { return openFile{bytes.NewReader(f.data)}, nil }

type openFile struct{ *bytes.Reader }

func (openFile) Close() error { return nil }

// product is an installed product of the world.
type product struct {
	Version string            `json:"version"`
	Family  string            `json:"family"`
	Files   map[string]string `json:"files"`
	Lost    bool              `json:"lost"` // Windows has lost its package
}

// world is a machine with a Windows Installer that can be told how to end.
// What is installed lies in one file, because Windows Installer too leaves a
// product whole or not there.
type world struct {
	disk     *durabletest.Disk
	lines    *[]string
	packages map[string][]msi.Candidate // of foreign products
	values   map[string]string          // of the registry
	trusts   func(signer string) bool

	// status is asked before a run does its work, with /i or /x and the
	// product. Not 0 ends the run there, with that code.
	status func(verb, product string) uint32
	wrote  string // to the log when a run fails
	slow   bool   // does not end in time; the work is done while it is waited for
	going  func() error
	waited time.Duration
	held   map[string]int // how often a package is held, by its name
}

func newWorld(d *durabletest.Disk) *world {
	return &world{
		disk: d, lines: new([]string), packages: map[string][]msi.Candidate{}, values: map[string]string{},
		held:   map[string]int{},
		trusts: func(string) bool { return true },
		status: func(string, string) uint32 { return 0 },
	}
}

const registry = "world/products.json"

func (w *world) installed() (map[string]product, error) {
	out := map[string]product{}
	data, err := durable.ReadFile(w.disk, registry, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(data, &out)
}

func (w *world) set(all map[string]product) error {
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := durable.EnsureDir(w.disk, "world"); err != nil {
		return err
	}
	return durable.WriteFile(w.disk, registry, data, 0o600)
}

// put installs a product behind the back of every backend.
func (w *world) put(t *testing.T, version, upgradeCode string) {
	t.Helper()
	all, err := w.installed()
	if err != nil {
		t.Fatal(err)
	}
	all[productOf(version)] = product{Version: version, Family: upgradeCode, Files: backendtest.Files(version)}
	if err := w.set(all); err != nil {
		t.Fatal(err)
	}
}

func (w *world) Related(_ context.Context, upgradeCode string) ([]string, error) {
	all, err := w.installed()
	maps.DeleteFunc(all, func(_ string, p product) bool { return p.Family != upgradeCode })
	return slices.Sorted(maps.Keys(all)), err
}

func (w *world) Listed(_ context.Context, name string) ([]string, error) {
	all, err := w.installed()
	maps.DeleteFunc(all, func(_ string, p product) bool { return "Sample "+p.Version != name })
	return slices.Sorted(maps.Keys(all)), err
}

func (w *world) Version(_ context.Context, code string) (string, error) {
	all, err := w.installed()
	return all[code].Version, err
}

func (w *world) Packages(_ context.Context, code string) ([]msi.Candidate, error) {
	return w.packages[code], nil
}

func (w *world) Values(_ context.Context, key, name string) ([]string, error) {
	if v, ok := w.values[key+`\`+name]; ok {
		return []string{v}, nil
	}
	return nil, nil
}

func (w *world) Hold(name, digest, signer string) (io.Closer, error) {
	data, err := durable.ReadFile(w.disk, name, 1<<20)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		return nil, errors.New("other bytes")
	}
	if !w.trusts(signer) {
		return nil, fmt.Errorf("signed by somebody else than %q", signer)
	}
	w.held[name]++
	return letGo(func() { w.held[name]-- }), nil
}

// letGo ends a hold.
type letGo func()

func (f letGo) Close() error { f(); return nil }

func (w *world) Holder(context.Context) string { return "setup.exe (4711)" }

func (w *world) Wait(_ context.Context, d time.Duration) error {
	w.waited += d
	if w.going == nil {
		return nil
	}
	defer func() { w.going = nil }()
	return w.going()
}

func (w *world) Working(_ context.Context, logs string) (bool, error) {
	if logs != "msi/.logs" {
		return false, fmt.Errorf("asked for the logs in %q", logs)
	}
	return w.going != nil, nil
}

// Run is msiexec.
func (w *world) Run(_ context.Context, line string, _ time.Duration) (uint32, error) {
	*w.lines = append(*w.lines, line)
	words := msi.Words(line)
	if slices.Index(words, "/l*v") < 0 {
		return 0, fmt.Errorf("nothing is logged by %q", line)
	}
	verb, target := words[0], words[1]
	if verb != "/x" && w.held[target] == 0 {
		return 0, fmt.Errorf("%q is run while anybody can change it", target)
	}
	if w.slow {
		w.slow = false
		w.going = func() error {
			_, err := w.end(words)
			return err
		}
		return 0, fmt.Errorf("msiexec: %w", msi.ErrTime)
	}
	if w.going != nil {
		return 1618, nil
	}
	return w.end(words)
}

// end is msiexec once it has begun.
func (w *world) end(words []string) (uint32, error) {
	verb, target, log := words[0], words[1], words[slices.Index(words, "/l*v")+1]
	code, pkg := target, database.Package{}
	if verb != "/x" {
		var err error
		if pkg, err = w.read(target); err != nil {
			return 1619, nil //nolint:nilerr // that is how msiexec says it
		}
		code = pkg.ProductCode
	}
	all, err := w.installed()
	if err != nil {
		return 0, err
	}
	status := w.status(verb, code)
	if status == 0 || status == 3010 || status == 1641 {
		failure := w.work(all, verb, code, pkg, slices.Contains(words, "REINSTALL=ALL"))
		if failure == 0 {
			return status, w.set(all)
		}
		status = failure
	}
	if w.wrote != "" {
		if err := w.write(log, w.wrote); err != nil {
			return 0, err
		}
	}
	return status, nil
}

// work changes what is installed, or says why not.
func (w *world) work(all map[string]product, verb, code string, pkg database.Package, over bool) uint32 {
	p := all[code]
	there := p.Version != "" // files alone are what was cut off
	switch {
	case verb == "/x" && !there:
		return 1605
	case verb == "/x" && p.Lost:
		return 1612
	case verb == "/x":
		delete(all, code)
		return 0
	case there != over:
		return 1638
	}
	for other, q := range all {
		n, _ := database.Compare(q.Version, pkg.ProductVersion)
		if q.Family == pkg.UpgradeCode && other != code && n > 0 {
			return 1603
		}
	}
	for other, q := range all {
		if other != code && pkg.Removes(q.Family, q.Version) {
			delete(all, other)
		}
	}
	all[code] = product{Version: pkg.ProductVersion, Family: pkg.UpgradeCode, Files: backendtest.Files(pkg.ProductVersion)}
	return 0
}

func (w *world) read(name string) (database.Package, error) {
	data, err := durable.ReadFile(w.disk, name, 1<<20)
	if err != nil {
		return database.Package{}, err
	}
	return database.Read(bytes.NewReader(data), int64(len(data)))
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

// versions are those of the installed products.
func (w *world) versions(t *testing.T) []string {
	t.Helper()
	all, err := w.installed()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range all {
		out = append(out, p.Version)
	}
	slices.Sort(out)
	return out
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
		Open:    func() backend.Backend { return msi.New(w.disk, w) },
		Package: func(v string) backend.Package { return sample(v) },
		Tree: func() map[string]string {
			tree := map[string]string{}
			all, err := w.installed()
			if err != nil {
				tree["?"] = err.Error()
			}
			for _, p := range all {
				maps.Copy(tree, p.Files)
			}
			return tree
		},
		Rest:      func() map[string]string { return map[string]string{} },
		Leftovers: func() []string { return leftovers(w) },
	}
}

// leftovers names what has no business on a machine at rest: working files, a
// third package, and any without a product.
func leftovers(w *world) []string {
	var out []string
	all, err := w.installed()
	if err != nil {
		out = append(out, err.Error())
	}
	kept := 0
	disk := w.disk.Snapshot()
	for name := range disk {
		if strings.HasPrefix(name, "msi/.staging") || strings.HasPrefix(name, "msi/sample") && len(all) == 0 {
			out = append(out, name)
		}
		if path.Base(name) == "kept.json" {
			kept++
			out = append(out, damaged(disk, name)...)
		}
	}
	if kept > 2 {
		out = append(out, "more than two packages")
	}
	return out
}

// damaged names the package of a record when it is not what the record says.
func damaged(disk map[string]string, record string) []string {
	var k struct{ File, SHA256 string }
	if err := json.Unmarshal([]byte(disk[record]), &k); err != nil {
		return []string{record + ": " + err.Error()}
	}
	name := path.Join(path.Dir(record), k.File)
	if sum := sha256.Sum256([]byte(disk[name])); hex.EncodeToString(sum[:]) != k.SHA256 {
		return []string{name + " is damaged"}
	}
	return nil
}
