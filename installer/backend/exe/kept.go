package exe

import (
	"context"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/manifest"
)

// kept is a setup program in our folder.
type kept struct{ shelf.Item }

// held lists the setup programs of a component.
func (b *Backend) held(component string) ([]kept, error) {
	return shelf.Held(b.shelf, component, b.readKept)
}

// readKept reads the record of a setup program.
func (b *Backend) readKept(component, id string) (kept, error) {
	var k kept
	err := b.shelf.Read(component, id, &k)
	return k, err
}

// file is the path of a setup program.
func (b *Backend) file(k kept) string { return b.shelf.Path(b.shelf.Name(k.Item)) }

// check makes sure that a setup program is what was kept, and its publisher's.
func (b *Backend) check(k kept) error { return b.system.Check(b.file(k), k.SHA256, k.Signer()) }

// bring copies a setup program into our folder as id, checks it there and
// keeps it.
func (b *Backend) bring(ctx context.Context, j backend.Job, id string, rel manifest.Release, p backend.Package) (kept, error) {
	i, err := b.shelf.Bring(ctx, j, id, p, "setup.exe")
	if err != nil {
		return kept{}, err
	}
	i.Version, i.Setup = rel.Version, rel.Setup
	k := kept{i}
	if err := b.check(k); err != nil {
		return kept{}, err
	}
	return k, b.shelf.Keep(&k)
}
