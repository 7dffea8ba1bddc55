//go:build unix

package publish

import (
	"errors"
	"fmt"
)

// syncDir makes the entries of a directory durable.
func (f files) syncDir(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return fmt.Errorf("syncing directory %q: %w", name, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("syncing directory %q: %w", name, err)
	}
	return nil
}
