package shelf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/releve-sante/releve/installer/durable"
)

// jobRecord says whose job a staging directory is.
type jobRecord struct {
	Schema    int    `json:"schema"`
	Component string `json:"component"`
}

// Phase is how far a change came.
type Phase struct {
	Schema  int  `json:"schema"`
	Done    bool `json:"done"`              // Apply has returned
	Reboot  bool `json:"reboot,omitempty"`  // what it returned
	Working bool `json:"working,omitempty"` // an installer was started and has not come back
	Again   bool `json:"again,omitempty"`   // the way back has run the new package once more
}

// Begin says that a job of a component has begun. What it brings from now on
// is kept only by End.
func (s Shelf) Begin(job, component string) error {
	if err := durable.EnsureDir(s.dir, s.stagingOf(job)); err != nil {
		return err
	}
	return s.write(path.Join(s.stagingOf(job), jobName), jobRecord{Schema: schema, Component: component})
}

// Phase returns how far a job came, nil when no installer was started.
func (s Shelf) Phase(job string) (*Phase, error) {
	var p Phase
	err := s.read(path.Join(s.stagingOf(job), phaseName), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("how far job %q came: %w", job, err)
	}
	return &p, nil
}

// SetPhase writes how far a job came that has begun.
func (s Shelf) SetPhase(job string, p Phase) error {
	p.Schema = schema
	return s.write(path.Join(s.stagingOf(job), phaseName), p)
}

// DropPhase forgets that an installer was started: all is as it was.
func (s Shelf) DropPhase(job string) error {
	name := path.Join(s.stagingOf(job), phaseName)
	if err := s.dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ending the way back of job %q: %w", job, err)
	}
	return s.sync(s.stagingOf(job))
}

// End ends a job: what it brought is kept like everything else.
func (s Shelf) End(job, component string) error {
	if err := s.dropStaging(job); err != nil {
		return err
	}
	return s.tidy(component)
}

// Drop removes everything that a job brought, and ends it.
func (s Shelf) Drop(job string) error {
	var rec jobRecord
	err := s.read(path.Join(s.stagingOf(job), jobName), &rec)
	if err == nil && durable.CheckPlain(rec.Component) == nil {
		if err := s.discardOf(job, rec.Component); err != nil {
			return err
		}
	}
	return s.End(job, rec.Component)
}

// discardOf removes the packages that a job brought.
func (s Shelf) discardOf(job, component string) error {
	ids, err := s.list(s.componentDir(component))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if jobOf(id) != job {
			continue
		}
		if err := s.Discard(component, id); err != nil {
			return err
		}
	}
	return s.sync(s.componentDir(component))
}

// Discard removes a package. The record goes first, so that half of it is
// never taken for a whole.
func (s Shelf) Discard(component, id string) error {
	dir := s.itemDir(component, id)
	if err := s.dir.Remove(path.Join(dir, keptName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the package %q: %w", dir, err)
	}
	if err := s.sync(dir); err != nil {
		return err
	}
	if err := s.dir.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the package %q: %w", dir, err)
	}
	return s.sync(s.componentDir(component))
}

// dropStaging removes the staging directory of a job, durably: if it came
// back, what the job brought would be taken for never used.
func (s Shelf) dropStaging(job string) error {
	if err := s.dir.RemoveAll(s.stagingOf(job)); err != nil {
		return fmt.Errorf("removing the staging of job %q: %w", job, err)
	}
	return s.sync(s.staging())
}

// tidy removes directories that hold nothing any more, "" being no component.
func (s Shelf) tidy(component string) error {
	dirs := []string{s.staging(), s.root}
	if component != "" {
		dirs = []string{s.componentDir(component), s.staging(), s.root}
	}
	for _, dir := range dirs {
		entries, err := s.list(dir)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			continue
		}
		if err := s.dir.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the empty directory %q: %w", dir, err)
		}
		if err := s.sync(path.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// Sweep drops every job, and removes packages that have no record: a removal
// that was cut short. No job may be under way.
func (s Shelf) Sweep() error {
	jobs, err := s.list(s.staging())
	if err != nil {
		return err
	}
	for _, job := range jobs {
		if err := s.Drop(job); err != nil {
			return err
		}
	}
	components, err := s.list(s.root)
	if err != nil {
		return err
	}
	for _, component := range components {
		if durable.CheckPlain(component) != nil {
			continue
		}
		if err := s.sweepComponent(component); err != nil {
			return err
		}
	}
	return s.tidy("")
}

func (s Shelf) sweepComponent(component string) error {
	ids, err := s.list(s.componentDir(component))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if s.exists(path.Join(s.itemDir(component, id), keptName)) {
			continue
		}
		if err := s.Discard(component, id); err != nil {
			return err
		}
	}
	return s.tidy(component)
}
