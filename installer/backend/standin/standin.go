// Package standin is the backend for programs that stand in for one of the
// system and are found by their name: the archive is installed as the bundle
// backend does it, and the directory of the version in use is made the last
// one of the PATH of the machine.
//
// What it promises beyond the contract of bundle: nothing is ever put into a
// directory of the system, nor before one in the order; a program of the
// system with the same name is found first; when the component goes, the PATH
// is what it was, byte by byte, and where somebody changed it meanwhile only
// our own directory leaves it. Programs that are told of changes to the
// environment are told; others see it when they start.
package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/bundle"
)

// Environment is the environment that the machine gives to its programs.
type Environment interface {
	// Path returns the PATH as it is written down, with the names of variables
	// in it. The error wraps fs.ErrNotExist where there is none.
	Path() (string, error)
	// SetPath writes the PATH, in the form it had, durably.
	SetPath(path string) error
}

// Dir is a directory of the system whose names have paths.
type Dir interface {
	Path(name string) string
}

// Backend changes stand-ins.
type Backend struct {
	files *bundle.Backend
	dir   Dir
	env   Environment
}

var (
	_ backend.Backend  = (*Backend)(nil)
	_ backend.Verifier = (*Backend)(nil)
	_ backend.Locator  = (*Backend)(nil)
	_ backend.Reader   = (*Backend)(nil)
	_ backend.Base     = (*Backend)(nil)
)

// New returns a backend for the directory that files works in. It touches
// nothing.
func New(files *bundle.Backend, d Dir, env Environment) *Backend {
	return &Backend{files: files, dir: d, env: env}
}

// inner is the component as the bundle backend knows it. It has a name of its
// own so that the bundle backend, which would leave the PATH as it is, never
// takes a stand-in for a component that it can change.
func inner(component string) string { return "path-" + component }

func innerJob(j backend.Job) backend.Job {
	j.Component = inner(j.Component)
	return j
}

// undo is the Undo of this backend.
type undo struct {
	Files json.RawMessage `json:"files"`
	Path  string          `json:"path"` // before the change
}

// Inspect implements backend.Backend. A stand-in that nobody would find is not
// installed.
func (b *Backend) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	state, err := b.files.Inspect(ctx, backend.Subject{Name: inner(s.Name)})
	if err != nil || state.Version == "" {
		return state, err
	}
	dir, err := b.Locate(s.Name)
	if err != nil {
		return backend.State{}, err
	}
	now, err := b.env.Path()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return backend.State{}, fmt.Errorf("reading the PATH of the machine: %w", err)
	}
	if !has(now, dir) {
		state.Version, state.Digest = "", ""
	}
	return state, nil
}

// Prepare implements backend.Backend.
func (b *Backend) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	now, err := b.env.Path()
	if err != nil {
		return nil, &Error{code: CodeNoPath, cause: err}
	}
	// Where the version will lie has the name of the job in it.
	if length := len(now) + len(b.root(j.Component)) + len(j.ID) + room; j.To != "" && length > maxPath {
		return nil, &Error{code: CodePathTooLong, value: fmt.Sprint(length)}
	}
	files, err := b.files.Prepare(ctx, innerJob(j))
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(undo{Files: json.RawMessage(files), Path: now})
	if err != nil {
		return nil, fmt.Errorf("encoding undo data: %w", err)
	}
	return raw, nil
}

const (
	maxPath = 32767 // characters of a variable of the environment
	room    = 32    // for the names of directories below that of the component
)

// Apply implements backend.Backend.
func (b *Backend) Apply(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	out, err := b.files.Apply(ctx, innerJob(j), backend.Undo(u.Files))
	if err != nil {
		return out, err
	}
	now, err := b.env.Path()
	if err != nil {
		return out, &Error{code: CodeNoPath, cause: err}
	}
	return out, b.use(j.Component, now, without(now, b.root(j.Component)))
}

// Revert implements backend.Backend.
func (b *Backend) Revert(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	out, err := b.files.Revert(ctx, innerJob(j), backend.Undo(u.Files))
	if err != nil {
		return out, err
	}
	now, err := b.env.Path()
	if err != nil {
		return out, &Error{code: CodeNoPath, cause: err}
	}
	root := b.root(j.Component)
	if without(now, root) == without(u.Path, root) { // nobody else changed it
		return out, b.write(now, u.Path)
	}
	return out, b.use(j.Component, now, without(now, root))
}

// use makes the PATH rest with the directory of the version in use, if there
// is one.
func (b *Backend) use(component, now, rest string) error {
	dir, err := b.Locate(component)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return b.write(now, rest)
	case err != nil:
		return err
	}
	return b.write(now, with(rest, dir))
}

func (b *Backend) write(now, wanted string) error {
	if now == wanted {
		return nil
	}
	if err := b.env.SetPath(wanted); err != nil {
		return &Error{code: CodePathNotWritten, cause: err}
	}
	return nil
}

// root is the directory that all versions of a component are in.
func (b *Backend) root(component string) string { return b.dir.Path(inner(component)) }

func decode(j backend.Job, raw backend.Undo) (undo, error) {
	var u undo
	if err := json.Unmarshal(raw, &u); err != nil {
		return u, fmt.Errorf("undo data of job %q: %w", j.ID, err)
	}
	return u, nil
}

// Settle implements backend.Backend.
func (b *Backend) Settle(ctx context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	return b.files.Settle(ctx, innerJob(j), backend.Undo(u.Files), committed)
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(ctx context.Context) error { return b.files.Sweep(ctx) }

// Verify implements backend.Verifier.
func (b *Backend) Verify(ctx context.Context, component string) ([]backend.Damage, error) {
	return b.files.Verify(ctx, inner(component))
}

// Locate implements backend.Locator.
func (b *Backend) Locate(component string) (string, error) { return b.files.Locate(inner(component)) }

// ReadInstalled implements backend.Reader.
func (b *Backend) ReadInstalled(component, name string, limit int64) ([]byte, error) {
	return b.files.ReadInstalled(inner(component), name, limit)
}

// Files implements backend.Base.
func (b *Backend) Files(ctx context.Context, component, version string) (fs.FS, error) {
	return b.files.Files(ctx, inner(component), version)
}
