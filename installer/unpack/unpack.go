// Package unpack writes the content of an archive into a directory.
//
// What it promises, whatever the archive holds: nothing is written outside
// the directory; only regular files and directories come to be, with names
// that mean the same on every system; it stops at the first byte or entry
// beyond the limits; memory stays bounded whatever the sizes are; and each
// file is hashed as it is written, so that the caller knows what is there.
//
// What it leaves to its caller: nothing is durable before a SyncTree, and
// after an error what was written so far is still there, to be removed with
// the directory.
package unpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
)

// Limits bound what an archive may become. They come from signed metadata.
type Limits struct {
	Bytes   int64 // of all files together; 0 stands for DefaultBytes
	Entries int64 // files and directories, those only implied by a path too; 0 stands for DefaultEntries
}

// Bounds for archives whose metadata names none. No component of a
// workstation comes near them.
const (
	DefaultBytes   = 8 << 30
	DefaultEntries = 100_000
)

// Entry is one file or directory that was written.
type Entry struct {
	Path   string      // slash-separated, relative to the directory
	Size   int64       // bytes; 0 for a directory
	SHA256 string      // 64 lower-case hexadecimal digits; "" for a directory
	Mode   fs.FileMode // 0644 or 0755, with fs.ModeDir for a directory
}

// Source is an archive. It is read from its beginning.
type Source interface {
	io.ReadSeeker
	io.ReaderAt
}

// Archive unpacks src, whose format the ending of name tells (.tar, .tar.gz,
// .tgz, .tar.zst or .zip), into the directory into of dst, which it creates (with
// 0755, as its directories) and which should be empty: an existing file is an
// error. It returns the entries sorted by path. progress is told the bytes
// written so far, about every 256 KiB; it is called by the goroutine of the
// caller.
//
// What is wrong with the archive is an *Error. Anything else is a failure of
// dst or the end of ctx.
func Archive(ctx context.Context, dst durable.Dir, into string, src Source, name string, limits Limits, progress func(done int64)) ([]Entry, error) {
	format := formatOf(name)
	if format == nil {
		return nil, &Error{Reason: CodeUnknownFormat, Archive: name}
	}
	if limits.Bytes <= 0 {
		limits.Bytes = DefaultBytes
	}
	if limits.Entries <= 0 {
		limits.Entries = DefaultEntries
	}
	if err := dst.MkdirAll(into, 0o755); err != nil {
		return nil, fmt.Errorf("unpack into %q: %w", into, err)
	}
	size, err := src.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = src.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("read archive %q: %w", name, err)
	}
	t := &tree{
		ctx: ctx, dst: dst, into: into, archive: name, limits: limits, progress: progress,
		seen: map[string]*Entry{}, buffer: make([]byte, bufferSize),
	}
	if err := format(t, src, size); err != nil {
		return nil, err
	}
	if len(t.seen) == 0 {
		return nil, t.damaged("", errors.New("it holds nothing"))
	}
	return t.sorted(), nil
}

// A format writes the entries of an archive of size bytes to t.
type format func(t *tree, src Source, size int64) error

func formatOf(name string) format {
	for ending, f := range map[string]format{
		".tar": tarPlain, ".tar.gz": tarGzip, ".tgz": tarGzip, ".tar.zst": tarZstd, ".zip": zipped,
	} {
		if strings.HasSuffix(name, ending) {
			return f
		}
	}
	return nil
}
