// Package msi is the backend for packages of Windows Installer: install,
// upgrade, repair, removal, and the way back.
//
// Packages are kept on a shelf of ours, msi, and beside them what Windows
// Installer wrote:
//
//	msi/.logs/<component>-<verb>.log   what Windows Installer wrote the last time
//
// What it promises beyond the contract: a package is copied here, verified,
// before it is run, and runs only while nobody else can change it; it stays
// here as long as its product is installed, because Windows Installer asks
// for it in a repair or a removal years later; nothing is removed before a
// whole package of every product that may go lies here too; what another
// installation holds up is waited for and then given back as busy; an
// installation that outlives its time is never ended in the middle.
//
// What is installed is what Windows Installer says. A component is a set of
// products: several versions can stand side by side, and which of them an
// upgrade removes is said by the package's own Upgrade table. The version of
// the component is the highest, and the rest is told.
package msi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/installer/durable"
)

// Name is what a release calls this backend.
const Name = "msi"

// Service is Windows Installer and what is asked around it.
type Service interface {
	// Related lists the codes of the installed products of an upgrade code.
	Related(ctx context.Context, upgradeCode string) ([]string, error)

	// Listed lists the codes of the installed products that are listed under
	// a name, in which * stands for any text.
	Listed(ctx context.Context, name string) ([]string, error)

	// Version is the version of an installed product as Windows Installer
	// writes it, "" when it is not installed.
	Version(ctx context.Context, code string) (string, error)

	// Packages lists files that may be the package of an installed product,
	// the most trustworthy first.
	Packages(ctx context.Context, code string) ([]Candidate, error)

	// Values reads a text of the registry, in both views; a value that is
	// missing is no error.
	Values(ctx context.Context, path, name string) ([]string, error)

	// Hold keeps the file from being changed, replaced or removed until the
	// result is closed, and makes sure that it has the digest (SHA-256 in
	// lower-case hex) and is signed by signer, "" for anybody.
	Hold(file, digest, signer string) (io.Closer, error)

	// Run runs msiexec with a line of arguments and returns its exit code.
	// When it has not ended within limit it goes on, and the error wraps
	// ErrTime.
	Run(ctx context.Context, line string, limit time.Duration) (uint32, error)

	// Working reports whether Windows Installer works now, for anybody, or an
	// msiexec still runs that writes its log below logs: an earlier process of
	// ours has started it.
	Working(ctx context.Context, logs string) (bool, error)

	// Holder names whoever holds Windows Installer, "" when that is not known.
	Holder(ctx context.Context) string

	// Wait returns after d, or with the error of ctx.
	Wait(ctx context.Context, d time.Duration) error
}

// ErrTime says that Windows Installer still works after its time.
var ErrTime = errors.New("still running at the end of its time")

// Product is an installed product.
type Product struct {
	Code    string // {GUID} in capitals
	Version string // as Windows Installer writes it
}

// Candidate is a file that may be the package of a product.
type Candidate struct {
	backend.Package
	Guarded bool // only administrators can have written it
}

// Backend changes components by packages of Windows Installer.
type Backend struct {
	shelf   shelf.Shelf
	logs    runlog.Folder
	service Service
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.OldNeeder = (*Backend)(nil)
)

// New returns a backend that keeps packages in d, which should be open to
// administrators only. It touches nothing.
func New(d durable.Dir, s Service) *Backend {
	return &Backend{shelf: shelf.New(d, root), logs: runlog.New(d, root), service: s}
}

const root = "msi"

// Inspect implements backend.Backend.
func (b *Backend) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	if err := durable.CheckPlain(s.Name); err != nil {
		return backend.State{}, err
	}
	held, err := b.held(s.Name)
	if err != nil {
		return backend.State{}, err
	}
	found, err := b.products(ctx, s, held)
	if err != nil {
		return backend.State{}, fmt.Errorf("looking for the products of %q: %w", s.Name, err)
	}
	var state backend.State
	if top, ok := highest(found); ok {
		state.Version, state.Digest = spell(top, s.Evidence, held), top.Code
	}
	state.Kept = b.shelf.Kept(shelf.Items(held), state.Version)
	return state, nil
}

// NeedsOld implements backend.OldNeeder: the way back is the package of the
// installed version.
func (b *Backend) NeedsOld(j backend.Job) bool {
	held, _ := b.held(j.Component) // what cannot be read is not there
	return shelf.NeedsOld(j, shelf.Items(held))
}
