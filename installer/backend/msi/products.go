package msi

import (
	"context"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/manifest"
)

// maxProducts is how many products a component is ever taken to be.
const maxProducts = 32

// products lists the installed products that are the component: those that its
// evidence names, and those whose packages we hold.
func (b *Backend) products(ctx context.Context, s backend.Subject, held []kept) ([]Product, error) {
	codes, err := b.codes(ctx, s.Evidence)
	if err != nil {
		return nil, err
	}
	for _, k := range held {
		codes = append(codes, k.Package.ProductCode)
		if k.Package.UpgradeCode == "" {
			continue
		}
		related, err := b.service.Related(ctx, k.Package.UpgradeCode)
		if err != nil {
			return nil, err
		}
		codes = append(codes, related...)
	}
	return b.installed(ctx, codes)
}

// codes lists the product codes that evidence leads to. A value of the
// registry stands beside the codes of its product: Cryptolib CPS writes them
// where it writes its version.
func (b *Backend) codes(ctx context.Context, evidence []manifest.Evidence) ([]string, error) {
	var codes, upgrades []string
	for _, e := range evidence {
		switch e.Kind {
		case manifest.EvidenceProductCode:
			codes = append(codes, e.ID)
		case manifest.EvidenceUpgradeCode:
			upgrades = append(upgrades, e.ID)
		case manifest.EvidenceUninstall:
			found, err := b.service.Listed(ctx, e.Name)
			if err != nil {
				return nil, err
			}
			codes = append(codes, found...)
		case manifest.EvidenceRegistry:
			found, err := b.service.Values(ctx, e.Path, "ProductCode")
			if err != nil {
				return nil, err
			}
			codes = append(codes, found...)
			if found, err = b.service.Values(ctx, e.Path, "UpgradeCode"); err != nil {
				return nil, err
			}
			upgrades = append(upgrades, found...)
		}
	}
	for _, code := range upgrades {
		if !database.IsCode(strings.ToUpper(code)) {
			continue
		}
		related, err := b.service.Related(ctx, strings.ToUpper(code))
		if err != nil {
			return nil, err
		}
		codes = append(codes, related...)
	}
	return codes, nil
}

// installed describes those of the products that are installed, each once,
// the lowest version first.
func (b *Backend) installed(ctx context.Context, codes []string) ([]Product, error) {
	var out []Product
	seen := map[string]bool{}
	for _, code := range codes {
		code = strings.ToUpper(code)
		if seen[code] || !database.IsCode(code) || len(out) == maxProducts {
			continue
		}
		seen[code] = true
		version, err := b.service.Version(ctx, code)
		if err != nil {
			return nil, err
		}
		if version != "" {
			out = append(out, Product{Code: code, Version: version})
		}
	}
	slices.SortStableFunc(out, func(a, b Product) int { return order(a.Version, b.Version) })
	return out, nil
}

// replaced lists the installed products that a package removes when it is
// installed, whether or not they are known to be the component.
func (b *Backend) replaced(ctx context.Context, p database.Package) ([]Product, error) {
	var codes []string
	for _, u := range p.Upgrades {
		if u.OnlyDetect || !database.IsCode(u.Code) {
			continue
		}
		related, err := b.service.Related(ctx, u.Code)
		if err != nil {
			return nil, err
		}
		found, err := b.installed(ctx, related)
		if err != nil {
			return nil, err
		}
		for _, product := range found {
			if p.Removes(u.Code, product.Version) {
				codes = append(codes, product.Code)
			}
		}
	}
	return b.installed(ctx, codes)
}

// order compares as Windows Installer does, and as the manifest does where
// that says nothing.
func order(a, b string) int {
	if n, ok := database.Compare(a, b); ok {
		return n
	}
	va, errA := manifest.ParseVersion(a)
	vb, errB := manifest.ParseVersion(b)
	if errA != nil || errB != nil {
		return strings.Compare(a, b)
	}
	return va.Compare(vb)
}

// highest is the product whose version is that of the component.
func highest(found []Product) (Product, bool) {
	if len(found) == 0 {
		return Product{}, false
	}
	return found[len(found)-1], true
}

// spell gives the version of a product as its publisher writes it, where a
// package of ours or the evidence says so: Windows Installer says 3.45.1 of
// 3.45.01.
func spell(p Product, evidence []manifest.Evidence, held []kept) string {
	for _, k := range held {
		if k.Package.ProductCode == p.Code && k.Package.ProductVersion == p.Version {
			return k.Version
		}
	}
	for _, e := range evidence {
		if e.Kind == manifest.EvidenceProductCode && strings.EqualFold(e.ID, p.Code) && manifest.SameVersion(e.Version, p.Version) {
			return e.Version
		}
	}
	return p.Version
}

func has(found []Product, code string) bool {
	return slices.ContainsFunc(found, func(p Product) bool { return p.Code == code })
}
