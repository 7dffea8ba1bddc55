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

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
)

// Publish checks the repository, signs a new snapshot and a new timestamp,
// and thereby makes visible what was changed since the last time. Roles named
// in renew are signed again with a new date first. A role that lacks
// signatures is refused, with how many and whose.
func (r *Repo) Publish(ctx context.Context, renew ...string) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	return r.publishState(ctx, s, renew)
}

// PublishOnly does the same for the changes signed by the named roles, root
// among them, and leaves all others waiting. With timestamp or snapshot alone
// nothing becomes visible but the new dates: this is what a machine does every
// day while holders are still signing.
func (r *Repo) PublishOnly(ctx context.Context, roles ...string) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	for _, role := range roles {
		if s.roles[role] == nil && s.root.Signed.Roles[role] == nil {
			return &Error{Reason: CodeUnknownRole, Role: role}
		}
	}
	if s.live == nil {
		return r.publishState(ctx, s, nil) // the first publication is of everything
	}
	if !slices.Contains(roles, metadata.ROOT) {
		s.root = s.live
	}
	for _, role := range s.names() {
		if slices.Contains(roles, role) {
			continue
		}
		if err := r.loadLive(s, role); err != nil {
			return err
		}
	}
	return r.publishState(ctx, s, nil)
}

// loadLive goes back to the published version of a role.
func (r *Repo) loadLive(s *state, role string) error {
	if !s.pending[role] || s.published[role] == 0 {
		return nil
	}
	t, err := parse[metadata.TargetsType](r, metadataName(role, s.published[role]))
	s.roles[role], s.pending[role] = t, false
	return err
}

func (r *Repo) publishState(ctx context.Context, s *state, renew []string) error {
	for _, role := range renew {
		if s.roles[role] == nil {
			return &Error{Reason: CodeUnknownRole, Role: role}
		}
	}
	for _, role := range []string{metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := r.ready(s, role); err != nil {
			return err
		}
	}
	if err := r.check(ctx, s, renew); err != nil {
		return err
	}
	for _, role := range renew {
		if err := r.advance(s, role); err != nil {
			return err
		}
		if err := s.quorum(role).refusal(); err != nil {
			return err
		}
	}
	for _, role := range renew {
		if err := r.save(s, role); err != nil {
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
		if err := s.quorum(role).refusal(); err != nil {
			return err
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
			for _, d := range release.Deltas {
				if err := s.checkSigned(c.Name, d.Path, d.Length, d.SHA256); err != nil {
					return err
				}
			}
			if err := s.needed(c.Name, release); err != nil {
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

// checkArtifact compares what a component says about an artifact, and about
// the bytes beside it, with what its role signed.
func (s *state) checkArtifact(component string, release manifest.Release) error {
	if a := release.Artifact; a != nil {
		if err := s.checkSigned(component, a.Path, a.Length, a.SHA256); err != nil {
			return err
		}
	}
	if p := release.Provenance; p != nil {
		return s.checkSigned(component, p.Path, p.Length, p.SHA256)
	}
	return nil
}

// checkSigned compares what a component says about a file with what its role
// signed.
func (s *state) checkSigned(component, path string, length int64, sha256 string) error {
	t := s.target(path)
	switch {
	case s.roleOf(path) != s.roleOf(manifest.ComponentPath(component)):
		return &Error{Reason: CodeOutside, Role: s.roleOf(path), Name: path}
	case t == nil:
		return &Error{Reason: CodeDamaged, Name: path, Expected: "a signed target"}
	case t.Length != length || hexOf(t.Hashes["sha256"]) != sha256:
		return &Error{Reason: CodeDamaged, Name: path, Expected: hexOf(t.Hashes["sha256"]), Found: sha256}
	}
	return nil
}

// publish signs snapshot and timestamp over s and makes them visible.
func (r *Repo) publish(s *state) error {
	snapshot, timestamp := metadata.Snapshot(), metadata.Timestamp()
	var err error
	if snapshot.Signed.Expires, err = r.expiry(metadata.SNAPSHOT); err != nil {
		return err
	}
	snapshot.Signed.Version = s.snapshot + 1
	for _, role := range s.names() {
		data, err := r.files.read(metadataName(role, s.roles[role].Signed.Version))
		if err != nil {
			return fmt.Errorf("reading %q for the snapshot: %w", role, err)
		}
		snapshot.Signed.Meta[role+".json"] = listed(s.roles[role].Signed.Version, data)
	}
	if timestamp.Signed.Expires, err = r.expiry(metadata.TIMESTAMP); err != nil {
		return err
	}
	timestamp.Signed.Version = s.timestamp + 1
	data, err := r.seal(s, metadata.SNAPSHOT, snapshot)
	if err != nil {
		return err
	}
	timestamp.Signed.Meta["snapshot.json"] = listed(snapshot.Signed.Version, data)
	last, err := r.seal(s, metadata.TIMESTAMP, timestamp)
	if err != nil {
		return err
	}
	if err := r.files.write(metadataName(metadata.SNAPSHOT, snapshot.Signed.Version), data, 0o644); err != nil {
		return err
	}
	now := func() error { return r.files.write(metadataName(metadata.TIMESTAMP, 0), last, 0o644) }
	if s.root == s.live {
		return now()
	}
	return r.publishRoot(s, now, s.accepts(snapshot, timestamp))
}

// publishRoot makes the next root the newest one. If clients of the root
// before accept the new timestamp too, it comes first, and at no moment is
// there anything a client refuses. If they do not, because a key is gone, the
// root has to come first: interrupted between the two, clients install nothing
// until publishing is done again. Of a first publication the root comes last:
// with it the directory is a repository.
func (r *Repo) publishRoot(s *state, timestamp func() error, accepted bool) error {
	data, err := s.root.ToBytes(false)
	if err != nil {
		return fmt.Errorf("encoding root: %w", err)
	}
	root := func() error {
		return r.files.write(metadataName(metadata.ROOT, s.root.Signed.Version), data, 0o644)
	}
	steps := []func() error{root, timestamp}
	if accepted {
		steps = []func() error{timestamp, root}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if err := r.files.root.Remove(nextRoot); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the root that was published: %w", err)
	}
	return nil
}

// accepts reports whether clients that only have the live root would take what
// is about to be published under the next one.
func (s *state) accepts(snapshot *metadata.Metadata[metadata.SnapshotType], timestamp *metadata.Metadata[metadata.TimestampType]) bool {
	if s.live == nil {
		return true
	}
	for role, m := range map[string]signable{
		metadata.SNAPSHOT: snapshot, metadata.TIMESTAMP: timestamp, metadata.TARGETS: s.roles[metadata.TARGETS],
	} {
		if !rootAuthority(s.live, role).quorum(m).Complete() {
			return false
		}
	}
	return true
}

// listed is the entry of a metadata file in the file above it.
func listed(version int64, data []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(data)
	return &metadata.MetaFiles{
		Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]},
	}
}

// seal signs m as role and gives its bytes, if root agrees with the keys.
func (r *Repo) seal(s *state, role string, m signable) ([]byte, error) {
	a := s.authority(role)
	holders, err := a.holders(r.config.Keys)
	if err != nil {
		return nil, err
	}
	if _, err := a.endorse(m, holders); err != nil {
		return nil, err
	}
	if err := a.quorum(m).refusal(); err != nil {
		return nil, err
	}
	if err := r.endorseBefore(s, role, m); err != nil {
		return nil, err
	}
	data, err := m.ToBytes(false)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: %w", role, err)
	}
	return data, nil
}
