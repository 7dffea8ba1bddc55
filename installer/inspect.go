package installer

import (
	"context"
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
)

// Inspect detects components and adds what the receipts remember: the state a
// plan starts from. It changes nothing. Components that are absent are in the
// result with an empty version. A subject without evidence is recognised as
// it was when it was installed.
func Inspect(ctx context.Context, d Deps, subjects []backend.Subject) (map[string]plan.Installed, error) {
	d = d.complete()
	receipts, problems := receipt.Load(d.State)
	for _, err := range problems {
		d.Log.Warn("a receipt was set aside", "error", err)
	}
	out := make(map[string]plan.Installed, len(subjects))
	for _, s := range subjects {
		rec, known := receipts[s.Name]
		if len(s.Evidence) == 0 {
			s.Evidence = rec.Evidence
		}
		f, err := find(ctx, d, s, rec.Backend)
		if err != nil {
			return nil, err
		}
		in := plan.Installed{
			Version: f.version, Backend: f.by, Others: f.others,
			Evidence: rec.Evidence, Settings: rec.Settings, Programs: rec.Programs,
		}
		if known && rec.Version == f.version {
			in.Release, in.Previous, in.Absent = rec.Release, rec.Previous, rec.Absent
		}
		out[s.Name] = in
	}
	return out, nil
}

// claimed is what was found of a component.
type claimed struct {
	version string
	by      string   // the backend that is asked to change it; "" when none can
	others  []string // backends that could change it too
}

// find asks the backend that installed a component, or else every backend,
// and in the end whoever can find what none of them could change: the name of
// the backend is "" then, as for a component that is not there. Several may
// claim what somebody else installed: a bundle of InstallShield leaves a
// product of Windows Installer.
func find(ctx context.Context, d Deps, s backend.Subject, by string) (claimed, error) {
	names := slices.Sorted(maps.Keys(d.Backends))
	if _, ok := d.Backends[by]; ok {
		names = []string{by}
	}
	var out claimed
	second := false
	for _, name := range names {
		state, err := d.Backends[name].Inspect(ctx, s)
		switch {
		case err != nil:
			return claimed{}, because(CodeInspect, err, "Component", s.Name)
		case state.Version == "":
		case out.by == "":
			out.version, out.by, second = state.Version, name, state.Second
		case second && !state.Second:
			out.others = append(out.others, out.by)
			out.version, out.by, second = state.Version, name, false
		default:
			out.others = append(out.others, name)
		}
	}
	if out.by != "" {
		return out, nil
	}
	version, err := d.Foreign(ctx, s)
	if err != nil {
		return claimed{}, because(CodeInspect, err, "Component", s.Name)
	}
	return claimed{version: version}, nil
}

// Verify compares components with what was installed. A component is in the
// result when its backend can tell; it is whole when its list is empty.
func Verify(ctx context.Context, d Deps, subjects []backend.Subject) (map[string][]backend.Damage, error) {
	d = d.complete()
	receipts, _ := receipt.Load(d.State)
	out := make(map[string][]backend.Damage, len(subjects))
	for _, s := range subjects {
		name := s.Name
		f, err := find(ctx, d, s, receipts[name].Backend)
		if err != nil {
			return nil, err
		}
		v, ok := d.Backends[f.by].(backend.Verifier)
		if !ok {
			continue
		}
		damage, err := v.Verify(ctx, name)
		if err != nil {
			return nil, because(CodeInspect, err, "Component", name)
		}
		out[name] = damage
	}
	return out, nil
}
