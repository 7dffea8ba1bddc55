package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/releve-sante/releve/manifest/delta"
)

// baseFile is an open file of the base.
type baseFile interface {
	fs.File
	io.ReaderAt
}

// openBase opens a regular file of the base, and returns its size too.
func openBase(base fs.FS, path string) (baseFile, int64, error) {
	f, err := base.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%w: %w", delta.ErrBase, err)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("opening %q: %w", path, err)
	}
	info, err := f.Stat()
	at, ok := f.(baseFile)
	switch {
	case err != nil:
		err = fmt.Errorf("looking at %q: %w", path, err)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%w: %q is not a file", delta.ErrBase, path)
	case !ok:
		err = fmt.Errorf("reading %q at random: %w", path, errors.ErrUnsupported)
	default:
		return at, info.Size(), nil
	}
	return nil, 0, errors.Join(err, f.Close())
}

// source marks an error of what carries the delta, unless that merely ends.
func source(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return &readError{err}
}

// marked tells a failure to read the delta from what a codec says of it.
type marked struct{ r io.Reader }

func (m marked) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	return n, source(err)
}

// readError is a failure to read the delta.
type readError struct{ err error }

func (e *readError) Error() string { return "reading the delta: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }
