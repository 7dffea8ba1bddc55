package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
)

// Pointer is how a component names its version in use. Both kinds are read
// everywhere, so that a target directory can move between systems.
type Pointer string

// A Link can be followed by any program; a File holds the same path as text,
// where making links needs a privilege.
const (
	Link Pointer = "link"
	File Pointer = "file"
)

const maxPointer = 4 << 10 // bytes

// current returns the id of the version in use, "" when there is none. It
// fails on a pointer that this package did not write.
func (b *Backend) current(component string) (string, error) {
	text, err := b.readPointer(pointerOf(component))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("pointer of %q: %w", component, err)
	}
	id, ok := strings.CutPrefix(text, "versions/")
	id, isTree := strings.CutSuffix(id, "/tree")
	if !ok || !isTree || durable.CheckPlain(id) != nil {
		return "", fmt.Errorf("pointer of %q names %q: %w", component, text, errForeign)
	}
	return id, nil
}

var errForeign = errors.New("not made by this program")

// readPointer returns what a pointer of either kind holds.
func (b *Backend) readPointer(name string) (string, error) {
	info, err := b.dir.Lstat(name)
	if err != nil {
		return "", err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return b.dir.Readlink(name)
	case info.Mode().IsRegular():
		text, err := durable.ReadFile(b.dir, name, maxPointer)
		return strings.TrimSuffix(string(text), "\n"), err
	default:
		return "", errForeign
	}
}

// makePointer writes a pointer to version id under name. Its content is
// durable; its entry is not.
func (b *Backend) makePointer(name, id string) (err error) {
	target := path.Join("versions", id, "tree")
	if err := b.dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b.pointer == Link {
		return b.dir.Symlink(target, name)
	}
	f, err := b.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write([]byte(target + "\n")); err != nil {
		return err
	}
	return f.Sync()
}

// point makes id the version in use, durably. The pointer was prepared
// beforehand, so that this works on a full disk; only when an earlier call
// took it is it made again.
func (b *Backend) point(job, component, id string) error {
	now, err := b.current(component)
	if err != nil {
		return err
	}
	if now != id {
		prepared := preparedPointer(job, id)
		if text, err := b.readPointer(prepared); err != nil || text != path.Join("versions", id, "tree") {
			if err := b.dir.MkdirAll(stagingOf(job), 0o755); err != nil {
				return err
			}
			if err := b.makePointer(prepared, id); err != nil {
				return fmt.Errorf("making a pointer to %q: %w", id, err)
			}
		}
		if err := b.dir.Rename(prepared, pointerOf(component)); err != nil {
			return fmt.Errorf("switching %q to %q: %w", component, id, err)
		}
	}
	return b.dir.SyncDir(component)
}

// unpoint leaves no version in use, durably.
func (b *Backend) unpoint(component string) error {
	if !b.exists(component) {
		return nil
	}
	id, err := b.current(component)
	if err != nil {
		return err
	}
	if id != "" {
		if err := b.dir.Remove(pointerOf(component)); err != nil {
			return fmt.Errorf("removing the pointer of %q: %w", component, err)
		}
	}
	return b.dir.SyncDir(component)
}

func preparedPointer(job, id string) string { return path.Join(stagingOf(job), "to-"+id) }
