// Package runlog keeps what installers write while they run, and finds in it
// what tells why one failed.
//
// What it promises: one log for each component and kind of run, that of the
// last; what an earlier run wrote is never taken for what this one did; a log
// is read within limits, in whatever code it is, and never fails to be read as
// text.
package runlog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/osdetect/program"
)

// Folder is the folder of logs of one backend.
type Folder struct {
	dir  durable.Dir
	name string
}

// New returns the folder .logs below root, a folder of d. It touches nothing.
func New(d durable.Dir, root string) Folder { return Folder{d, path.Join(root, ".logs")} }

// Name is the name of the folder in the one that New was given.
func (f Folder) Name() string { return f.name }

// Begin returns the name of the log of a run, "<component>-<verb>.log", whose
// folder is there and which itself is not. One that another program still
// writes is left to it.
func (f Folder) Begin(component, verb string) (string, error) {
	if err := durable.EnsureDir(f.dir, f.name); err != nil {
		return "", fmt.Errorf("making the folder of logs: %w", err)
	}
	name := path.Join(f.name, component+"-"+verb+".log")
	_ = f.dir.Remove(name) // none, or one in use: both are for the installer to say
	return name, nil
}

// maxLog is how much of a log is read, in bytes: its end.
const maxLog = 8 << 20

// Read reads the end of a log. That there is none is no error: nothing was
// begun.
func (f Folder) Read(name string) (text string, err error) {
	file, err := f.dir.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	at := max(0, size-maxLog) &^ 1 // whole characters of UTF-16
	data := make([]byte, size-at)
	if _, err := io.ReadFull(io.NewSectionReader(file, at, size-at), data); err != nil {
		return "", err
	}
	return program.Text(data, program.ANSI), nil
}
