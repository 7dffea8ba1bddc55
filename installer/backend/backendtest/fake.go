package backendtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
)

// Machine is what a Fake works on: what is installed outlives the Fake, as a
// machine outlives the process.
type Machine struct {
	installed map[string]thing
	kept      map[string]thing
	prepared  map[string]bool // jobs with something staged
}

// thing is an installed component: its content is that of its package.
type thing struct {
	Version string `json:"version,omitempty"`
	Content string `json:"content,omitempty"`
}

// NewMachine returns a machine on which nothing is installed.
func NewMachine() *Machine {
	return &Machine{installed: map[string]thing{}, kept: map[string]thing{}, prepared: map[string]bool{}}
}

// Version returns what is installed of a component.
func (m *Machine) Version(component string) string { return m.installed[component].Version }

// Set installs a component behind the back of every backend.
func (m *Machine) Set(component, version string) {
	m.installed[component] = thing{Version: version, Content: version}
}

// Fake is a backend in memory that works like an installer of whole packages:
// Apply removes the old version and then installs the new one.
type Fake struct {
	machine *Machine

	// Hook is called at the beginning of each call, with its name, and in the
	// middle of Apply as "halfway"; its error is the call's.
	Hook func(call string, j backend.Job) error
}

var _ backend.Backend = (*Fake)(nil)

// NewFake returns a backend for m.
func NewFake(m *Machine) *Fake {
	return &Fake{machine: m, Hook: func(string, backend.Job) error { return nil }}
}

type fakeUndo struct {
	Old, New thing
}

// Inspect implements backend.Backend.
func (f *Fake) Inspect(_ context.Context, s backend.Subject) (backend.State, error) {
	component := s.Name
	if err := f.Hook("inspect", backend.Job{Component: component}); err != nil {
		return backend.State{}, err
	}
	state := backend.State{Version: f.machine.installed[component].Version}
	if kept := f.machine.kept[component].Version; kept != "" {
		state.Kept = []string{kept}
	}
	return state, nil
}

// Prepare implements backend.Backend.
func (f *Fake) Prepare(_ context.Context, j backend.Job) (backend.Undo, error) {
	noWayBack := f.Hook("prepare", j)
	if noWayBack != nil && !errors.Is(noWayBack, backend.ErrNoWayBack) {
		return nil, noWayBack
	}
	u := fakeUndo{Old: f.machine.installed[j.Component]}
	kept := f.machine.kept[j.Component]
	switch {
	case j.To == "":
	case j.Action == backend.Rollback && kept.Version == j.To:
		u.New = kept
	case j.New == nil:
		return nil, fmt.Errorf("%q %s: %w", j.Component, j.To, backend.ErrNotKept)
	default:
		content, err := read(j.New)
		if err != nil {
			return nil, err
		}
		j.Progress(int64(len(content)), int64(len(content)))
		u.New = thing{Version: j.To, Content: content}
	}
	f.machine.prepared[j.ID] = true
	raw, err := json.Marshal(u)
	return raw, errors.Join(err, noWayBack)
}

func read(p backend.Package) (content string, err error) {
	file, err := p.Open()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err := io.ReadAll(file)
	return fmt.Sprintf("%x", data), err
}

// Apply implements backend.Backend.
func (f *Fake) Apply(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	if err := f.Hook("apply", j); err != nil {
		return backend.Outcome{}, err
	}
	var u fakeUndo
	if err := json.Unmarshal(raw, &u); err != nil {
		return backend.Outcome{}, err
	}
	delete(f.machine.installed, j.Component)
	if err := f.Hook("halfway", j); err != nil {
		return backend.Outcome{}, err
	}
	f.set(j.Component, u.New)
	return backend.Outcome{}, nil
}

// Revert implements backend.Backend.
func (f *Fake) Revert(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	if err := f.Hook("revert", j); err != nil {
		return backend.Outcome{}, err
	}
	var u fakeUndo
	if err := json.Unmarshal(raw, &u); err != nil {
		return backend.Outcome{}, err
	}
	f.set(j.Component, u.Old)
	return backend.Outcome{}, nil
}

func (f *Fake) set(component string, t thing) {
	if t.Version == "" {
		delete(f.machine.installed, component)
		return
	}
	f.machine.installed[component] = t
}

// Settle implements backend.Backend.
func (f *Fake) Settle(_ context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	if err := f.Hook("settle", j); err != nil {
		return err
	}
	var u fakeUndo
	if err := json.Unmarshal(raw, &u); err != nil {
		return err
	}
	delete(f.machine.prepared, j.ID)
	switch {
	case committed && u.New.Version == "":
		delete(f.machine.kept, j.Component)
	case committed && u.Old.Version != "" && j.Action != backend.Repair:
		f.machine.kept[j.Component] = u.Old
	}
	return nil
}

// Sweep implements backend.Backend.
func (f *Fake) Sweep(context.Context) error {
	if err := f.Hook("sweep", backend.Job{}); err != nil {
		return err
	}
	clear(f.machine.prepared)
	return nil
}

// Bench returns the fake's machine as the suite wants it.
func (m *Machine) Bench() Bench {
	return Bench{
		Open:    func() backend.Backend { return NewFake(m) },
		Package: func(version string) backend.Package { return Archive(version+".tar.gz", Files(version)) },
		Tree: func() map[string]string {
			if t, ok := m.installed[Component]; ok {
				return map[string]string{"content": t.Version + " " + t.Content}
			}
			return map[string]string{}
		},
		Rest:      func() map[string]string { return map[string]string{} },
		Leftovers: func() []string { return slices.Sorted(maps.Keys(m.prepared)) },
	}
}
