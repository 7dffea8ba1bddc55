package msi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
)

// Settle implements backend.Backend. A committed change leaves the packages of
// what is installed and of the version before it; a repair leaves what was
// kept before.
func (b *Backend) Settle(ctx context.Context, j backend.Job, raw backend.Undo, committed bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	if !committed {
		return b.drop(j.ID)
	}
	held, err := b.held(j.Component)
	if err != nil {
		return err
	}
	found, err := b.now(ctx, j, u)
	if err != nil {
		return err
	}
	for _, k := range held {
		if u.keeps(j, k, found) {
			continue
		}
		if err := b.discard(j.Component, k.id); err != nil {
			return err
		}
	}
	if err := b.dropStaging(j.ID); err != nil {
		return err
	}
	return b.tidy(j.Component)
}

// keeps reports whether a package is of use after a committed change: it is
// what the change installed, or the way back from it, or belongs to a product
// that still stands beside it.
func (u undo) keeps(j backend.Job, k kept, found []Product) bool {
	switch {
	case u.New == nil:
		return false
	case k.id == u.New.ID:
		return true
	case j.Action == backend.Repair: // New replaces the one that was kept
		return !same(k.Version, j.To)
	}
	old := slices.ContainsFunc(u.Old, func(o old) bool { return o.Package != nil && o.Package.ID == k.id })
	return old || slices.ContainsFunc(found, k.fits) && !same(k.Version, j.To)
}

// discard removes a package. The record goes first, so that half of it
// is never taken for a whole.
func (b *Backend) discard(component, id string) error {
	dir := keptDir(component, id)
	if err := b.dir.Remove(path.Join(dir, keptName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the package %q: %w", dir, err)
	}
	if err := b.syncDirs(dir); err != nil {
		return err
	}
	if err := b.dir.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the package %q: %w", dir, err)
	}
	return b.syncDirs(componentDir(component))
}

// drop removes everything a job brought.
func (b *Backend) drop(job string) error {
	var rec jobRecord
	err := b.readRecord(path.Join(stagingOf(job), jobName), &rec)
	if err == nil && checkNames(rec.Component) == nil {
		if err := b.dropPackages(job, rec.Component); err != nil {
			return err
		}
	}
	if err := b.dropStaging(job); err != nil {
		return err
	}
	return b.tidy(rec.Component)
}

// dropPackages removes the packages that a job brought.
func (b *Backend) dropPackages(job, component string) error {
	entries, err := b.dir.ReadDir(componentDir(component))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing the packages of %q: %w", component, err)
	}
	for _, e := range entries {
		if jobOf(e.Name()) != job {
			continue
		}
		if err := b.discard(component, e.Name()); err != nil {
			return err
		}
	}
	return b.syncDirs(componentDir(component))
}

// dropStaging removes the staging directory of a job, durably: if it came
// back, what the job brought would be taken for never used.
func (b *Backend) dropStaging(job string) error {
	if err := b.dir.RemoveAll(stagingOf(job)); err != nil {
		return fmt.Errorf("removing the staging of job %q: %w", job, err)
	}
	return b.syncDirs(staging)
}

// tidy removes directories that hold nothing any more, "" being no component.
func (b *Backend) tidy(component string) error {
	dirs := []string{staging, packages}
	if component != "" {
		dirs = []string{componentDir(component), staging, packages}
	}
	for _, dir := range dirs {
		entries, err := b.dir.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			if err := b.syncDirs(path.Dir(dir)); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("looking into %q: %w", dir, err)
		}
		if len(entries) > 0 {
			continue
		}
		if err := b.dir.Remove(dir); err != nil {
			return fmt.Errorf("removing the empty directory %q: %w", dir, err)
		}
		if err := b.syncDirs(path.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// Sweep implements backend.Backend.
func (b *Backend) Sweep(context.Context) error {
	jobs, err := b.dir.ReadDir(staging)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for abandoned jobs: %w", err)
	}
	for _, e := range jobs {
		if err := b.drop(e.Name()); err != nil {
			return err
		}
	}
	components, err := b.dir.ReadDir(packages)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing the components with packages: %w", err)
	}
	for _, e := range components {
		if checkNames(e.Name()) != nil {
			continue
		}
		if err := b.sweepComponent(e.Name()); err != nil {
			return err
		}
	}
	return b.tidy("")
}

// sweepComponent removes directories whose package has no record: a
// removal that was cut short.
func (b *Backend) sweepComponent(component string) error {
	entries, err := b.dir.ReadDir(componentDir(component))
	if err != nil {
		return fmt.Errorf("listing the packages of %q: %w", component, err)
	}
	for _, e := range entries {
		if b.exists(path.Join(keptDir(component, e.Name()), keptName)) {
			continue
		}
		if err := b.discard(component, e.Name()); err != nil {
			return err
		}
	}
	return b.tidy(component)
}
