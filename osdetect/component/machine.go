package component

import (
	"context"
	"sync"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/registry"
)

// Machine is what evidence is looked up on. What is not there is an error
// that wraps fs.ErrNotExist, or an empty list; what this system has no notion
// of is errors.ErrUnsupported; any other error leaves the question open.
type Machine interface {
	// Product asks Windows Installer about a product code.
	Product(ctx context.Context, code string) (Product, error)
	// Related lists the products of an upgrade code.
	Related(ctx context.Context, upgradeCode string) ([]Product, error)
	// Value reads a text or a number below HKEY_LOCAL_MACHINE as text.
	Value(ctx context.Context, view registry.View, key, name string) (string, error)
	// Listed reads the list of installed programs. With an error it returns
	// what it could read.
	Listed(ctx context.Context) ([]Entry, error)
	// FileVersion reads the version in a file: "" for one without.
	FileVersion(ctx context.Context, path string) (File, error)
	// Processes lists what runs.
	Processes(ctx context.Context) ([]process.Process, error)
	// Receipt reads which version of a package macOS remembers.
	Receipt(ctx context.Context, id string) (string, error)
	// Property reads a text of a property list: "" for one without.
	Property(ctx context.Context, path, key string) (string, error)
}

// Product is a product of Windows Installer. What it does not say is "".
type Product struct {
	Code    string // "{…}"
	Version string
	Folder  string
	Package string        // the copy of its package in the folder of Windows Installer
	View    registry.View // where it is listed, 0 for nowhere
}

// Entry is a program in the list of those that can be removed.
type Entry struct {
	View      registry.View
	Key       string // a product code, or what its installer chose
	Name      string // as people see it
	Version   string
	Installer bool   // Windows Installer installed it, and Key is its product code
	Folder    string // where it is, if it says so
	Removal   string // command line that removes it silently, if it says so
}

// File is a file that exists.
type File struct {
	Path    string // with the folders of this machine
	Version string
}

// Snapshot returns a machine on which the lists that take long are read once,
// when they are first asked for. It serves one look at all components, and no
// longer: a change is seen by a snapshot taken after it.
func Snapshot(m Machine) Machine { return &snapshot{Machine: m} }

type snapshot struct {
	Machine
	lists struct{ entries, processes sync.Once }

	entries      []Entry
	entriesErr   error
	processes    []process.Process
	processesErr error
}

// Listed implements Machine.
func (s *snapshot) Listed(ctx context.Context) ([]Entry, error) {
	s.lists.entries.Do(func() { s.entries, s.entriesErr = s.Machine.Listed(ctx) })
	return s.entries, s.entriesErr
}

// Processes implements Machine.
func (s *snapshot) Processes(ctx context.Context) ([]process.Process, error) {
	s.lists.processes.Do(func() { s.processes, s.processesErr = s.Machine.Processes(ctx) })
	return s.processes, s.processesErr
}
