package component

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/quote"
	"github.com/releve-sante/releve/osdetect/registry"
)

// Find judges the evidence of a component, which is of this platform and the
// most trustworthy first. The error is that of ctx.
//
// The first piece that shows a version tells it. Later ones add what is
// installed beside it, when they tell installs apart: a version in a file may
// be counted otherwise than the component that brought the file.
func Find(ctx context.Context, m Machine, evidence []manifest.Evidence) (Found, error) {
	f := finding{}
	for _, e := range evidence {
		shown, err := look(ctx, m, e)
		if err := ctx.Err(); err != nil {
			return Found{}, err
		}
		for _, in := range shown {
			f.add(e, in)
		}
		switch {
		case errors.Is(err, errors.ErrUnsupported):
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			f.problems = append(f.problems, problem(e, err))
			f.open = f.open || conclusive(e.Kind)
		case conclusive(e.Kind):
			f.conclusive = true
		}
	}
	return f.found(), nil
}

// finding collects what evidence shows.
type finding struct {
	installs   []Install
	by         []manifest.Evidence // of the install in the same place
	problems   []Problem
	conclusive bool // something was read that would have shown the component
	open       bool // something could not be read that might have shown it
}

// conclusive reports whether a component that a kind of evidence does not show
// is not there, as far as that goes. What does not run may well be installed.
func conclusive(kind manifest.EvidenceKind) bool { return kind != manifest.EvidenceProcess }

// add takes in what one piece of evidence shows.
func (f *finding) add(e manifest.Evidence, in Install) {
	in.Evidence = e.Kind
	in.Product = strings.ToUpper(in.Product)
	in.Version = f.version(e, in.Version)
	for i := range f.installs {
		if known := &f.installs[i]; same(*known, in) {
			known.complete(in)
			return
		}
	}
	if !f.adds(e.Kind) {
		return
	}
	f.installs, f.by = append(f.installs, in), append(f.by, e)
}

// version returns the version to go by: what the manifest says a product code
// stands for, what was read, or what the manifest says the evidence proves.
func (f *finding) version(e manifest.Evidence, read string) string {
	read = strings.TrimSpace(read)
	if e.Version != "" && (e.Kind == manifest.EvidenceProductCode || read == "") || read == "" {
		return e.Version
	}
	if _, err := manifest.ParseVersion(read); err != nil {
		f.problems = append(f.problems, Problem{code: CodeVersion, Evidence: e, Found: quote.Text(read), cause: err})
		return e.Version
	}
	return read
}

// adds reports whether a piece of evidence of a kind may add an install to
// those that are known: if it tells installs apart, if those that are known
// were shown by the same kind, or if none of them has a version.
func (f *finding) adds(kind manifest.EvidenceKind) bool {
	switch kind {
	case manifest.EvidenceFileVersion, manifest.EvidencePlist:
		return !slices.ContainsFunc(f.installs, func(in Install) bool {
			return in.Version != "" && in.Evidence != kind
		})
	case manifest.EvidenceProcess:
		return len(f.installs) == 0
	}
	return true
}

// same reports whether two pieces of evidence show the same install: by the
// product code if both have one, else by the version.
func same(a, b Install) bool {
	if a.Product != "" && b.Product != "" {
		return a.Product == b.Product
	}
	return a.Version == "" || b.Version == "" || equalVersions(a.Version, b.Version)
}

// complete fills what is not known of an install from what else shows it.
func (in *Install) complete(more Install) {
	if in.Version == "" {
		in.Version = more.Version
	}
	if in.Product == "" {
		// What a product code is listed with belongs to it.
		in.Product, in.View = more.Product, firstOf(more.View, in.View)
	}
	in.View = firstOf(in.View, more.View)
	in.Place = firstOf(in.Place, more.Place)
	in.Package = firstOf(in.Package, more.Package)
	in.Removal = firstOf(in.Removal, more.Removal)
}

func firstOf[T comparable](a, b T) T {
	var none T
	if a != none {
		return a
	}
	return b
}

// found is the judgement.
func (f *finding) found() Found {
	out := Found{Presence: Unknown, Problems: f.problems}
	switch {
	case len(f.installs) > 0:
		out.Presence, out.By = Present, f.by[0]
	case f.conclusive && !f.open:
		out.Presence = Absent
	}
	order := make([]int, len(f.installs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return compareVersions(f.installs[b].Version, f.installs[a].Version)
	})
	for i, n := range order {
		out.Installs = append(out.Installs, f.installs[n])
		if i == 0 && f.installs[n].Version != "" {
			out.Version, out.By = f.installs[n].Version, f.by[n]
		}
	}
	return out
}

// look asks the machine about one piece of evidence.
func look(ctx context.Context, m Machine, e manifest.Evidence) ([]Install, error) {
	switch e.Kind {
	case manifest.EvidenceProductCode:
		p, err := m.Product(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		p.Code = e.ID
		return products(p), nil
	case manifest.EvidenceUpgradeCode:
		all, err := m.Related(ctx, e.ID)
		return products(all...), err
	case manifest.EvidenceRegistry:
		return lookRegistry(ctx, m, e)
	case manifest.EvidenceUninstall:
		all, err := m.Listed(ctx)
		return listed(all, e.Name), err
	case manifest.EvidenceFileVersion:
		file, err := m.FileVersion(ctx, e.Path)
		return one(file.Version, file.Path, err)
	case manifest.EvidenceProcess:
		all, err := m.Processes(ctx)
		return running(all, e.ID), err
	case manifest.EvidenceReceipt:
		version, err := m.Receipt(ctx, e.ID)
		return one(version, e.ID, err)
	case manifest.EvidencePlist:
		version, err := m.Property(ctx, e.Path, e.Name)
		return one(version, e.Path, err)
	}
	return nil, errors.ErrUnsupported // our own directories are for the backend that made them
}

// lookRegistry reads a value in both views. One view that cannot be read does
// not hide what the other says.
func lookRegistry(ctx context.Context, m Machine, e manifest.Evidence) ([]Install, error) {
	var out []Install
	var failed error
	for _, view := range []registry.View{registry.View64, registry.View32} {
		version, err := m.Value(ctx, view, e.Path, e.Name)
		switch {
		case err == nil:
			out = append(out, Install{Version: version, View: view, Place: `HKLM\` + e.Path})
		case !errors.Is(err, fs.ErrNotExist):
			failed = err
		}
	}
	return out, failed
}

// one is what a piece of evidence shows that can show one install only.
func one(version, place string, err error) ([]Install, error) {
	if err != nil {
		return nil, err
	}
	return []Install{{Version: version, Place: place}}, nil
}

func products(all ...Product) []Install {
	var out []Install
	for _, p := range all {
		out = append(out, Install{Version: p.Version, Product: p.Code, View: p.View, Place: p.Folder, Package: p.Package})
	}
	return out
}

// listed picks the programs whose name fits a pattern.
func listed(all []Entry, pattern string) []Install {
	var out []Install
	for _, e := range all {
		if !matches(pattern, e.Name) {
			continue
		}
		in := Install{Version: e.Version, View: e.View, Place: e.Folder, Removal: e.Removal}
		if e.Installer {
			in.Product = e.Key
		}
		out = append(out, in)
	}
	return out
}

// running shows a component by its program.
func running(all []process.Process, program string) []Install {
	for _, p := range process.Named(all, program) {
		return []Install{{Place: firstOf(p.Path, p.Name)}}
	}
	return nil
}

// matches reports whether name fits pattern, in which * stands for any text,
// without regard to case.
func matches(pattern, name string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	name = strings.ToLower(name)
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}
