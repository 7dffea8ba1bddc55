package msi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	schema    = 1
	keptName  = "kept.json"
	jobName   = "job.json"
	phaseName = "phase.json"
	maxRecord = 256 << 10 // bytes
	oldSuffix = "-old"    // in the id of a package that a job brought for its way back
)

// kept is a package in our folder.
type kept struct {
	Schema    int              `json:"schema"`
	Component string           `json:"component"`
	Version   string           `json:"version"` // as the release is called
	File      string           `json:"file"`
	SHA256    string           `json:"sha256"`
	Package   database.Package `json:"package"`
	Setup     *manifest.Setup  `json:"setup,omitempty"`

	id string // name of its directory
}

// jobRecord says whose job a staging directory is.
type jobRecord struct {
	Schema    int    `json:"schema"`
	Component string `json:"component"`
}

// phase is how far a change came.
type phase struct {
	Schema int  `json:"schema"`
	Done   bool `json:"done"`             // Apply has returned
	Reboot bool `json:"reboot,omitempty"` // what it returned
}

// jobOf is the job that brought the package id.
func jobOf(id string) string {
	if at := strings.LastIndex(id, oldSuffix); at >= 0 {
		return id[:at]
	}
	return id
}

// signer is who has to have signed the package, "" for anybody.
func (k kept) signer() string {
	if k.Setup == nil {
		return ""
	}
	return k.Setup.Signer
}

// standardLimit is for a release that names no time limit.
const standardLimit = 30 * time.Minute

// limit is how long Windows Installer may take for the package.
func (k kept) limit() time.Duration {
	if k.Setup == nil || k.Setup.Minutes == 0 {
		return standardLimit
	}
	return time.Duration(k.Setup.Minutes) * time.Minute
}

// properties are the public properties that its release sets.
func (k kept) properties() map[string]string {
	if k.Setup == nil {
		return nil
	}
	return k.Setup.Properties
}

// file is the name of a package in our folder.
func (k kept) file() string { return path.Join(keptDir(k.Component, k.id), k.File) }

// held lists the packages of a component. One whose record is missing or
// damaged does not count.
func (b *Backend) held(component string) ([]kept, error) {
	entries, err := b.dir.ReadDir(componentDir(component))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %q: %w", component, err)
	}
	var out []kept
	for _, e := range entries {
		if k, err := b.readKept(component, e.Name()); err == nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// readKept reads the record of a package.
func (b *Backend) readKept(component, id string) (kept, error) {
	var k kept
	if err := b.readRecord(path.Join(keptDir(component, id), keptName), &k); err != nil {
		return kept{}, err
	}
	k.id = id
	if k.Schema != schema || k.Component != component || k.Version == "" || !database.IsCode(k.Package.ProductCode) {
		return kept{}, fmt.Errorf("record of the package %q of %q is damaged", id, component)
	}
	return k, checkNames(k.File)
}

// readRecord reads a record of ours.
func (b *Backend) readRecord(name string, into any) error {
	data, err := durable.ReadFile(b.dir, name, maxRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	return nil
}

// writeRecord writes a record of ours, durably.
func (b *Backend) writeRecord(name string, record any) error {
	data, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return durable.WriteFile(b.dir, name, data, 0o600)
}

// bring copies a package into our folder and reads it there. The record, which
// makes it count, is written by keep.
func (b *Backend) bring(ctx context.Context, j backend.Job, id string, p backend.Package) (kept, error) {
	k := kept{Schema: schema, Component: j.Component, File: p.Name(), id: id}
	if checkNames(k.File) != nil || strings.ContainsAny(k.File, "\"%") {
		k.File = "package.msi"
	}
	if err := durable.EnsureDir(b.dir, keptDir(j.Component, id)); err != nil {
		return kept{}, err
	}
	var err error
	if k.SHA256, err = b.copy(ctx, k.file(), p, j.Progress); err != nil {
		return kept{}, fmt.Errorf("keeping the package %q: %w", p.Name(), err)
	}
	f, err := b.dir.OpenFile(k.file(), os.O_RDONLY, 0)
	if err != nil {
		return kept{}, err
	}
	k.Package, err = readPackage(f)
	if err != nil {
		return kept{}, &Error{Reason: CodeUnreadable, Component: j.Component, File: p.Name(), Cause: errors.Join(err, f.Close())}
	}
	return k, f.Close()
}

// readPackage reads an open package.
func readPackage(f backend.PackageFile) (database.Package, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return database.Package{}, err
	}
	return database.Read(f, size)
}

// keep makes a package count.
func (b *Backend) keep(k kept) error {
	return b.writeRecord(path.Join(keptDir(k.Component, k.id), keptName), k)
}

// copy writes a package to name, durably, and returns the digest of what it
// wrote.
func (b *Backend) copy(ctx context.Context, name string, p backend.Package, progress func(done, total int64)) (digest string, err error) {
	in, err := p.Open()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	total, err := in.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", err
	}
	out, err := b.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), &counted{ctx: ctx, from: in, total: total, progress: progress})
	if err == nil {
		err = out.Sync()
	}
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, out.Close(), b.syncDirs(path.Dir(name)))
}

// counted reports how much was read, and stops with its context.
type counted struct {
	ctx         context.Context
	from        io.Reader
	done, total int64
	progress    func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(p)
	c.done += int64(n)
	c.progress(c.done, c.total)
	return n, err
}
