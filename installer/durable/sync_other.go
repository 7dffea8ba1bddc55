//go:build !linux

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// flushTree visits everything below name, files before the directory that
// names them, and ends with one barrier on the top directory.
func (r *Root) flushTree(name string) error {
	if err := r.flushBelow(name); err != nil {
		return err
	}
	return r.SyncDir(name)
}

// flushBelow hands the files and directories below name to the disk.
func (r *Root) flushBelow(name string) error {
	entries, err := r.ReadDir(name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		child := path.Join(name, e.Name())
		switch {
		case e.IsDir():
			err = errors.Join(r.flushBelow(child), r.handOver(child, os.O_RDONLY, handOverDir))
		case e.Type().IsRegular():
			// Windows flushes only what is open for writing.
			err = r.handOver(child, os.O_RDWR, handOverFile)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// handOver opens name and flushes it with flush.
func (r *Root) handOver(name string, flag int, flush func(*os.File) error) error {
	f, err := r.root.OpenFile(filepath.FromSlash(name), flag, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(flush(f), f.Close()); err != nil {
		return &fs.PathError{Op: "sync tree", Path: name, Err: err}
	}
	return nil
}
