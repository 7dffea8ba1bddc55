package msi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
)

// Apply implements backend.Backend.
func (b *Backend) Apply(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	before, err := b.shelf.Phase(j.ID)
	if err != nil {
		return backend.Outcome{}, err
	}
	found, err := b.now(ctx, j, u)
	if err != nil {
		return backend.Outcome{}, err
	}
	done := u.New == nil && len(found) == 0
	if before != nil && before.Done && (done || u.New != nil && b.hasNew(j, u, found)) {
		return backend.Outcome{Reboot: before.Reboot}, nil
	}
	if err := b.shelf.SetPhase(j.ID, shelf.Phase{}); err != nil {
		return backend.Outcome{}, err
	}
	r := &runner{b: b, j: j, phase: &shelf.Phase{}}
	if u.New == nil {
		err = r.removeAll(ctx, found, u)
	} else {
		err = r.change(ctx, u, found)
	}
	if err != nil {
		return r.outcome, err
	}
	return r.outcome, b.shelf.SetPhase(j.ID, shelf.Phase{Done: true, Reboot: r.outcome.Reboot})
}

// Revert implements backend.Backend. Only the new product can have come; every
// product that is missing is installed again, and one that was changed in its
// place is put over. So is one that is there when msiexec was cut off in the
// middle: it may be listed without its files.
func (b *Backend) Revert(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	begun, err := b.shelf.Phase(j.ID)
	if err != nil || begun == nil { // Windows Installer was never started
		return backend.Outcome{}, err
	}
	r := &runner{b: b, j: j, back: true, phase: begun}
	if err := r.free(ctx); err != nil {
		return r.outcome, err
	}
	if err := r.restore(ctx, u); err != nil {
		return r.outcome, err
	}
	return r.outcome, b.shelf.DropPhase(j.ID)
}

// now lists what is installed of the component and of what the job knows.
func (b *Backend) now(ctx context.Context, j backend.Job, u undo) ([]Product, error) {
	held, err := b.held(j.Component)
	if err != nil {
		return nil, err
	}
	found, err := b.products(ctx, j.Subject(), held)
	if err != nil {
		return nil, err
	}
	codes := make([]string, 0, len(found)+len(u.Old))
	for _, p := range found {
		codes = append(codes, p.Code)
	}
	for _, o := range u.Old {
		codes = append(codes, o.Product)
	}
	return b.installed(ctx, codes)
}

// hasNew reports whether the new product is installed.
func (b *Backend) hasNew(j backend.Job, u undo, found []Product) bool {
	k, err := b.readKept(j.Component, u.New.ID)
	return err == nil && slices.ContainsFunc(found, k.fits)
}

// change installs the new package. What Windows Installer would refuse to go
// under goes first: a newer version, and one that it takes for the same though
// it is another product.
func (r *runner) change(ctx context.Context, u undo, found []Product) error {
	k, err := r.b.readKept(r.j.Component, u.New.ID)
	if err != nil {
		return fmt.Errorf("package of %q: %w", r.j.Component, err)
	}
	replaced, err := r.b.replaced(ctx, k.Package)
	if err != nil {
		return err
	}
	over := false
	for _, p := range slices.Backward(found) { // the newest first
		n := order(p.Version, k.Package.ProductVersion)
		mine := p.Code == k.Package.ProductCode
		if n > 0 || n == 0 && !mine && !has(replaced, p.Code) {
			if err := r.bothWhole(k, u.packageOf(p.Code)); err != nil {
				return err
			}
			if err := r.remove(ctx, p, u.packageOf(p.Code)); err != nil {
				return err
			}
			continue
		}
		over = over || mine
	}
	if err := r.install(ctx, k, over); err != nil {
		return err
	}
	return r.report(ctx, u, k)
}

// bothWhole checks once more what is to be installed and the way back from it,
// before a product is removed for it.
func (r *runner) bothWhole(k kept, back *shelf.Ref) error {
	if err := r.b.verified(k, k.Signer()); err != nil || back == nil {
		return err
	}
	old, err := r.b.readKept(r.j.Component, back.ID)
	if err != nil {
		return fmt.Errorf("package of %q for the way back: %w", r.j.Component, err)
	}
	return r.b.verified(old, "")
}

// report tells which other versions stand beside the new one.
func (r *runner) report(ctx context.Context, u undo, k kept) error {
	rest, err := r.b.now(ctx, r.j, u)
	if err != nil {
		return err
	}
	var versions []string
	for _, p := range rest {
		if p.Code != k.Package.ProductCode {
			versions = append(versions, p.Version)
		}
	}
	if len(versions) > 0 {
		r.j.Tell(CodeBeside, map[string]string{
			"Component": r.j.Component, "Version": k.Version, "Others": strings.Join(versions, ", "),
		})
	}
	return nil
}

// removeAll removes every product of the component.
func (r *runner) removeAll(ctx context.Context, found []Product, u undo) error {
	for _, p := range slices.Backward(found) {
		if err := r.remove(ctx, p, u.packageOf(p.Code)); err != nil {
			return err
		}
	}
	return nil
}

// restore brings back every product that was there.
func (r *runner) restore(ctx context.Context, u undo) error {
	found, err := r.b.now(ctx, r.j, u)
	if err != nil {
		return err
	}
	cut := r.phase.Working
	var changed string // code of the product that Apply may have changed in its place
	if u.New != nil {
		k, err := r.b.readKept(r.j.Component, u.New.ID)
		if err != nil {
			return fmt.Errorf("package of %q: %w", r.j.Component, err)
		}
		changed = k.Package.ProductCode
		was := slices.IndexFunc(u.Old, func(o old) bool { return o.Product == changed })
		at := slices.IndexFunc(found, func(p Product) bool { return p.Code == changed })
		if at >= 0 && (was < 0 || order(found[at].Version, u.Old[was].Version) > 0) {
			if err := r.remove(ctx, found[at], u.New); err != nil {
				return err
			}
			found = slices.Delete(found, at, at+1)
		}
		if cut && at < 0 && len(u.Old) == 0 {
			if err := r.clear(ctx, k); err != nil {
				return err
			}
		}
	}
	for _, o := range u.Old {
		there := has(found, o.Product)
		if there && o.Product != changed && !cut {
			continue
		}
		if o.Package == nil {
			if there {
				continue
			}
			return fmt.Errorf("the package of product %s %s: %w", o.Product, o.Version, backend.ErrNotKept)
		}
		k, err := r.b.readKept(r.j.Component, o.Package.ID)
		if err != nil {
			return fmt.Errorf("package of %q %s: %w", r.j.Component, o.Version, err)
		}
		if err := r.install(ctx, k, there); err != nil {
			return err
		}
	}
	return nil
}

// clear removes what is left of a new product that was cut off before it was
// listed, and after which nothing is installed that would have Windows
// Installer clear up: it is installed whole and removed. That is tried once,
// since the package may be what took the machine down.
func (r *runner) clear(ctx context.Context, k kept) error {
	if r.phase.Again {
		return nil
	}
	r.phase.Again = true
	if err := r.b.shelf.SetPhase(r.j.ID, *r.phase); err != nil {
		return err
	}
	if err := r.install(ctx, k, false); err != nil {
		return err
	}
	return r.remove(ctx, Product{Code: k.Package.ProductCode, Version: k.Package.ProductVersion}, nil)
}

// packageOf is a package of a product that was there, nil when nobody has it.
func (u undo) packageOf(product string) *shelf.Ref {
	for _, o := range u.Old {
		if o.Product == product {
			return o.Package
		}
	}
	return nil
}

// Free waits until Windows Installer works for nobody, by the rules of this
// backend: for another one, whose setup programs hand their work to it.
func (b *Backend) Free(ctx context.Context, j backend.Job) error {
	return (&runner{b: b, j: j}).free(ctx)
}

// RemoveProduct removes a product of a component that another backend keeps
// the setup program of. One that is gone already is no error.
func (b *Backend) RemoveProduct(ctx context.Context, j backend.Job, code string) (backend.Outcome, error) {
	r := &runner{b: b, j: j}
	err := r.remove(ctx, Product{Code: code, Version: j.From}, nil)
	return r.outcome, err
}
