package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// Settle implements backend.Backend. A committed change leaves the version in
// use and the one before it; a repair leaves what was kept before.
func (b *Backend) Settle(_ context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	var gone []string
	switch {
	case !committed && u.Staged:
		gone = []string{u.New}
	case committed && j.Action == backend.Repair:
		gone = []string{u.Old}
	case committed:
		gone, err = b.useless(j.Component, u)
	}
	if err != nil {
		return err
	}
	for _, id := range gone {
		if err := b.discard(j.Component, id); err != nil {
			return err
		}
	}
	if err := b.tidyComponent(j.Component); err != nil {
		return err
	}
	if err := b.dropJob(j.ID); err != nil {
		return err
	}
	return b.tidy()
}

// useless lists the versions that a committed change makes superfluous.
func (b *Backend) useless(component string, u undo) ([]string, error) {
	ids, err := b.ids(component)
	if err != nil || u.New == "" {
		return ids, err
	}
	var gone []string
	for _, id := range ids {
		if id != u.New && id != u.Old {
			gone = append(gone, id)
		}
	}
	return gone, nil
}

// discard removes a version, unless it is in use. It leaves versions in one
// durable rename first, so that half a version is never taken for a whole.
func (b *Backend) discard(component, id string) error {
	now, err := b.current(component)
	if err != nil || id == "" || id == now {
		return err
	}
	dir := versionDir(component, id)
	if !b.exists(dir) {
		// It may have gone in a process that was killed before the sync.
		return b.syncIfThere(versionsOf(component))
	}
	if err := b.dir.MkdirAll(trash, 0o755); err != nil {
		return fmt.Errorf("removing %q: %w", dir, err)
	}
	bin := path.Join(trash, component+"~"+id)
	err = b.dir.RemoveAll(bin)
	if err == nil {
		err = b.dir.Rename(dir, bin)
	}
	if err == nil {
		err = b.dir.SyncDir(versionsOf(component))
	}
	if err == nil {
		err = b.dir.RemoveAll(bin)
	}
	if err != nil {
		return fmt.Errorf("removing %q: %w", dir, err)
	}
	return nil
}

// dropJob removes the staging directory of a job, durably: if it came back
// later, Sweep would take the version it names for one never used.
func (b *Backend) dropJob(job string) error {
	if !b.exists(staging) {
		return nil
	}
	if err := b.dir.RemoveAll(stagingOf(job)); err != nil {
		return fmt.Errorf("removing the staging of job %q: %w", job, err)
	}
	return b.dir.SyncDir(staging)
}

// tidyComponent removes the directories of a component that holds nothing
// any more.
func (b *Backend) tidyComponent(component string) error {
	return b.removeEmpty(versionsOf(component), component)
}

// tidy removes what is left of removed versions, and our own directories when
// they are empty.
func (b *Backend) tidy() error {
	if err := b.dir.RemoveAll(trash); err != nil {
		return fmt.Errorf("emptying the trash: %w", err)
	}
	return b.removeEmpty(staging, ours)
}

// removeEmpty removes directories in order as long as they are empty, durably:
// nobody would remove them later.
func (b *Backend) removeEmpty(dirs ...string) error {
	for _, dir := range dirs {
		entries, err := b.dir.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			if err := b.syncIfThere(path.Dir(dir)); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("looking into %q: %w", dir, err)
		}
		if len(entries) > 0 {
			return nil
		}
		err = b.dir.Remove(dir)
		if err == nil {
			err = b.dir.SyncDir(path.Dir(dir))
		}
		if err != nil {
			return fmt.Errorf("removing the empty directory %q: %w", dir, err)
		}
	}
	return nil
}

// syncIfThere makes the entries of a directory durable, if it exists.
func (b *Backend) syncIfThere(dir string) error {
	if !b.exists(dir) {
		return nil
	}
	return b.syncDirs(dir)
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(context.Context) error {
	jobs, err := b.dir.ReadDir(staging)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for abandoned jobs: %w", err)
	}
	for _, e := range jobs {
		if err := b.sweepJob(e.Name()); err != nil {
			return err
		}
	}
	return b.tidy()
}

// sweepJob removes what a job staged. The version has the name of the job.
// Without a readable job.json it never came as far as versions.
func (b *Backend) sweepJob(job string) error {
	data, err := durable.ReadFile(b.dir, path.Join(stagingOf(job), jobName), maxInfo)
	var rec jobRecord
	if err == nil && json.Unmarshal(data, &rec) == nil && durable.CheckPlain(job, rec.Component) == nil {
		if err := b.discard(rec.Component, job); err != nil {
			return err
		}
		if err := b.tidyComponent(rec.Component); err != nil {
			return err
		}
	}
	return b.dropJob(job)
}
