// Package bundle is the backend for archives: a component is a directory of
// files, every version of it has a directory of its own, and a pointer names
// the one in use.
//
//	<component>/current                       the pointer
//	<component>/versions/<id>/tree/...        the files of the archive
//	<component>/versions/<id>/files.json      each of them with size, digest and mode
//	<component>/versions/<id>/bundle.json     version, and the digest of files.json
//	.releve/staging/<job>/...                 what Prepare works on
//	.releve/trash/...                         what is being removed
//
// What it promises beyond the contract: changing the version, forwards or
// backwards, is one rename and one sync, however many files there are; a
// version is seen under versions only once all of it is on the disk, and no
// longer once any of it is gone; after a committed change exactly the version
// before it is kept; files that are not its own are never opened for writing,
// renamed or removed.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// Options are the choices of a Backend. The zero value is right for a
// workstation.
type Options struct {
	Pointer Pointer // "": as the system does it
}

// Backend changes components in one target directory.
type Backend struct {
	dir     durable.Dir
	pointer Pointer
}

var (
	_ backend.Backend  = (*Backend)(nil)
	_ backend.Verifier = (*Backend)(nil)
	_ backend.Locator  = (*Backend)(nil)
	_ backend.Reader   = (*Backend)(nil)
	_ backend.Base     = (*Backend)(nil)
)

// New returns a backend for the target directory d. It touches nothing.
func New(d durable.Dir, o Options) *Backend {
	if o.Pointer == "" {
		o.Pointer = systemPointer
	}
	return &Backend{dir: d, pointer: o.Pointer}
}

const (
	ours    = ".releve"
	staging = ours + "/staging"
	trash   = ours + "/trash"
)

// The names of the layout; see the package comment.
func pointerOf(component string) string      { return path.Join(component, "current") }
func versionsOf(component string) string     { return path.Join(component, "versions") }
func versionDir(component, id string) string { return path.Join(component, "versions", id) }
func treeOf(component, id string) string     { return path.Join(component, "versions", id, "tree") }
func stagingOf(job string) string            { return path.Join(staging, job) }

// Inspect implements backend.Backend. A version whose records are missing or
// damaged is not installed: what cannot be recognised cannot be vouched for.
func (b *Backend) Inspect(_ context.Context, s backend.Subject) (backend.State, error) {
	component := s.Name
	if err := durable.CheckPlain(component); err != nil {
		return backend.State{}, err
	}
	id, err := b.current(component)
	if err != nil {
		return backend.State{}, err
	}
	var state backend.State
	if id != "" {
		info, err := b.readInfo(component, id)
		if err == nil {
			err = b.checkFiles(component, id, info)
		}
		switch {
		case err == nil:
			state.Version, state.Digest = info.Version, info.digest
		case !errors.Is(err, errDamaged) && !errors.Is(err, fs.ErrNotExist):
			return backend.State{}, err
		}
	}
	state.Kept, err = b.kept(component, id)
	return state, err
}

// kept lists the versions other than current that Prepare can return to.
func (b *Backend) kept(component, current string) ([]string, error) {
	ids, err := b.ids(component)
	if err != nil {
		return nil, err
	}
	var versions []string
	for _, id := range ids {
		if id == current || b.exists(stagingOf(id)) { // the latter is only prepared, not kept
			continue
		}
		if info, err := b.readInfo(component, id); err == nil && !slices.Contains(versions, info.Version) {
			versions = append(versions, info.Version)
		}
	}
	slices.Sort(versions)
	return versions, nil
}

// ids lists the directories below versions.
func (b *Backend) ids(component string) ([]string, error) {
	entries, err := b.dir.ReadDir(versionsOf(component))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the versions of %q: %w", component, err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

func (b *Backend) exists(name string) bool {
	_, err := b.dir.Lstat(name)
	return err == nil
}

// Locate implements backend.Locator. It fails where the target directory has
// no path of the operating system.
func (b *Backend) Locate(component string) (string, error) {
	real, ok := b.dir.(interface{ Path(name string) string })
	if !ok {
		return "", fmt.Errorf("path of %q: %w", component, errors.ErrUnsupported)
	}
	tree, err := b.tree(component)
	if err != nil {
		return "", err
	}
	return real.Path(tree), nil
}

// ReadInstalled implements backend.Reader.
func (b *Backend) ReadInstalled(component, name string, limit int64) ([]byte, error) {
	tree, err := b.tree(component)
	if err != nil {
		return nil, err
	}
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("reading %q of %q: %w", name, component, fs.ErrInvalid)
	}
	return durable.ReadFile(b.dir, path.Join(tree, name), limit)
}

// tree is the directory of the version in use.
func (b *Backend) tree(component string) (string, error) {
	if err := durable.CheckPlain(component); err != nil {
		return "", err
	}
	id, err := b.current(component)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("component %q is not installed: %w", component, fs.ErrNotExist)
	}
	return treeOf(component, id), nil
}
