package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// tempSuffix marks the file that WriteFile writes before it takes its name.
// One per name, so that what a crash leaves is overwritten by the next write
// and never accumulates. Readers of a directory take files by exact ending.
const tempSuffix = ".tmp"

// WriteFile replaces the content of name with data. After a power cut name
// holds either the old content or the new, never a mixture; once WriteFile
// has returned nil, the new. It costs one sync of the file and one of its
// directory, which must exist.
func WriteFile(d Dir, name string, data []byte, perm fs.FileMode) error {
	if err := Replace(d, name, data, perm); err != nil {
		return err
	}
	if err := d.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("make entry of %q durable: %w", name, err)
	}
	return nil
}

// Replace is WriteFile without the last step: until a SyncDir of the
// directory of name, a power cut may bring back the old content. It lets
// several files of one directory share that sync.
func Replace(d Dir, name string, data []byte, perm fs.FileMode) error {
	temp := name + tempSuffix
	if err := writeNew(d, temp, data, perm); err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	if err := d.Rename(temp, name); err != nil {
		return fmt.Errorf("write %q: %w", name, errors.Join(err, d.Remove(temp)))
	}
	return nil
}

// writeNew creates name, in place of whatever an interrupted write left
// there, with data that is durable when it returns. A failure removes it.
func writeNew(d Dir, name string, data []byte, perm fs.FileMode) error {
	const create = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := d.OpenFile(name, create, perm)
	if errors.Is(err, fs.ErrExist) {
		if err := d.Remove(name); err != nil {
			return err
		}
		f, err = d.OpenFile(name, create, perm)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		// The rename that follows is protected by the journal of the file
		// system, the data behind it is not: it has to be on the disk first.
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.Remove(name))
	}
	return nil
}

// TooLargeError says that a file is larger than its reader allows.
type TooLargeError struct {
	Name  string
	Limit int64 // bytes
}

// Error implements error.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("file %q is larger than %d bytes", e.Name, e.Limit)
}

// ReadFile returns the content of name, at most limit bytes of it: a larger
// file is a *TooLargeError. A missing one wraps fs.ErrNotExist.
func ReadFile(d Dir, name string, limit int64) ([]byte, error) {
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Name: name, Limit: limit}
	}
	return data, nil
}

// SetAside renames whatever lies at name, a directory too, to aside in the same
// directory, in place of what lay there.
func SetAside(d Dir, name, aside string) error {
	if err := d.RemoveAll(aside); err != nil {
		return fmt.Errorf("set %q aside: %w", name, err)
	}
	if err := d.Rename(name, aside); err != nil {
		return fmt.Errorf("set %q aside: %w", name, err)
	}
	if err := d.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("set %q aside: %w", name, err)
	}
	return nil
}

// EnsureDir creates the directory name with its parents (0700) and makes
// every level of it durable. It syncs also the levels that exist: a run that
// was killed may have created them without coming to the sync.
func EnsureDir(d Dir, name string) error {
	if name == "." {
		return nil
	}
	parent := path.Dir(name)
	if err := EnsureDir(d, parent); err != nil {
		return err
	}
	if err := d.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create directory %q: %w", name, err)
	}
	if err := d.SyncDir(parent); err != nil {
		return fmt.Errorf("make entry of %q durable: %w", name, err)
	}
	return nil
}
