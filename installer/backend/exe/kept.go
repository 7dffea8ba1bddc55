package exe

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

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	schema    = 1
	keptName  = "kept.json"
	jobName   = "job.json"
	phaseName = "phase.json"
	maxRecord = 64 << 10 // bytes
	oldSuffix = "-old"   // of the id of a setup program that a job brought for its way back
)

// kept is a setup program in our folder.
type kept struct {
	Schema    int             `json:"schema"`
	Component string          `json:"component"`
	Version   string          `json:"version"` // what it installs
	File      string          `json:"file"`
	SHA256    string          `json:"sha256"`
	Setup     *manifest.Setup `json:"setup,omitempty"`

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

// jobOf is the job that brought the setup program id.
func jobOf(id string) string { return strings.TrimSuffix(id, oldSuffix) }

// held lists the setup programs of a component. One whose record is missing
// or damaged does not count.
func (b *Backend) held(component string) ([]kept, error) {
	entries, err := b.dir.ReadDir(componentDir(component))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the setup programs of %q: %w", component, err)
	}
	var out []kept
	for _, e := range entries {
		if k, err := b.readKept(component, e.Name()); err == nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// readKept reads the record of a setup program.
func (b *Backend) readKept(component, id string) (kept, error) {
	var k kept
	if err := b.readRecord(path.Join(keptDir(component, id), keptName), &k); err != nil {
		return kept{}, err
	}
	k.id = id
	if k.Schema != schema || k.Component != component || k.Version == "" {
		return kept{}, fmt.Errorf("record of the setup program %q of %q is damaged", id, component)
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

// bring copies a setup program into our folder as id, and checks it there.
func (b *Backend) bring(ctx context.Context, j backend.Job, id string, rel manifest.Release, p backend.Package) (kept, error) {
	k := kept{Schema: schema, Component: j.Component, Version: rel.Version, File: p.Name(), Setup: rel.Setup, id: id}
	if checkNames(k.File) != nil {
		k.File = "setup.exe"
	}
	dir := keptDir(j.Component, id)
	if err := durable.EnsureDir(b.dir, dir); err != nil {
		return kept{}, err
	}
	var err error
	if k.SHA256, err = b.copy(ctx, path.Join(dir, k.File), p, j.Progress); err != nil {
		return kept{}, fmt.Errorf("keeping the setup program of %q %s: %w", j.Component, k.Version, err)
	}
	if err := b.system.Check(b.path(path.Join(dir, k.File)), k.SHA256, k.signer()); err != nil {
		return kept{}, err
	}
	return k, b.writeRecord(path.Join(dir, keptName), k)
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
	out, err := b.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), &counted{ctx: ctx, from: in, total: total, progress: progress})
	if err == nil {
		err = out.Sync()
	}
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, out.Close())
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

// signer is who has to have signed the setup program, "" for anybody.
func (k kept) signer() string {
	if k.Setup == nil {
		return ""
	}
	return k.Setup.Signer
}
