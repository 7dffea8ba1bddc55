package installer

import (
	"context"
	"maps"
	"slices"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
)

// Inspect detects the named components and adds what the receipts remember:
// the state a plan starts from. It changes nothing. Components that are absent are in the
// result with an empty version.
func Inspect(ctx context.Context, d Deps, names []string) (map[string]plan.Installed, error) {
	d = d.complete()
	receipts, problems := receipt.Load(d.State)
	for _, err := range problems {
		d.Log.Warn("a receipt was set aside", "error", err)
	}
	out := make(map[string]plan.Installed, len(names))
	for _, name := range names {
		rec, known := receipts[name]
		state, by, err := find(ctx, d, name, rec.Backend)
		if err != nil {
			return nil, err
		}
		in := plan.Installed{Version: state.Version, Backend: by}
		if known && rec.Version == state.Version {
			in.Release, in.Previous, in.Absent = rec.Release, rec.Previous, rec.Absent
		}
		out[name] = in
	}
	return out, nil
}

// find asks the backend that installed a component, or else every backend.
// The name is "" when none of them knows the component.
func find(ctx context.Context, d Deps, component, by string) (backend.State, string, error) {
	names := slices.Sorted(maps.Keys(d.Backends))
	if _, ok := d.Backends[by]; ok {
		names = []string{by}
	}
	for _, name := range names {
		state, err := d.Backends[name].Inspect(ctx, component)
		if err != nil {
			return backend.State{}, "", because(CodeInspect, err, "Component", component)
		}
		if state.Version != "" {
			return state, name, nil
		}
	}
	return backend.State{}, "", nil
}

// Verify compares components with what was installed. A component is in the
// result when its backend can tell; it is whole when its list is empty.
func Verify(ctx context.Context, d Deps, names []string) (map[string][]backend.Damage, error) {
	d = d.complete()
	receipts, _ := receipt.Load(d.State)
	out := make(map[string][]backend.Damage, len(names))
	for _, name := range names {
		_, by, err := find(ctx, d, name, receipts[name].Backend)
		if err != nil {
			return nil, err
		}
		v, ok := d.Backends[by].(backend.Verifier)
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
