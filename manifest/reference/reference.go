// Package reference holds the reference catalogue: what is publicly known of
// the real components of a French health workstation, as the same documents a
// publisher would sign.
//
// What it promises:
//   - it is in the program, so that a machine can be diagnosed and a release
//     explained without a repository and without a network
//   - every release, rule, alert and piece of evidence names its source, in
//     the words one would cite it by
//   - what is a conclusion of ours and stated by nobody is marked "inferred",
//     so that it warns and does not refuse
//   - it names no artifact: nobody but a publisher may hand out its files
//
// What it does not promise: that it is complete or current. It knows what was
// published up to November 2026, and where nothing was published its rules
// answer unknown.
package reference

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/releve-sante/releve/manifest"
)

// Channel is the name of the one channel of the catalogue. It offers the
// releases somebody may still want; the components list older ones too.
const Channel = "reference"

// Open returns the catalogue. It fails only when ctx has ended.
func Open(ctx context.Context) (manifest.Verified, error) {
	v, err := manifest.Open(ctx, Authenticator(), Channel)
	if err != nil {
		return manifest.Verified{}, fmt.Errorf("opening the reference catalogue: %w", err)
	}
	return v, nil
}

// Authenticator returns the documents of the catalogue. They are part of the
// program, so that whoever trusts the program trusts them.
func Authenticator() manifest.Authenticator { return embedded{} }

type embedded struct{}

// Authenticated implements manifest.Authenticator.
func (embedded) Authenticated(ctx context.Context, name string) (manifest.Blob, error) {
	if err := ctx.Err(); err != nil {
		return manifest.Blob{}, fmt.Errorf("reading document %q: %w", name, err)
	}
	files, err := documents()
	if err != nil {
		return manifest.Blob{}, fmt.Errorf("reading document %q: %w", name, err)
	}
	data, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return manifest.Blob{}, fmt.Errorf("document %q: %w", name, manifest.ErrNoDocument)
	}
	if err != nil {
		return manifest.Blob{}, fmt.Errorf("reading document %q: %w", name, err)
	}
	return manifest.Blob{Name: name, Data: data}, nil
}
