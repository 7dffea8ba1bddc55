//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

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

// unsupported tells that a file system has no such sync (some network shares,
// exFAT). There is nothing to do about it, so it is not an error.
func unsupported(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)
}
