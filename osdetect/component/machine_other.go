//go:build !windows

package component

import (
	"context"
	"errors"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/registry"
)

// System returns this machine.
func System() Machine { return system{files: "/"} }

// system is a machine without Windows Installer and registry. What macOS
// remembers of packages lies in files below files.
type system struct{ files string }

// Product implements Machine.
func (system) Product(context.Context, string) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// Related implements Machine.
func (system) Related(context.Context, string) ([]Product, error) { return nil, errors.ErrUnsupported }

// Value implements Machine.
func (system) Value(context.Context, registry.View, string, string) (string, error) {
	return "", errors.ErrUnsupported
}

// Listed implements Machine.
func (system) Listed(context.Context) ([]Entry, error) { return nil, errors.ErrUnsupported }

// FileVersion implements Machine.
func (system) FileVersion(context.Context, string) (File, error) {
	return File{}, errors.ErrUnsupported
}

// Processes implements Machine.
func (system) Processes(ctx context.Context) ([]process.Process, error) { return process.List(ctx) }

// Receipt implements Machine.
func (s system) Receipt(_ context.Context, id string) (string, error) { return receipt(s.files, id) }

// Property implements Machine.
func (s system) Property(_ context.Context, path, key string) (string, error) {
	return property(s.files, path, key)
}
