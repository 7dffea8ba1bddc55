package publish

import (
	"context"
	"fmt"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
)

// PrepareRole drafts the next version of targets, of a publisher or of the
// catalogue: what waits for publication, with the signatures it has, or else
// what is published with a new date. It needs no key and writes nothing.
func (r *Repo) PrepareRole(role string) (*Draft, error) {
	s, err := r.load()
	if err != nil {
		return nil, err
	}
	if s.roles[role] == nil {
		return nil, &Error{Reason: CodeUnknownRole, Role: role}
	}
	d := &Draft{role: role, documents: map[string][]byte{}, delegator: s.roles[metadata.TARGETS]}
	if role == metadata.TARGETS {
		d.delegator = s.root
	}
	if s.published[role] > 0 {
		if d.before, err = parse[metadata.TargetsType](r, metadataName(role, s.published[role])); err != nil {
			return nil, err
		}
	}
	if d.targets, err = copyOf(s.roles[role]); err != nil {
		return nil, fmt.Errorf("copying %q: %w", role, err)
	}
	if !s.pending[role] {
		d.targets.Signed.Version = s.published[role] + 1
		d.targets.ClearSignatures()
		if d.targets.Signed.Expires, err = r.expiry(role); err != nil {
			return nil, err
		}
	}
	return d, r.attachDocuments(d)
}

// attachDocuments puts the documents that changed into the draft, as they were
// and as they will be.
func (r *Repo) attachDocuments(d *Draft) error {
	for _, path := range d.changedPaths() {
		if !isDocument(path) {
			continue
		}
		for _, t := range []*metadata.TargetFiles{d.target(d.before, path), d.target(d.targets, path)} {
			if t == nil {
				continue
			}
			digest := hexOf(t.Hashes["sha256"])
			data, err := r.files.read(targetName(path, digest))
			if err != nil {
				return &Error{Reason: CodeDamaged, Name: targetName(path, digest), Cause: err}
			}
			d.documents[digest] = data
		}
	}
	return nil
}

// isDocument reports whether a path is that of a document, not of a package.
func isDocument(path string) bool {
	return path == manifest.AdvisoriesPath || strings.HasPrefix(path, "channels/") ||
		strings.HasPrefix(path, "components/") && strings.HasSuffix(path, "/component.json")
}

// FinishRole takes a draft that enough holders have signed: it becomes visible
// with the next Publish. The packages and documents it names must be in the
// repository. It is refused when the repository has changed since it was
// prepared, and where it speaks of paths that are not its own.
func (r *Repo) FinishRole(ctx context.Context, d *Draft) error {
	if d.targets == nil {
		return &Error{Reason: CodeBadDraft, Expected: "a role other than root", Found: d.role}
	}
	s, err := r.load()
	if err != nil {
		return err
	}
	if s.roles[d.role] == nil {
		return &Error{Reason: CodeUnknownRole, Role: d.role}
	}
	if want := s.published[d.role] + 1; d.targets.Signed.Version != want {
		return &Error{
			Reason: CodeOtherState, Role: d.role,
			Expected: fmt.Sprintf("version %d", want), Found: fmt.Sprintf("version %d", d.targets.Signed.Version),
		}
	}
	if d.targets.Signed.IsExpired(r.config.Now()) {
		return expired(d.role, d.targets.Signed.Expires)
	}
	if err := s.merge(d); err != nil {
		return err
	}
	if err := s.quorum(d.role).refusal(); err != nil {
		return err
	}
	if err := r.checkRole(ctx, s, d.role); err != nil {
		return err
	}
	return r.save(s, d.role)
}

// merge puts the draft in the place of the role, with the signatures both have
// where the role waits already.
func (s *state) merge(d *Draft) error {
	a := s.authority(d.role)
	if s.pending[d.role] {
		here, err := signedDigest(s.roles[d.role])
		if err != nil {
			return err
		}
		there, err := d.Digest()
		if err != nil {
			return err
		}
		if here != there {
			return &Error{Reason: CodeOtherState, Role: d.role, Expected: here, Found: there}
		}
		a.adopt(d.targets, s.roles[d.role])
	}
	s.roles[d.role], s.pending[d.role] = d.targets, true
	// Signatures that do not count would only make the file longer.
	only := copySigned(d.targets)
	a.adopt(only, d.targets)
	if d.role == metadata.TARGETS && s.live != nil {
		rootAuthority(s.live, d.role).adopt(only, d.targets)
	}
	s.roles[d.role] = only
	return nil
}

// copySigned gives metadata with the same content and no signature.
func copySigned(t *targetsFile) *targetsFile { return &targetsFile{Signed: t.Signed} }

// checkRole refuses a role that speaks of paths it does not sign for, of files
// that are not here, or of other bytes for a package that was published.
func (r *Repo) checkRole(ctx context.Context, s *state, role string) error {
	before := metadata.Targets()
	if s.published[role] > 0 {
		var err error
		if before, err = parse[metadata.TargetsType](r, metadataName(role, s.published[role])); err != nil {
			return err
		}
	}
	for path, t := range s.roles[role].Signed.Targets {
		if owner := s.roleOf(path); owner != role {
			return &Error{Reason: CodeOutside, Role: role, Name: path, Expected: owner}
		}
		old := before.Signed.Targets[path]
		if old != nil && !isDocument(path) && !old.Hashes.Equal(t.Hashes) {
			return &Error{
				Reason: CodeDigestChanged, Name: path,
				Expected: hexOf(old.Hashes["sha256"]), Found: hexOf(t.Hashes["sha256"]),
			}
		}
		if err := r.checkFile(ctx, s, path); err != nil {
			return err
		}
	}
	if role == metadata.TARGETS {
		for _, d := range s.delegations() {
			if s.roles[d.Name] != nil {
				continue
			}
			if err := r.loadRole(s, d.Name); err != nil {
				return err
			}
		}
	}
	return r.checkDocuments(s)
}

// Waiting lists the roles that were changed and still lack signatures.
func (r *Repo) Waiting() ([]Quorum, error) {
	s, err := r.load()
	if err != nil {
		return nil, err
	}
	var all []Quorum
	for _, role := range s.names() {
		if q := s.quorum(role); !q.Complete() {
			all = append(all, q)
		}
	}
	return all, nil
}
