package bundle

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
)

// undo is the Undo of this backend.
type undo struct {
	New    string `json:"new,omitempty"`    // version in use after Apply; "" for none
	Old    string `json:"old,omitempty"`    // version in use before; "" for none
	Staged bool   `json:"staged,omitempty"` // New was made by this job
}

func (u undo) encode() (backend.Undo, error) {
	data, err := json.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("encoding undo data: %w", err)
	}
	return data, nil
}

func decode(j backend.Job, raw backend.Undo) (undo, error) {
	var u undo
	if err := durable.CheckPlain(j.ID, j.Component); err != nil {
		return undo{}, err
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		return undo{}, fmt.Errorf("undo data of job %q: %w", j.ID, err)
	}
	for _, id := range []string{u.New, u.Old} {
		if id != "" {
			if err := durable.CheckPlain(id); err != nil {
				return undo{}, fmt.Errorf("undo data of job %q: %w", j.ID, err)
			}
		}
	}
	return u, nil
}

// Apply implements backend.Backend.
func (b *Backend) Apply(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	return backend.Outcome{}, b.use(j, u.New)
}

// Revert implements backend.Backend.
func (b *Backend) Revert(_ context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	return backend.Outcome{}, b.use(j, u.Old)
}

// use makes id the version in use, or none.
func (b *Backend) use(j backend.Job, id string) error {
	if id == "" {
		return b.unpoint(j.Component)
	}
	return b.point(j.ID, j.Component, id)
}
