// Package receipt remembers what releve installed: one document for each
// component, receipts/<component>.json in the state directory.
//
// What it promises: after a power cut each receipt is the old or the new one,
// never a mixture; a damaged receipt is set aside and reported until there is a
// new one, and neither stops the program nor hides the others.
//
// A receipt is what the engine believed when it wrote it. What is installed
// is what a backend detects.
package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
)

const (
	dir     = "receipts"
	ending  = ".json"
	damaged = ".damaged" // added to the name of a file set aside

	maxSize = 1 << 20 // bytes of one receipt; a real one has a few KiB
)

// Schema is the version of the document. Readers ignore members they do not
// know, so that an older releve can read what a newer one wrote.
const Schema = 1

// Receipt says what releve did to one component last.
type Receipt struct {
	Schema    int                 `json:"schema"`
	Component string              `json:"component"`
	Version   string              `json:"version"` // "" after an uninstall: only Previous is of use
	Backend   string              `json:"backend"`
	Run       string              `json:"run"`
	Time      time.Time           `json:"time"`
	Release   *manifest.Release   `json:"release,omitempty"`  // of Version
	Evidence  []manifest.Evidence `json:"evidence,omitempty"` // how the component was recognised
	Settings  []manifest.Setting  `json:"settings,omitempty"` // what no change may lose
	Programs  []manifest.Program  `json:"programs,omitempty"` // what is stopped around a change
	Digest    string              `json:"digest,omitempty"`   // backend.State.Digest after the change
	Previous  *manifest.Release   `json:"previous,omitempty"` // what a rollback returns to
	Absent    bool                `json:"absent,omitempty"`   // before the change there was no version
}

// check refuses what could not have been written for component.
func (r Receipt) check(component string) error {
	switch {
	case r.Schema < 1:
		return fmt.Errorf("schema %d", r.Schema)
	case r.Component != component:
		return fmt.Errorf("it is of component %q", r.Component)
	case r.Version == "" && r.Previous == nil:
		return errors.New("it names no version")
	}
	return nil
}

// file returns the name of the receipt of component.
func file(component string) (string, error) {
	name := path.Join(dir, component+ending)
	if strings.Contains(component, "/") || durable.CheckName(component) != nil || durable.CheckName(name) != nil {
		return "", fmt.Errorf("receipt of component %q: %w", component, fs.ErrInvalid)
	}
	return name, nil
}

// Load returns the receipts by component. A damaged one is set aside as
// <component>.json.damaged and is a *DamagedError among the errors, now and as
// long as it has no successor; what keeps all of them from being read is an
// error too. The map is never nil.
func Load(d durable.Dir) (map[string]Receipt, []error) {
	all := map[string]Receipt{}
	entries, err := d.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, []error{fmt.Errorf("read the receipts: %w", err)}
	}
	var problems []error
	for _, e := range entries {
		name, old := strings.CutSuffix(e.Name(), damaged)
		component, ours := strings.CutSuffix(name, ending)
		if ours && old && lacks(entries, name) {
			problems = append(problems, &DamagedError{Component: component, File: path.Join(dir, e.Name()), Cause: errAside})
		}
		if !ours || old {
			continue
		}
		r, err := load(d, path.Join(dir, e.Name()), component)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all[component] = r
	}
	return all, problems
}

// errAside is the cause where the receipt was set aside before.
var errAside = errors.New("it was set aside earlier")

// lacks reports whether no entry has a name.
func lacks(entries []fs.DirEntry, name string) bool {
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
}

func load(d durable.Dir, name, component string) (Receipt, error) {
	var r Receipt
	data, err := durable.ReadFile(d, name, maxSize)
	var large *durable.TooLargeError
	if err != nil && !errors.As(err, &large) {
		return r, fmt.Errorf("read receipt %q: %w", name, err)
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err == nil {
		err = r.check(component)
	}
	if err == nil {
		return r, nil
	}
	bad := &DamagedError{Component: component, File: name + damaged, Cause: err}
	if err := setAside(d, name); err != nil {
		bad.File = name
		return r, errors.Join(bad, fmt.Errorf("set receipt %q aside: %w", name, err))
	}
	return r, bad
}

func setAside(d durable.Dir, name string) error {
	if err := d.Rename(name, name+damaged); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// Remove removes the receipt of component, durably. That there is none is no
// error.
func Remove(d durable.Dir, component string) error { return WriteAll(d, nil, []string{component}) }

// WriteAll writes receipts and removes those of the components removed. It
// costs one sync for each written receipt and one for all of them together.
// A power cut before it returns may leave any of them old, so whoever calls
// it must be able to call it again. The first call creates the directory.
func WriteAll(d durable.Dir, receipts []Receipt, removed []string) error {
	if len(receipts) == 0 && len(removed) == 0 {
		return nil
	}
	if _, err := d.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := durable.EnsureDir(d, dir); err != nil {
			return fmt.Errorf("write receipts: %w", err)
		}
	}
	for _, r := range receipts {
		if err := replace(d, r); err != nil {
			return err
		}
		if err := d.Remove(path.Join(dir, r.Component+ending+damaged)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what was the receipt of %q: %w", r.Component, err)
		}
	}
	for _, component := range removed {
		name, err := file(component)
		if err != nil {
			return err
		}
		if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove receipt of %q: %w", component, err)
		}
	}
	if err := d.SyncDir(dir); err != nil {
		return fmt.Errorf("make the receipts durable: %w", err)
	}
	return nil
}

func replace(d durable.Dir, r Receipt) error {
	r.Schema = Schema
	name, err := file(r.Component)
	if err == nil {
		err = r.check(r.Component)
	}
	if err != nil {
		return fmt.Errorf("write receipt of %q: %w", r.Component, err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write receipt of %q: %w", r.Component, err)
	}
	return durable.Replace(d, name, append(data, '\n'), 0o600)
}

// CodeDamaged is the code of a DamagedError.
const CodeDamaged = "receipt-damaged"

// DamagedError says that a receipt could not be understood.
type DamagedError struct {
	Component string
	File      string // where it is kept, relative to the state directory
	Cause     error
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("receipt of %q, kept as %q: %v", e.Component, e.File, e.Cause)
}

// Unwrap returns what is wrong with the receipt.
func (e *DamagedError) Unwrap() error { return e.Cause }

// Code returns CodeDamaged.
func (e *DamagedError) Code() string { return CodeDamaged }

// Args returns the places of the sentence: Component and File.
func (e *DamagedError) Args() map[string]string {
	return map[string]string{"Component": e.Component, "File": e.File}
}
