package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

// Report counts what Verify read.
type Report struct {
	Status     trust.Status
	Channels   []string
	Rollouts   []string // by channel, component and version: to whom each is offered
	Components int
	Releases   int
	Artifacts  int
	Deltas     int
	Bytes      int64    // of all artifacts
	Pending    []string // roles changed since the last publication, which clients do not see

	Attestations []Attestation // about who built the artifacts; nobody has looked into them here
	SigstoreRoot []byte        // the document SigstoreRootPath, nil when there is none
}

// Verify reads a repository as a client does, from its first root: all
// metadata, every document, every channel with what it offers, and every
// artifact whole, with what it unpacks to. It also refuses a repository with
// a private key in it. Errors are the client's (*trust.Error,
// *manifest.SyntaxError) or an *Error.
func (r *Repo) Verify(ctx context.Context) (Report, error) {
	if err := r.noKeys(); err != nil {
		return Report{}, err
	}
	root, err := r.Root()
	if err != nil {
		return Report{}, err
	}
	remote, err := trust.NewFolder(r.config.Dir)
	if err != nil {
		return Report{}, err
	}
	client, err := trust.New(trust.Config{Root: root, Remote: remote, Cache: trust.NewMemory(), Now: r.config.Now})
	if err != nil {
		return Report{}, err
	}
	if err := client.Refresh(ctx); err != nil {
		return Report{}, err
	}
	s, err := r.load()
	if err != nil {
		return Report{}, err
	}
	report := Report{}
	for _, role := range s.names() {
		if s.pending[role] {
			report.Pending = append(report.Pending, role)
		}
	}
	if err := r.readAll(ctx, client, s, &report); err != nil {
		return Report{}, err
	}
	blob, err := client.Authenticated(ctx, SigstoreRootPath)
	if err != nil && !errors.Is(err, manifest.ErrNoDocument) {
		return Report{}, err
	}
	report.SigstoreRoot = blob.Data
	report.Status = client.Status()
	return report, nil
}

// readAll authenticates every document that is published. What is pending and
// not yet known to clients is left out.
func (r *Repo) readAll(ctx context.Context, client *trust.Client, s *state, report *Report) error {
	for _, name := range s.components() {
		blob, err := client.Authenticated(ctx, manifest.ComponentPath(name))
		if errors.Is(err, manifest.ErrNoDocument) && len(report.Pending) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		c, err := manifest.ParseComponent(blob.Data)
		if err != nil {
			return fmt.Errorf("component %q: %w", name, err)
		}
		report.Components++
		for i, release := range c.Releases {
			if err := r.verifyRelease(ctx, s, c.Name, release, report); err != nil {
				return err
			}
			if err := r.verifyDeltas(ctx, c, &c.Releases[i], report); err != nil {
				return err
			}
		}
	}
	for _, name := range s.channels() {
		v, err := manifest.Open(ctx, client, name)
		if errors.Is(err, manifest.ErrNoDocument) && len(report.Pending) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		report.Channels = append(report.Channels, name)
		report.Rollouts = append(report.Rollouts, rolloutsOf(v)...)
	}
	return nil
}

// rolloutsOf says of each version of a channel that is not for everybody to
// whom it is offered.
func rolloutsOf(v manifest.Verified) []string {
	var out []string
	for _, name := range v.Components() {
		c, _ := v.Component(name)
		for _, version := range versionsOf(c) {
			if r, limited := v.Rollout(name, version); limited {
				out = append(out, v.Channel()+": "+name+" "+version+" to "+Audience(r))
			}
		}
	}
	return out
}

// verifyRelease reads the artifact of a release whole.
func (r *Repo) verifyRelease(ctx context.Context, s *state, component string, release manifest.Release, report *Report) error {
	report.Releases++
	a := release.Artifact
	if a == nil {
		return nil
	}
	if err := s.checkArtifact(component, release); err != nil {
		return err
	}
	name := targetName(a.Path, a.SHA256)
	if err := r.checkContent(ctx, name, s.target(a.Path)); err != nil {
		return err
	}
	report.Artifacts++
	report.Bytes += a.Length
	if err := r.attested(ctx, s, component, release, report); err != nil {
		return err
	}
	if !isArchive(a.Path) {
		return nil
	}
	f, err := r.files.root.Open(name)
	if err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	found, err := measure(ctx, path.Base(a.Path), f, a.Length)
	if err := errors.Join(err, f.Close()); err != nil {
		return &Error{Reason: CodeBadArchive, Name: name, Cause: err}
	}
	if found.bytes != a.Unpacked || found.entries != a.Entries {
		return &Error{
			Reason: CodeBadArchive, Name: name,
			Expected: fmt.Sprintf("%d bytes in %d entries", a.Unpacked, a.Entries),
			Found:    fmt.Sprintf("%d bytes in %d entries", found.bytes, found.entries),
		}
	}
	return samePlain(name, a.Plain, found.plain)
}

// samePlain compares what was signed about the tar inside a package, if
// anything was, with what is there.
func samePlain(name string, want, found *manifest.Plain) error {
	switch {
	case want == nil:
		return nil
	case found == nil:
		return &Error{Reason: CodeBadArchive, Name: name, Expected: "a compressed tar, sha256 " + want.SHA256}
	case *found != *want:
		return &Error{
			Reason: CodeBadArchive, Name: name,
			Expected: fmt.Sprintf("a tar of %d bytes, sha256 %s", want.Length, want.SHA256),
			Found:    fmt.Sprintf("a tar of %d bytes, sha256 %s", found.Length, found.SHA256),
		}
	}
	return nil
}

// noKeys looks at the beginning of every file for a private key.
func (r *Repo) noKeys() error {
	return fs.WalkDir(r.files.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("looking for private keys: %w", err)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		f, err := r.files.root.Open(name)
		if err != nil {
			return fmt.Errorf("looking for private keys: %w", err)
		}
		start, err := io.ReadAll(io.LimitReader(f, 1<<10))
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("looking for private keys in %q: %w", name, err)
		}
		if strings.HasSuffix(name, ".key") || bytes.Contains(start, []byte("PRIVATE KEY-----")) {
			return &Error{Reason: CodeKeyInRepository, Name: name}
		}
		return nil
	})
}
