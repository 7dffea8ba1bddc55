package shelf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

// Item is a package on the shelf, as its record has it. A backend that knows
// more of its packages embeds it in a record of its own.
type Item struct {
	Schema    int             `json:"schema"`
	Component string          `json:"component"`
	Version   string          `json:"version"` // as the release is called
	File      string          `json:"file"`
	SHA256    string          `json:"sha256"` // lower-case hex
	Setup     *manifest.Setup `json:"setup,omitempty"`

	ID string `json:"-"` // name of its directory
}

// standardLimit is for a release that names no time limit.
const standardLimit = 30 * time.Minute

// Limit is how long the installer may take for the package.
func (i Item) Limit() time.Duration {
	if i.Setup == nil || i.Setup.Minutes == 0 {
		return standardLimit
	}
	return time.Duration(i.Setup.Minutes) * time.Minute
}

// Signer is who has to have signed the package, "" for anybody.
func (i Item) Signer() string {
	if i.Setup == nil {
		return ""
	}
	return i.Setup.Signer
}

// item lets Read check the part of a record that is an Item.
func (i *Item) item() *Item { return i }

// Record is an Item, or a record that embeds one.
type Record interface{ item() *Item }

// Read reads the record of a package.
func (s Shelf) Read(component, id string, into Record) error {
	if err := s.read(path.Join(s.itemDir(component, id), keptName), into); err != nil {
		return err
	}
	i := into.item()
	i.ID = id
	if i.Schema != schema || i.Component != component || i.Version == "" {
		return fmt.Errorf("record of the package %q of %q is damaged", id, component)
	}
	return durable.CheckPlain(i.File)
}

// Held lists the packages of a component, each as read returns it. One that
// read refuses does not count.
func Held[K any](s Shelf, component string, read func(component, id string) (K, error)) ([]K, error) {
	ids, err := s.list(s.componentDir(component))
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %q: %w", component, err)
	}
	var out []K
	for _, id := range ids {
		if k, err := read(component, id); err == nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// Name is the name of the file of a package in the folder that New was given.
func (s Shelf) Name(i Item) string { return path.Join(s.itemDir(i.Component, i.ID), i.File) }

// Bring copies a package onto the shelf as id, durably, and returns what is
// known of it then. It does not count before Keep. A file name that installers
// cannot be trusted with becomes fallback.
func (s Shelf) Bring(ctx context.Context, j backend.Job, id string, p backend.Package, fallback string) (Item, error) {
	i := Item{Schema: schema, Component: j.Component, File: p.Name(), ID: id}
	if durable.CheckPlain(i.File) != nil || strings.ContainsAny(i.File, `"%`) {
		i.File = fallback
	}
	if err := durable.EnsureDir(s.dir, s.itemDir(j.Component, id)); err != nil {
		return Item{}, err
	}
	var err error
	if i.SHA256, err = s.copy(ctx, s.Name(i), p, j.Progress); err != nil {
		return Item{}, fmt.Errorf("keeping the package %q: %w", p.Name(), err)
	}
	return i, nil
}

// Keep makes a package count: it writes its record.
func (s Shelf) Keep(r Record) error {
	i := r.item()
	return s.write(path.Join(s.itemDir(i.Component, i.ID), keptName), r)
}

// Package opens a package for reading.
func (s Shelf) Package(i Item) (backend.PackageFile, error) {
	return s.dir.OpenFile(s.Name(i), os.O_RDONLY, 0)
}

// copy writes a package to name, durably, and returns the digest of what it
// wrote.
func (s Shelf) copy(ctx context.Context, name string, p backend.Package, progress func(done, total int64)) (digest string, err error) {
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
	out, err := s.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), &counted{ctx: ctx, from: in, total: total, progress: progress})
	if err == nil {
		err = out.Sync()
	}
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, out.Close(), s.sync(path.Dir(name)))
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
