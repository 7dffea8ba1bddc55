package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// What a Damage says about a file.
const (
	missing    = "missing"
	changed    = "changed"
	unexpected = "unexpected"
)

// Verify implements backend.Verifier. A component that is not installed is
// whole.
func (b *Backend) Verify(ctx context.Context, component string) ([]backend.Damage, error) {
	if err := durable.CheckPlain(component); err != nil {
		return nil, err
	}
	id, err := b.current(component)
	if err != nil || id == "" {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.compare(component, id)
}

// compare reports how the files of a version differ from what was installed.
func (b *Backend) compare(component, id string) ([]backend.Damage, error) {
	files, err := b.list(component, id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []backend.Damage{{Path: filesName, What: missing}}, nil
	case errors.Is(err, errDamaged):
		return []backend.Damage{{Path: filesName, What: changed}}, nil
	case err != nil:
		return nil, err
	}
	tree := treeOf(component, id)
	var damage []backend.Damage
	known := make(map[string]bool, len(files))
	for _, f := range files {
		known[f.Path] = true
		what, err := b.compareFile(path.Join(tree, f.Path), f)
		if err != nil {
			return nil, err
		}
		if what != "" {
			damage = append(damage, backend.Damage{Path: f.Path, What: what})
		}
	}
	extra, err := b.extra(tree, "", known)
	if err != nil {
		return nil, err
	}
	damage = append(damage, extra...)
	slices.SortStableFunc(damage, func(a, b backend.Damage) int { return strings.Compare(a.Path, b.Path) })
	return damage, nil
}

// compareFile returns what is wrong with a file, "" for nothing.
func (b *Backend) compareFile(name string, want fileRecord) (string, error) {
	at, err := b.dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return "", fmt.Errorf("looking at %q: %w", name, err)
	}
	if !at.Mode().IsRegular() || at.Size() != want.Size {
		return changed, nil
	}
	if keepsModes && at.Mode()&0o111 != want.Mode&0o111 {
		return changed, nil
	}
	_, digest, err := b.hashFile(name, want.Size)
	if err != nil {
		return "", err
	}
	if digest != want.SHA256 {
		return changed, nil
	}
	return "", nil
}

// extra lists what lies below dir without having been installed.
func (b *Backend) extra(tree, dir string, known map[string]bool) ([]backend.Damage, error) {
	entries, err := b.dir.ReadDir(path.Join(tree, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking into %q: %w", path.Join(tree, dir), err)
	}
	var damage []backend.Damage
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if !e.IsDir() {
			if !known[name] {
				damage = append(damage, backend.Damage{Path: name, What: unexpected})
			}
			continue
		}
		below, err := b.extra(tree, name, known)
		if err != nil {
			return nil, err
		}
		damage = append(damage, below...)
	}
	return damage, nil
}
