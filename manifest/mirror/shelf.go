package mirror

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/trust"
)

// Limits of what is read back, in bytes.
const (
	rootName      = "trust-root.json"
	rootLimit     = 512 << 10
	cacheLimit    = 32 << 20
	metadataLimit = 8 << 20
	infoLimit     = 16 << 10
)

// shelf is a folder of a durable.Dir, for the work of a run. Files made in it
// can be read by everybody, since they are later moved to where a server
// serves them.
type shelf struct {
	durable.Dir
	folder string
}

func (s shelf) at(name string) string { return path.Join(s.folder, name) }

// OpenFile implements durable.Dir.
func (s shelf) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	return s.Dir.OpenFile(s.at(name), flag, perm|0o044)
}

// Mkdir implements durable.Dir.
func (s shelf) Mkdir(name string, perm fs.FileMode) error { return s.Dir.Mkdir(s.at(name), perm) }

// MkdirAll implements durable.Dir.
func (s shelf) MkdirAll(name string, perm fs.FileMode) error { return s.Dir.MkdirAll(s.at(name), perm) }

// Rename implements durable.Dir.
func (s shelf) Rename(oldname, newname string) error {
	return s.Dir.Rename(s.at(oldname), s.at(newname))
}

// Remove implements durable.Dir.
func (s shelf) Remove(name string) error { return s.Dir.Remove(s.at(name)) }

// RemoveAll implements durable.Dir.
func (s shelf) RemoveAll(name string) error { return s.Dir.RemoveAll(s.at(name)) }

// Symlink implements durable.Dir.
func (s shelf) Symlink(oldname, newname string) error {
	return s.Dir.Symlink(oldname, s.at(newname))
}

// Readlink implements durable.Dir.
func (s shelf) Readlink(name string) (string, error) { return s.Dir.Readlink(s.at(name)) }

// Lstat implements durable.Dir.
func (s shelf) Lstat(name string) (fs.FileInfo, error) { return s.Dir.Lstat(s.at(name)) }

// ReadDir implements durable.Dir.
func (s shelf) ReadDir(name string) ([]fs.DirEntry, error) { return s.Dir.ReadDir(s.at(name)) }

// SyncDir implements durable.Dir.
func (s shelf) SyncDir(name string) error { return s.Dir.SyncDir(s.at(name)) }

// SyncTree implements durable.Dir.
func (s shelf) SyncTree(name string) error { return s.Dir.SyncTree(s.at(name)) }

// cache keeps what the client of a mirror knows between runs, so that an
// older upstream is noticed.
type cache struct{ shelf }

// Load implements trust.Cache.
func (c cache) Load(name string) ([]byte, error) {
	return durable.ReadFile(c.shelf, "trust/"+name, cacheLimit)
}

// Store implements trust.Cache.
func (c cache) Store(name string, data []byte) error {
	if err := durable.EnsureDir(c.shelf, "trust"); err != nil {
		return err
	}
	return durable.WriteFile(c.shelf, "trust/"+name, data, 0o600)
}

// SetAside implements trust.Cache.
func (c cache) SetAside(name string) error {
	return durable.SetAside(c.shelf, "trust/"+name, "trust/"+trust.DamagedPrefix+name)
}

// ensurePublic makes the directory name with its parents, durably, and so
// that a server of another account can read it.
func ensurePublic(d durable.Dir, name string) error {
	if name == "." {
		return nil
	}
	if info, err := d.Lstat(name); err == nil && info.IsDir() {
		return nil
	}
	parent := path.Dir(name)
	if err := ensurePublic(d, parent); err != nil {
		return err
	}
	if err := d.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making directory %q: %w", name, err)
	}
	return d.SyncDir(parent)
}
