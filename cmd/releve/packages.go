package main

import (
	"context"
	"io/fs"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
)

// packages lends the store to the engine, which knows packages only by the
// contract of its backends.
type packages struct{ store *store.Store }

// Fetch brings an artifact to the disk, verified. A download that ended because
// somebody pressed Ctrl-C is told as that, not as a fault of the network.
func (p packages) Fetch(ctx context.Context, a manifest.Artifact, watch backend.Watch) error {
	return stopped(ctx, p.store.Fetch(ctx, a, store.Watch(watch)))
}

// Rebuild makes an artifact from a delta and the files of base, verified.
func (p packages) Rebuild(ctx context.Context, a manifest.Artifact, d manifest.Delta, base fs.FS, watch backend.Watch) error {
	return stopped(ctx, p.store.Rebuild(ctx, a, d, base, store.Watch(watch)))
}

// stopped tells an error that came with the end of ctx.
func stopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &cliError{code: installer.CodeStopped, cause: err}
	}
	return err
}

// Has reports whether an artifact is held.
func (p packages) Has(a manifest.Artifact) bool { return p.store.Has(a) }

// Package returns an artifact that is held.
func (p packages) Package(a manifest.Artifact) (backend.Package, error) {
	held, err := p.store.Package(a)
	if err != nil {
		return nil, err
	}
	return lent{held}, nil
}

// lent is a package of the store.
type lent struct{ *store.Package }

// Open hashes the bytes again and returns them.
func (l lent) Open() (backend.PackageFile, error) { return l.Package.Open() }
