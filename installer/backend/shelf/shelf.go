// Package shelf keeps the packages of a backend in a folder of ours, from
// where an installer may ask for them again years later, and remembers how far
// a job came.
//
//	<root>/<component>/<id>/<package>
//	<root>/<component>/<id>/kept.json   what it is; without it the package does not count
//	<root>/.staging/<job>/job.json      a job has begun; what <job> and <job>-old... hold is not kept yet
//	<root>/.staging/<job>/phase.json    its installer was started, or has done its work
//
// What it promises, whenever the power goes: half of a package is never taken
// for a whole; what a job brought goes with it until End; Sweep removes
// everything that neither a record nor a job accounts for.
package shelf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
)

const (
	schema    = 1
	keptName  = "kept.json"
	jobName   = "job.json"
	phaseName = "phase.json"
	maxRecord = 256 << 10 // bytes
	oldSuffix = "-old"    // in the id of a package that a job brought for its way back
)

// Shelf is the packages of one backend.
type Shelf struct {
	dir  durable.Dir
	root string
}

// New returns the shelf in folder root of d, which should be open to
// administrators only. It touches nothing.
func New(d durable.Dir, root string) Shelf { return Shelf{dir: d, root: root} }

func (s Shelf) staging() string                     { return path.Join(s.root, ".staging") }
func (s Shelf) stagingOf(job string) string         { return path.Join(s.staging(), job) }
func (s Shelf) componentDir(name string) string     { return path.Join(s.root, name) }
func (s Shelf) itemDir(component, id string) string { return path.Join(s.root, component, id) }

// Path returns the path of the operating system of a name in the folder that
// New was given.
func (s Shelf) Path(name string) string {
	if real, ok := s.dir.(interface{ Path(name string) string }); ok {
		return real.Path(name)
	}
	return name
}

// OldID is the id of the package number n that a job brings for its way back.
// The job's own id is that of its new package.
func OldID(job string, n int) string { return fmt.Sprintf("%s%s%d", job, oldSuffix, n) }

// jobOf is the job that brought the package id.
func jobOf(id string) string {
	if at := strings.LastIndex(id, oldSuffix); at >= 0 {
		return id[:at]
	}
	return id
}

// Open reports whether the job that brought the package id is not over.
func (s Shelf) Open(id string) bool { return s.exists(s.stagingOf(jobOf(id))) }

func (s Shelf) exists(name string) bool {
	_, err := s.dir.Lstat(name)
	return err == nil
}

// read reads a record.
func (s Shelf) read(name string, into any) error {
	data, err := durable.ReadFile(s.dir, name, maxRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	return nil
}

// write writes a record, durably.
func (s Shelf) write(name string, record any) error {
	data, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return durable.WriteFile(s.dir, name, data, 0o600)
}

// sync makes the entries of a directory durable, if it is there.
func (s Shelf) sync(dir string) error {
	if err := s.dir.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making the entries of %q durable: %w", dir, err)
	}
	return nil
}

// list lists what is in a directory, nothing when it is not there.
func (s Shelf) list(dir string) ([]string, error) {
	entries, err := s.dir.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking into %q: %w", dir, err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
