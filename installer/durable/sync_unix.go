//go:build unix

package durable

import "os"

// flushDir makes the entries of dir durable by an fsync of the directory
// (F_FULLFSYNC on macOS).
func flushDir(dir *os.File) error {
	if err := dir.Sync(); err != nil && !unsupported(err) {
		return err
	}
	return nil
}

// insist runs try once: a Unix system renames and removes open files.
func insist(try func() error) error { return try() }
