package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/delta/archive"
)

// Rebuild brings the package of an artifact into the store as the tar inside
// it, durably: it fetches the delta d and makes the tar from it and from the
// files of base, whose promises are those of archive.Apply. It does nothing
// when the package is held in either form. watch is told about the
// download, as by Fetch.
//
// What was made is held against the digest that signed metadata gives of the
// tar, so neither delta nor base has to be trusted. A delta that was fetched is
// removed again, whether it was of use or not. Without success the error is
// one of Fetch, an *Error with CodeNotRebuilt, the end of ctx, or a failure of
// the local disk; then Fetch still gets the package.
func (s *Store) Rebuild(ctx context.Context, a manifest.Artifact, d manifest.Delta, base fs.FS, watch Watch) error {
	if err := check(a); err != nil {
		return err
	}
	if a.Plain == nil {
		return fmt.Errorf("rebuild %q: no digest of the tar in it is known: %w", a.Path, fs.ErrInvalid)
	}
	release, err := s.claim(ctx, a.Plain.SHA256)
	if err != nil {
		return fmt.Errorf("rebuild %q: %w", a.Path, err)
	}
	defer release()
	if s.Has(a) {
		return nil
	}
	carrier := manifest.Artifact{Path: d.Path, Length: d.Length, SHA256: d.SHA256}
	if err := s.Fetch(ctx, carrier, watch); err != nil {
		return err
	}
	err = s.rebuild(ctx, a, carrier, base)
	if ctx.Err() != nil {
		return err // the next call finds the delta here
	}
	if gone := s.Dir.Remove(file(d.SHA256)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("remove delta %q: %w", d.Path, gone))
	}
	return err
}

// rebuild makes the tar from a delta that is held.
func (s *Store) rebuild(ctx context.Context, a, carrier manifest.Artifact, base fs.FS) (err error) {
	p, err := s.Package(carrier)
	if err != nil {
		return err
	}
	from, err := p.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	part := file(a.Plain.SHA256) + partial
	if err := s.Dir.RemoveAll(part); err != nil { // of a run that was cut
		return fmt.Errorf("rebuild %q: %w", a.Path, err)
	}
	f, err := s.Dir.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("rebuild %q: %w", a.Path, err)
	}
	out := &target{f: f, hash: sha256.New()}
	err = archive.Apply(ctx, out, base, from, carrier.Length, a.Plain.Length)
	switch {
	case out.failed != nil || ctx.Err() != nil:
		err = fmt.Errorf("rebuild %q: %w", a.Path, err)
	case err != nil:
		err = &Error{Reason: CodeNotRebuilt, File: a.Path, Cause: err}
	case !sameDigest(out.hash.Sum(nil), a.Plain.SHA256):
		err = &Error{
			Reason: CodeNotRebuilt, File: a.Path,
			Expected: a.Plain.SHA256, Found: hex.EncodeToString(out.hash.Sum(nil)),
		}
	}
	if err != nil {
		return errors.Join(err, f.Close(), s.Dir.Remove(part))
	}
	if err := s.keep(f, a.Plain.SHA256); err != nil {
		return fmt.Errorf("keep %q: %w", a.Path, errors.Join(err, s.Dir.RemoveAll(part)))
	}
	return nil
}

// target is a file that is hashed while it is written.
type target struct {
	f      durable.File
	hash   hash.Hash
	failed error // of the disk, so that it is told from a delta's
}

func (t *target) Write(p []byte) (int, error) {
	n, err := t.f.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	t.hash.Write(p[:n])
	t.failed = err
	return n, err
}
