// Package settings is the backend for changes to the contents of a settings
// file: the component is the way the file is written, its version is what the
// file says now.
//
//	settings/<component>/kept.json       the file before the last committed change
//	settings/<component>/<job>.json      the file before and after a change under way
//
// What it promises beyond the contract: both contents are in the state
// directory, with their digests, before the file is touched; the file is
// replaced in one rename; a file that somebody else wrote meanwhile is not
// overwritten by Apply; a change that was undone leaves the bytes, and the
// permission bits, that were there, and no file where there was none.
//
// The settings guardian of the engine protects files from installers. A step
// of this backend does not list the file among those: it is what it changes.
package settings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// Limit is the largest settings file that is changed, in bytes.
const Limit = 1 << 20

// Setting is one file with what is known of its contents.
type Setting struct {
	Component string // its name in plans and receipts
	File      string // in the directory of files

	// Version names what the file says; "" for nothing that this setting
	// knows. Data is nil when there is no file.
	Version func(data []byte) string

	// Make returns the contents that the job wants, made from those there are:
	// nil for no file. It is not called for a rollback, nor where a removal
	// returns to what a change of ours once found.
	Make func(j backend.Job, old []byte) ([]byte, error)

	// Probe says whether the change brought what it was made for; nil: always.
	Probe func(ctx context.Context, j backend.Job) error
}

// Backend changes settings files.
type Backend struct {
	state    durable.Dir
	files    durable.Dir
	settings map[string]Setting
}

var (
	_ backend.Backend = (*Backend)(nil)
	_ backend.Prober  = (*Backend)(nil)
)

// New returns a backend for some settings, whose files lie in files, and which
// keeps what it needs in state. It touches nothing.
func New(state, files durable.Dir, known ...Setting) *Backend {
	b := &Backend{state: state, files: files, settings: map[string]Setting{}}
	for _, s := range known {
		b.settings[s.Component] = s
	}
	return b
}

const (
	ours   = "settings"
	kept   = "kept.json"
	apart  = ".releve" // of a settings file while it is being replaced
	maxDoc = 4 << 20   // bytes of a record: two files, in base64
)

// content is a file at one moment.
type content struct {
	Version string      `json:"version"`
	Exists  bool        `json:"exists"`
	Data    []byte      `json:"data,omitempty"`
	Mode    fs.FileMode `json:"mode,omitempty"`
}

// digest is that of the bytes; "" for no file.
func (c content) digest() string {
	if !c.Exists {
		return ""
	}
	h := sha256.Sum256(c.Data)
	return hex.EncodeToString(h[:])
}

// record is what a change under way needs.
type record struct {
	Old content `json:"old"`
	New content `json:"new"`
}

// undo tells the contents apart by their digests.
type undo struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func keptOf(component string) string     { return path.Join(ours, component, kept) }
func jobOf(component, job string) string { return path.Join(ours, component, job+".json") }

// setting finds the setting of a job.
func (b *Backend) setting(component string) (Setting, error) {
	s, ok := b.settings[component]
	if !ok {
		return Setting{}, fmt.Errorf("setting %q: %w", component, errors.ErrUnsupported)
	}
	return s, nil
}

// read returns the file as it is.
func (b *Backend) read(s Setting) (content, error) {
	info, err := b.files.Lstat(s.File)
	if errors.Is(err, fs.ErrNotExist) {
		return content{Version: s.Version(nil)}, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("not a regular file: %w", fs.ErrInvalid)
	}
	if err != nil {
		return content{}, fmt.Errorf("looking at settings file %q: %w", s.File, err)
	}
	data, err := durable.ReadFile(b.files, s.File, Limit)
	if err != nil {
		return content{}, fmt.Errorf("reading settings file %q: %w", s.File, err)
	}
	return content{Version: s.Version(data), Exists: true, Data: data, Mode: info.Mode().Perm()}, nil
}

// Inspect implements backend.Backend.
func (b *Backend) Inspect(_ context.Context, subject backend.Subject) (backend.State, error) {
	s, ok := b.settings[subject.Name]
	if !ok {
		return backend.State{}, nil
	}
	now, err := b.read(s)
	if err != nil {
		return backend.State{}, err
	}
	state := backend.State{Version: now.Version, Digest: now.digest()}
	if before, ok := b.kept(s.Component); ok && before.Version != "" && before.Version != now.Version {
		state.Kept = []string{before.Version}
	}
	return state, nil
}

// kept returns the contents before the last change. A record that cannot be
// read is none: what it holds is not known to be what was there.
func (b *Backend) kept(component string) (content, bool) {
	var c content
	err := b.load(keptOf(component), &c)
	return c, err == nil
}

func (b *Backend) load(name string, into any) error {
	data, err := durable.ReadFile(b.state, name, maxDoc)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	return nil
}

func (b *Backend) save(name string, v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		err = durable.EnsureDir(b.state, path.Dir(name))
	}
	if err == nil {
		err = durable.WriteFile(b.state, name, data, 0o600)
	}
	return err
}

// Prepare implements backend.Backend.
func (b *Backend) Prepare(_ context.Context, j backend.Job) (backend.Undo, error) {
	s, err := b.setting(j.Component)
	if err != nil {
		return nil, err
	}
	old, err := b.read(s)
	if err != nil {
		return nil, err
	}
	wanted, err := b.wanted(s, j, old)
	if err != nil {
		return nil, err
	}
	if len(wanted.Data) > Limit {
		return nil, fmt.Errorf("settings file %q would have %d bytes, at most %d are written", s.File, len(wanted.Data), Limit)
	}
	if err := b.save(jobOf(s.Component, j.ID), record{Old: old, New: wanted}); err != nil {
		return nil, fmt.Errorf("saving settings file %q: %w", s.File, err)
	}
	return json.Marshal(undo{Old: old.digest(), New: wanted.digest()})
}

// wanted is what the file is to be after a job.
func (b *Backend) wanted(s Setting, j backend.Job, old content) (content, error) {
	before, known := b.kept(s.Component)
	back := j.Action == backend.Uninstall && known && !before.Exists
	switch {
	case j.Action == backend.Rollback && (!known || before.Version != j.To):
		return content{}, fmt.Errorf("settings file %q as %q: %w", s.File, j.To, backend.ErrNotKept)
	case j.Action == backend.Rollback, back:
		return before, nil
	}
	data, err := s.Make(j, old.Data)
	if err != nil {
		return content{}, fmt.Errorf("making settings file %q for %q: %w", s.File, j.To, err)
	}
	c := content{Version: j.To, Exists: data != nil, Data: data, Mode: 0o644}
	if old.Exists {
		c.Mode = old.Mode
	}
	return c, nil
}

// Probe implements backend.Prober.
func (b *Backend) Probe(ctx context.Context, j backend.Job, _ backend.Undo) error {
	s, err := b.setting(j.Component)
	if err != nil || s.Probe == nil {
		return err
	}
	return s.Probe(ctx, j)
}
