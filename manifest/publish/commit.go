package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
)

// Publish checks the repository, signs a new snapshot and a new timestamp,
// and thereby makes visible what was changed since the last time. Roles named
// in renew are signed again with a new date first.
func (r *Repo) Publish(ctx context.Context, renew ...string) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	for _, role := range renew {
		if s.roles[role] == nil {
			return &Error{Reason: CodeUnknownRole, Role: role}
		}
	}
	if err := r.check(ctx, s, renew); err != nil {
		return err
	}
	for _, role := range renew {
		if err := r.sign(s, role); err != nil {
			return err
		}
	}
	return r.publish(s)
}

// check refuses to publish what a client would refuse to read. Roles in renew
// may be past their date.
func (r *Repo) check(ctx context.Context, s *state, renew []string) error {
	now := r.config.Now()
	if s.root.Signed.IsExpired(now) {
		return expired(metadata.ROOT, s.root.Signed.Expires)
	}
	for _, role := range s.names() {
		t := s.roles[role]
		if slices.Contains(renew, role) {
			continue
		}
		if err := s.verify(role); err != nil {
			return &Error{Reason: CodeWrongKey, Role: role, Cause: err}
		}
		if t.Signed.IsExpired(now) {
			return expired(role, t.Signed.Expires)
		}
	}
	for _, path := range s.paths() {
		if err := r.checkFile(ctx, s, path); err != nil {
			return err
		}
	}
	return r.checkDocuments(s)
}

func expired(role string, date time.Time) error {
	return &Error{Reason: CodeExpired, Role: role, Found: date.Format(time.DateOnly)}
}

// names lists the roles that hold targets: targets, then publishers in the
// order of their delegation.
func (s *state) names() []string {
	names := []string{metadata.TARGETS}
	for _, d := range s.delegations() {
		names = append(names, d.Name)
	}
	return names
}

// checkFile compares a target with the file that carries it: the content if
// its role was changed since the last publication, else the length.
func (r *Repo) checkFile(ctx context.Context, s *state, path string) error {
	role := s.roleOf(path)
	t := s.target(path)
	if t == nil {
		return &Error{Reason: CodeOutside, Name: path, Expected: role}
	}
	name := targetName(path, hexOf(t.Hashes["sha256"]))
	info, err := r.files.root.Lstat(name)
	if err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	if info.Size() != t.Length {
		return &Error{
			Reason: CodeDamaged, Name: name,
			Expected: fmt.Sprintf("%d bytes", t.Length), Found: fmt.Sprintf("%d bytes", info.Size()),
		}
	}
	if !s.pending[role] {
		return nil
	}
	return r.checkContent(ctx, name, t)
}

func (r *Repo) checkContent(ctx context.Context, name string, t *metadata.TargetFiles) error {
	f, err := r.files.root.Open(name)
	if err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	sum, err := digest(ctx, io.LimitReader(f, t.Length+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	if hexOf(sum) != hexOf(t.Hashes["sha256"]) {
		return &Error{Reason: CodeDamaged, Name: name, Expected: hexOf(t.Hashes["sha256"]), Found: hexOf(sum)}
	}
	return nil
}

// checkDocuments reads all documents and compares them: what a channel offers
// exists, and an artifact is what its role signed.
func (r *Repo) checkDocuments(s *state) error {
	components := map[string]*manifest.Component{}
	for _, name := range s.components() {
		c, err := r.component(s, name)
		if err != nil {
			return err
		}
		components[name] = c
		for _, release := range c.Releases {
			if err := s.checkArtifact(c.Name, release); err != nil {
				return err
			}
		}
	}
	for _, name := range s.channels() {
		c, err := r.channel(s, name)
		if err != nil {
			return err
		}
		for _, offer := range c.Offers {
			known := components[offer.Component]
			if known == nil {
				return &Error{Reason: CodeNoComponent, Name: offer.Component}
			}
			for _, v := range offer.Versions {
				if err := released(known, v); err != nil {
					return err
				}
			}
		}
	}
	data, err := r.document(s, manifest.AdvisoriesPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := manifest.ParseAdvisories(data); err != nil {
		return &Error{Reason: CodeBadDocument, Name: manifest.AdvisoriesPath, Cause: err}
	}
	return nil
}

// checkArtifact compares what a component says about an artifact with what
// its role signed.
func (s *state) checkArtifact(component string, release manifest.Release) error {
	a := release.Artifact
	if a == nil {
		return nil
	}
	t := s.target(a.Path)
	switch {
	case s.roleOf(a.Path) != s.roleOf(manifest.ComponentPath(component)):
		return &Error{Reason: CodeOutside, Role: s.roleOf(a.Path), Name: a.Path}
	case t == nil:
		return &Error{Reason: CodeDamaged, Name: a.Path, Expected: "a signed target"}
	case t.Length != a.Length || hexOf(t.Hashes["sha256"]) != a.SHA256:
		return &Error{Reason: CodeDamaged, Name: a.Path, Expected: hexOf(t.Hashes["sha256"]), Found: a.SHA256}
	}
	return nil
}

// publish signs snapshot and timestamp over s, and writes the timestamp last.
func (r *Repo) publish(s *state) error {
	expires, err := r.expiry(metadata.SNAPSHOT)
	if err != nil {
		return err
	}
	snapshot := metadata.Snapshot(expires)
	snapshot.Signed.Version = s.snapshot + 1
	for _, role := range s.names() {
		data, err := r.files.read(metadataName(role, s.roles[role].Signed.Version))
		if err != nil {
			return fmt.Errorf("reading %q for the snapshot: %w", role, err)
		}
		snapshot.Signed.Meta[role+".json"] = listed(s.roles[role].Signed.Version, data)
	}
	if expires, err = r.expiry(metadata.TIMESTAMP); err != nil {
		return err
	}
	timestamp := metadata.Timestamp(expires)
	timestamp.Signed.Version = s.timestamp + 1
	data, err := seal(r, s, metadata.SNAPSHOT, snapshot)
	if err != nil {
		return err
	}
	timestamp.Signed.Meta["snapshot.json"] = listed(snapshot.Signed.Version, data)
	last, err := seal(r, s, metadata.TIMESTAMP, timestamp)
	if err != nil {
		return err
	}
	if err := r.files.write(metadataName(metadata.SNAPSHOT, snapshot.Signed.Version), data, 0o644); err != nil {
		return err
	}
	return r.files.write(metadataName(metadata.TIMESTAMP, 0), last, 0o644)
}

// listed is the entry of a metadata file in the file above it.
func listed(version int64, data []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(data)
	return &metadata.MetaFiles{
		Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]},
	}
}

// seal signs m as role and gives its bytes, if root agrees with the key.
func seal[T metadata.Roles](r *Repo, s *state, role string, m *metadata.Metadata[T]) ([]byte, error) {
	var signer signature.Signer
	signer, err := r.config.Keys.Signer(role)
	if err != nil {
		return nil, err
	}
	if _, err := m.Sign(signer); err != nil {
		return nil, fmt.Errorf("signing %q: %w", role, err)
	}
	if err := s.root.VerifyDelegate(role, m); err != nil {
		return nil, &Error{Reason: CodeWrongKey, Role: role, Cause: err}
	}
	data, err := m.ToBytes(false)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: %w", role, err)
	}
	return data, nil
}
