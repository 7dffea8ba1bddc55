package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/unpack"
)

// Prepare implements backend.Backend. The version is unpacked apart, made
// durable with one barrier, and only then moved to where versions lie. The
// way back is the version in use, whatever its state: it stays untouched.
func (b *Backend) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	if err := durable.CheckPlain(j.ID, j.Component); err != nil {
		return nil, err
	}
	old, err := b.current(j.Component)
	if err != nil {
		return nil, err
	}
	u := undo{Old: old}
	if j.To != "" {
		u.New, err = b.findKept(j, old)
		if err != nil {
			return nil, err
		}
		if u.New == "" {
			u.New, u.Staged = j.ID, true
		}
	}
	if u.New == old && u.Staged {
		return nil, fmt.Errorf("job %q was applied before", j.ID)
	}
	raw, err := u.encode()
	if err != nil {
		return nil, err
	}
	if err := b.prepare(ctx, j, u); err != nil {
		return nil, errors.Join(err, b.sweepJob(j.ID), b.tidy())
	}
	return raw, nil
}

// findKept returns the id of a whole version on the machine that the job can
// use instead of unpacking, "" for none.
func (b *Backend) findKept(j backend.Job, current string) (string, error) {
	if j.Action != backend.Rollback && j.New != nil {
		return "", nil
	}
	ids, err := b.ids(j.Component)
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		if id == current || b.exists(stagingOf(id)) {
			continue
		}
		in, err := b.readInfo(j.Component, id)
		if err != nil || in.Version != j.To {
			continue
		}
		damage, err := b.compare(j.Component, id)
		if err == nil && len(damage) == 0 {
			return id, nil
		}
	}
	if j.New == nil {
		return "", fmt.Errorf("%q %s: %w", j.Component, j.To, backend.ErrNotKept)
	}
	return "", nil
}

// prepare writes everything of the job that has to be on the disk before the
// switch: the version, and a pointer in either direction.
func (b *Backend) prepare(ctx context.Context, j backend.Job, u undo) error {
	dir := stagingOf(j.ID)
	if err := b.sweepJob(j.ID); err != nil { // of an earlier call
		return err
	}
	version := path.Join(dir, "version")
	if err := b.dir.MkdirAll(path.Join(version, treeName), 0o755); err != nil {
		return fmt.Errorf("making room for %q: %w", j.Component, err)
	}
	if _, err := b.writeRecord(path.Join(dir, jobName), jobRecord{Schema: schema, Component: j.Component}); err != nil {
		return err
	}
	for _, id := range []string{u.New, u.Old} {
		if id == "" {
			continue
		}
		if err := b.makePointer(preparedPointer(j.ID, id), id); err != nil {
			return fmt.Errorf("preparing a pointer to %q: %w", id, err)
		}
	}
	if u.Staged {
		if err := b.unpack(ctx, j, version); err != nil {
			return err
		}
	}
	if err := b.barrier(dir); err != nil {
		return err
	}
	if !u.Staged {
		return nil
	}
	return b.reveal(j, version)
}

// barrier makes a staging directory durable, with the way to it.
func (b *Backend) barrier(dir string) error {
	if err := b.dir.SyncTree(dir); err != nil {
		return fmt.Errorf("making %q durable: %w", dir, err)
	}
	return b.syncDirs(staging, ours, ".")
}

func (b *Backend) syncDirs(dirs ...string) error {
	for _, dir := range dirs {
		if err := b.dir.SyncDir(dir); err != nil {
			return fmt.Errorf("making the entries of %q durable: %w", dir, err)
		}
	}
	return nil
}

// reveal moves a staged version to where versions lie. Nobody looks there
// before the pointer names it.
func (b *Backend) reveal(j backend.Job, version string) error {
	versions := versionsOf(j.Component)
	if err := b.dir.MkdirAll(versions, 0o755); err != nil {
		return fmt.Errorf("making room for %q: %w", j.Component, err)
	}
	if err := b.dir.Rename(version, versionDir(j.Component, j.ID)); err != nil {
		return fmt.Errorf("moving version %q of %q: %w", j.To, j.Component, err)
	}
	return b.syncDirs(versions, j.Component, ".")
}

// unpack writes the tree of the new version with its records.
func (b *Backend) unpack(ctx context.Context, j backend.Job, version string) (err error) {
	f, err := j.New.Open()
	if err != nil {
		return fmt.Errorf("opening the package of %q: %w", j.Component, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var limits unpack.Limits
	if a := j.Release.Artifact; a != nil {
		limits = unpack.Limits{Bytes: a.Unpacked, Entries: a.Entries}
	}
	entries, err := unpack.Archive(ctx, b.dir, path.Join(version, treeName), f, j.New.Name(), limits, func(done int64) {
		j.Progress(done, limits.Bytes)
	})
	if err != nil {
		return fmt.Errorf("unpacking %q: %w", j.New.Name(), err)
	}
	in := info{Schema: schema, ID: j.ID, Component: j.Component, Version: j.To}
	list := fileList{Schema: schema}
	for _, e := range entries {
		if e.Mode.IsDir() {
			continue
		}
		in.Count++
		in.Bytes += e.Size
		list.Files = append(list.Files, fileRecord{Path: e.Path, Size: e.Size, SHA256: e.SHA256, Mode: e.Mode & fs.ModePerm})
	}
	if in.Files, err = b.writeRecord(path.Join(version, filesName), list); err != nil {
		return err
	}
	_, err = b.writeRecord(path.Join(version, infoName), in)
	return err
}
