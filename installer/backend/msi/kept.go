package msi

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/installer/backend/shelf"
)

// kept is a package in our folder.
type kept struct {
	shelf.Item
	Package database.Package `json:"package"`
}

// properties are the public properties that its release sets.
func (k kept) properties() map[string]string {
	if k.Setup == nil {
		return nil
	}
	return k.Setup.Properties
}

// held lists the packages of a component.
func (b *Backend) held(component string) ([]kept, error) {
	return shelf.Held(b.shelf, component, b.readKept)
}

// readKept reads the record of a package.
func (b *Backend) readKept(component, id string) (kept, error) {
	var k kept
	err := b.shelf.Read(component, id, &k)
	if err == nil && !database.IsCode(k.Package.ProductCode) {
		err = fmt.Errorf("record of the package %q of %q is damaged", id, component)
	}
	return k, err
}

// file is the path of a package.
func (b *Backend) file(k kept) string { return b.shelf.Path(b.shelf.Name(k.Item)) }

// bring copies a package into our folder and reads it there. It counts once
// it is kept.
func (b *Backend) bring(ctx context.Context, j backend.Job, id string, p backend.Package) (kept, error) {
	i, err := b.shelf.Bring(ctx, j, id, p, "package.msi")
	if err != nil {
		return kept{}, err
	}
	f, err := b.shelf.Package(i)
	if err != nil {
		return kept{}, err
	}
	k := kept{Item: i}
	k.Package, err = readPackage(f)
	if err != nil {
		return kept{}, &Error{Reason: CodeUnreadable, Component: j.Component, File: p.Name(), Cause: errors.Join(err, f.Close())}
	}
	return k, f.Close()
}

// readPackage reads an open package.
func readPackage(f backend.PackageFile) (database.Package, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return database.Package{}, err
	}
	return database.Read(f, size)
}
