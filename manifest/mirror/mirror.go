// Package mirror copies a published repository without any key: into a folder
// that a server may serve meanwhile, or into one file for a USB stick.
//
// What it promises:
//   - nothing is copied that a workstation would refuse: what is older than
//     what was copied before, past its date, or not what was signed ends the
//     run, and the copy goes on serving what it had
//   - a folder holds at every moment either the former state or the new one
//     whole, also when the program or the power fails; the one exception is a
//     root that takes the key of timestamp, snapshot or targets away, where
//     between two renames a workstation is refused and keeps what it has
//   - a run that was interrupted is taken up by the next one, in the middle of
//     a file too, and what is there already is not transferred again
//   - a bundle of equal content has equal bytes
//
// It uses the client of the workstation (trust) and its download (store).
package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

// Folder is where a mirror keeps its own state, in its directory: what it
// trusts, and what was received of files that are not complete.
const Folder = ".mirror"

// Config says what is copied, and from where.
type Config struct {
	Root   []byte // root.json trusted from the start; see KeptRoot
	Remote trust.Remote
	Select Selection
	Now    func() time.Time
	// Begin, if not nil, is told what the copy will hold before anything of it
	// is transferred.
	Begin func(Report)
	// Progress, if not nil, is told before each package that is transferred.
	Progress func(t trust.Target)
	// Download is how packages are fetched; Dir and Remote are not looked at.
	Download store.Config
}

// Report is what a copy holds.
type Report struct {
	Info      trust.BundleInfo
	Roles     []trust.RoleStatus
	Until     time.Time // a workstation takes it until then
	UntilRole string    // the role that says so
	Packages  []Package
	Files     int   // documents and packages
	Bytes     int64 // of all of them
	Largest   int64 // of one of them
	NewFiles  int   // documents and packages that were not there before
	NewBytes  int64
	Removed   int // files that were removed as of no more use
}

// Claim makes the directory d a mirror, unless it is one. A directory with
// the metadata of something else, such as the repository of a publisher, is an
// *Error.
func Claim(d durable.Dir) error {
	if _, err := d.Lstat(Folder); err == nil {
		return nil
	}
	for _, name := range []string{"metadata", "targets"} {
		if _, err := d.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(&Error{Reason: CodeNotAMirror, Name: name}, except(err, fs.ErrNotExist))
		}
	}
	if err := d.Mkdir(Folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making a mirror: %w", err)
	}
	return d.SyncDir(".")
}

// except is err unless it wraps expected.
func except(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// KeptRoot gives the root.json that the first complete run into d started
// from. The error wraps fs.ErrNotExist when there was none.
func KeptRoot(d durable.Dir) ([]byte, error) {
	return durable.ReadFile(d, Folder+"/"+rootName, rootLimit)
}

// Run brings the mirror in d, which was claimed, up to date. Not to be called
// twice at a time for one directory. With prune it then removes what neither
// the current nor the former snapshot names.
func Run(ctx context.Context, c Config, d durable.Dir, prune bool) (Report, error) {
	w := shelf{d, Folder}
	s, err := c.read(ctx, cache{w})
	if err != nil {
		return Report{}, err
	}
	m := &run{config: c, source: s, dir: d, work: w, report: s.report}
	if err := m.notOlder(); err != nil {
		return Report{}, err
	}
	if err := durable.WriteFile(w, rootName, c.Root, 0o600); err != nil {
		return Report{}, fmt.Errorf("keeping the root: %w", err)
	}
	if err := m.compare(); err != nil {
		return Report{}, err
	}
	if c.Begin != nil {
		c.Begin(m.report)
	}
	if err := m.targets(ctx); err != nil {
		return Report{}, err
	}
	if err := m.metadata(); err != nil {
		return Report{}, err
	}
	if err := m.remember(prune); err != nil {
		return Report{}, err
	}
	return m.report, nil
}

// run is one pass of Run.
type run struct {
	config Config
	source *source
	dir    durable.Dir
	work   shelf
	report Report
	absent []trust.Target // what has to be transferred
}

// compare finds what is not there yet. Names hold the digest, so that a file
// of that name and length is taken for the one that was verified when it was
// written.
func (m *run) compare() error {
	for _, t := range m.source.chosen {
		info, err := m.dir.Lstat(t.File)
		switch {
		case err == nil && info.Mode().IsRegular() && info.Size() == t.Length:
			continue
		case err == nil && info.IsDir():
			return &Error{Reason: CodeInTheWay, Name: t.File}
		}
		m.absent = append(m.absent, t)
		m.report.NewFiles++
		m.report.NewBytes += t.Length
	}
	return nil
}

// targets transfers documents and packages.
func (m *run) targets(ctx context.Context) error {
	config := m.config.Download
	config.Dir, config.Remote = m.work, m.config.Remote
	packages := store.New(config)
	var wanted []string
	for _, t := range m.absent {
		wanted = append(wanted, t.SHA256)
	}
	if err := packages.Prune(wanted); err != nil {
		return err
	}
	for _, t := range m.absent {
		if m.config.Progress != nil {
			m.config.Progress(t)
		}
		if err := ensurePublic(m.dir, path.Dir(t.File)); err != nil {
			return err
		}
		if err := m.target(ctx, packages, t); err != nil {
			return err
		}
	}
	return nil
}

// target transfers one. Documents come through the client, which had to read
// them to choose packages; packages through the store, in constant memory.
func (m *run) target(ctx context.Context, packages *store.Store, t trust.Target) error {
	if isDocument(t.Path) {
		blob, err := m.source.client.Authenticated(ctx, t.Path)
		if err != nil {
			return err
		}
		return durable.WriteFile(m.dir, t.File, blob.Data, 0o644)
	}
	a := manifest.Artifact{Path: t.Path, Length: t.Length, SHA256: t.SHA256}
	held := packages.Has(a)
	if err := packages.Fetch(ctx, a, store.Watch{}); err != nil {
		return err
	}
	if held { // by an earlier run: nobody has looked at it in this one
		if err := rehash(packages, a); err != nil {
			return err
		}
	}
	if err := m.dir.Rename(m.work.at("store/"+t.SHA256), t.File); err != nil {
		return fmt.Errorf("putting %q in its place: %w", t.File, err)
	}
	return errors.Join(m.dir.SyncDir(path.Dir(t.File)), m.work.SyncDir("store"))
}

func rehash(packages *store.Store, a manifest.Artifact) error {
	p, err := packages.Package(a)
	if err != nil {
		return err
	}
	f, err := p.Open()
	if err != nil {
		return err
	}
	return f.Close()
}

// metadata writes what announces after what is announced; the timestamp makes
// the new state visible.
func (m *run) metadata() error {
	if err := ensurePublic(m.dir, "metadata"); err != nil {
		return err
	}
	if m.source.info.Schema != 0 {
		data, err := encodeInfo(m.source.info)
		if err != nil {
			return err
		}
		if err := m.put(trust.BundleInfoName, data); err != nil {
			return err
		}
	}
	for _, f := range m.source.inventory.Metadata {
		if err := m.put(f.Name, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file unless it is there with this content.
func (m *run) put(name string, data []byte) error {
	old, err := durable.ReadFile(m.dir, name, metadataLimit)
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	return durable.WriteFile(m.dir, name, data, 0o644)
}
