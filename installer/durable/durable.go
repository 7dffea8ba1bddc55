// Package durable is the file system as the engine uses it: rooted, and with
// durability spelled out.
//
// What a Dir promises: no name leads outside it, whatever links lie in it; a
// change is on the disk only after the Sync that names it; after a power cut
// any subset of the changes not yet synced may be there.
package durable

import (
	"io"
	"io/fs"
)

// File is an open file of a Dir.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Seeker
	io.Closer
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// Dir is a directory tree. Names are relative and slash-separated; "." is the
// directory itself. Errors wrap the fs errors (fs.ErrNotExist, fs.ErrExist).
type Dir interface {
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Mkdir(name string, perm fs.FileMode) error
	MkdirAll(name string, perm fs.FileMode) error
	Rename(oldname, newname string) error // replaces a file or a link; never a directory
	Remove(name string) error
	RemoveAll(name string) error
	Symlink(oldname, newname string) error
	Readlink(name string) (string, error)
	Lstat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error) // sorted by name

	// SyncDir makes the entries of directory name durable: creations,
	// renames and removals in it, not the contents of its files.
	SyncDir(name string) error

	// SyncTree makes everything below name durable, contents and entries, in
	// one barrier where the system has one.
	SyncTree(name string) error
}

// An AccessKeeper can let a file be read and written by whoever could read and
// write another one. A Dir need not be one.
type AccessKeeper interface {
	KeepAccess(from, to string) error
}
