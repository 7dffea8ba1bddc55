package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// Apply implements backend.Backend.
func (b *Backend) Apply(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	s, u, err := b.job(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	now, err := b.read(s)
	if err != nil {
		return backend.Outcome{}, err
	}
	switch now.digest() {
	case u.New:
		return backend.Outcome{}, b.sync(s)
	case u.Old:
		r, err := b.record(j, u)
		if err != nil {
			return backend.Outcome{}, err
		}
		return backend.Outcome{}, b.write(s, r.New, b.keepAccess)
	}
	return backend.Outcome{}, &Error{code: CodeChanged, Path: s.File}
}

// Revert implements backend.Backend. What somebody else wrote after the change
// gives way: it was made from a file that is no longer to be.
func (b *Backend) Revert(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	s, u, err := b.job(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	now, err := b.read(s)
	if err != nil {
		return backend.Outcome{}, err
	}
	if now.digest() == u.Old {
		return backend.Outcome{}, b.sync(s)
	}
	r, err := b.record(j, u)
	if err != nil {
		return backend.Outcome{}, err
	}
	return backend.Outcome{}, b.write(s, r.Old, func(s Setting) error {
		_ = b.keepAccess(s) // the bytes come back whoever may read them
		return nil
	})
}

// job reads what Prepare returned.
func (b *Backend) job(j backend.Job, raw backend.Undo) (Setting, undo, error) {
	var u undo
	s, err := b.setting(j.Component)
	if err == nil {
		err = json.Unmarshal(raw, &u)
	}
	if err != nil {
		return s, u, fmt.Errorf("undo of job %q: %w", j.ID, err)
	}
	return s, u, nil
}

// record returns the contents that Prepare saved, if they are still those.
func (b *Backend) record(j backend.Job, u undo) (record, error) {
	var r record
	if err := b.load(jobOf(j.Component, j.ID), &r); err != nil {
		return r, fmt.Errorf("contents saved for job %q: %w", j.ID, err)
	}
	if r.Old.digest() != u.Old || r.New.digest() != u.New {
		return r, fmt.Errorf("contents saved for job %q have other digests than in its journal", j.ID)
	}
	return r, nil
}

// keepAccess lets the file that is to take the place of another be used by
// whoever could use that one: what a user was allowed to write stays so.
func (b *Backend) keepAccess(s Setting) error {
	keeper, ok := b.files.(durable.AccessKeeper)
	if !ok {
		return nil
	}
	err := keeper.KeepAccess(s.File, s.File+apart)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there is no file to take after
	}
	return err
}

// write puts a content in the place of the file, durably, once access has been
// given to what was written apart.
func (b *Backend) write(s Setting, c content, access func(Setting) error) error {
	err := b.dropApart(s)
	switch {
	case err != nil:
	case !c.Exists:
		err = b.files.Remove(s.File)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	default:
		if err = b.files.MkdirAll(path.Dir(s.File), 0o755); err == nil {
			err = durable.Replace(b.files, s.File+apart, c.Data, c.Mode)
		}
		if err == nil {
			err = access(s)
		}
		if err == nil {
			err = b.files.Rename(s.File+apart, s.File)
		}
	}
	if err == nil {
		err = b.syncDir(s)
	}
	if err != nil {
		return fmt.Errorf("writing settings file %q: %w", s.File, err)
	}
	return nil
}

// sync makes a file durable that is as it should be: a process that was killed
// may have written it and not come to the sync.
func (b *Backend) sync(s Setting) error {
	err := b.dropApart(s)
	if err == nil {
		var f durable.File
		f, err = b.files.OpenFile(s.File, os.O_RDWR, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		case err == nil:
			err = errors.Join(f.Sync(), f.Close())
		}
	}
	if err == nil {
		err = b.syncDir(s)
	}
	if err != nil {
		return fmt.Errorf("making settings file %q durable: %w", s.File, err)
	}
	return nil
}

// syncDir makes the entry of the file durable, or its absence.
func (b *Backend) syncDir(s Setting) error {
	err := b.files.SyncDir(path.Dir(s.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no directory holds no file
	}
	return err
}

// dropApart removes what an interrupted write left beside the file.
func (b *Backend) dropApart(s Setting) error {
	for _, name := range []string{s.File + apart, s.File + apart + ".tmp"} {
		if _, err := b.files.Lstat(name); err != nil {
			continue
		}
		if err := b.files.Remove(name); err != nil {
			return fmt.Errorf("removing %q: %w", name, err)
		}
	}
	return nil
}

// Settle implements backend.Backend. After a committed change of version the
// file as it was before is kept, for a rollback.
func (b *Backend) Settle(_ context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	s, _, err := b.job(j, raw)
	if err != nil {
		return err
	}
	var r record
	err = b.load(jobOf(s.Component, j.ID), &r)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it was settled before
		return b.drop(s.Component, j.ID+".json")
	case err == nil && committed && r.Old.Version != r.New.Version:
		err = b.save(keptOf(s.Component), r.Old)
	}
	if err != nil && committed {
		return fmt.Errorf("settling job %q: %w", j.ID, err)
	}
	return b.drop(s.Component, j.ID+".json")
}

// drop removes records of a component, durably.
func (b *Backend) drop(component string, names ...string) error {
	dir := path.Join(ours, component)
	for _, name := range names {
		if err := b.state.Remove(path.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the record %q: %w", name, err)
		}
	}
	err := b.state.SyncDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(context.Context) error {
	for component, s := range b.settings {
		entries, err := b.state.ReadDir(path.Join(ours, component))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var gone []string
		for _, e := range entries {
			if e.Name() != kept {
				gone = append(gone, e.Name())
			}
		}
		if err == nil && len(gone) > 0 {
			err = errors.Join(b.drop(component, gone...), b.dropApart(s))
		}
		if err != nil {
			return fmt.Errorf("sweeping the setting %q: %w", component, err)
		}
	}
	return nil
}
