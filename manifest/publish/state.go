package publish

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

type targetsFile = metadata.Metadata[metadata.TargetsType]

// state is the repository as it would be published now: for each role the
// version that clients have, and the content of the next one.
type state struct {
	root      *metadata.Metadata[metadata.RootType]
	snapshot  int64            // version that clients have; 0: none
	timestamp int64            // the same
	published map[string]int64 // role: version that clients have
	roles     map[string]*targetsFile
	pending   map[string]bool // roles that were changed since the last publication
}

func metadataName(role string, version int64) string {
	if role == metadata.TIMESTAMP {
		return "metadata/timestamp.json"
	}
	return "metadata/" + strconv.FormatInt(version, 10) + "." + role + ".json"
}

// load reads the state of the repository. A changed role lies beside the
// published one, one version above it, where no client looks yet.
func (r *Repo) load() (*state, error) {
	s := &state{published: map[string]int64{}, roles: map[string]*targetsFile{}, pending: map[string]bool{}}
	if err := r.loadRoot(s); err != nil {
		return nil, err
	}
	timestamp, err := parse[metadata.TimestampType](r, metadataName(metadata.TIMESTAMP, 0))
	if err != nil {
		return nil, err
	}
	s.timestamp = timestamp.Signed.Version
	current, ok := timestamp.Signed.Meta["snapshot.json"]
	if !ok || current == nil {
		return nil, &Error{Reason: CodeDamaged, Role: metadata.TIMESTAMP, Name: "metadata/timestamp.json"}
	}
	s.snapshot = current.Version
	snapshot, err := parse[metadata.SnapshotType](r, metadataName(metadata.SNAPSHOT, s.snapshot))
	if err != nil {
		return nil, err
	}
	for name, meta := range snapshot.Signed.Meta {
		s.published[strings.TrimSuffix(name, ".json")] = meta.Version
	}
	if err := r.loadRole(s, metadata.TARGETS); err != nil {
		return nil, err
	}
	for _, d := range s.delegations() {
		if err := r.loadRole(s, d.Name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// loadRoot reads the newest root.
func (r *Repo) loadRoot(s *state) error {
	version := int64(1)
	for r.files.exists(metadataName(metadata.ROOT, version+1)) {
		version++
	}
	root, err := parse[metadata.RootType](r, metadataName(metadata.ROOT, version))
	s.root = root
	return err
}

// loadRole reads the next version of a role if it was changed, and the
// published one otherwise.
func (r *Repo) loadRole(s *state, role string) error {
	next := metadataName(role, s.published[role]+1)
	s.pending[role] = r.files.exists(next)
	if !s.pending[role] {
		next = metadataName(role, s.published[role])
	}
	t, err := parse[metadata.TargetsType](r, next)
	if err != nil {
		return err
	}
	s.roles[role] = t
	return nil
}

// parse reads one metadata file.
func parse[T metadata.Roles](r *Repo, name string) (*metadata.Metadata[T], error) {
	data, err := r.files.read(name)
	if err != nil {
		return nil, &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	m, err := new(metadata.Metadata[T]).FromBytes(data)
	if err != nil {
		return nil, &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	return m, nil
}

func (s *state) delegations() []metadata.DelegatedRole {
	d := s.roles[metadata.TARGETS].Signed.Delegations
	if d == nil {
		return nil
	}
	return d.Roles
}

// roleOf gives the role that signs for path: the first delegation that covers
// it, else targets.
func (s *state) roleOf(path string) string {
	for _, d := range s.delegations() {
		if ok, err := d.IsDelegatedPath(path); err == nil && ok {
			return d.Name
		}
	}
	return metadata.TARGETS
}

// target gives what is signed about path, or nil.
func (s *state) target(path string) *metadata.TargetFiles {
	return s.roles[s.roleOf(path)].Signed.Targets[path]
}

// verify checks the signatures of a role with the keys of its delegator.
func (s *state) verify(role string) error {
	if role == metadata.TARGETS {
		return s.root.VerifyDelegate(role, s.roles[role])
	}
	return s.roles[metadata.TARGETS].VerifyDelegate(role, s.roles[role])
}

// sign gives a role a new date and its next version, and writes it. The key
// must be one the delegator names; what no client would accept is not
// written.
func (r *Repo) sign(s *state, role string) error {
	signer, err := r.config.Keys.Signer(role)
	if err != nil {
		return err
	}
	t := s.roles[role]
	if t.Signed.Expires, err = r.expiry(role); err != nil {
		return err
	}
	t.Signed.Version = s.published[role] + 1
	t.ClearSignatures()
	if _, err := t.Sign(signer); err != nil {
		return fmt.Errorf("signing %q: %w", role, err)
	}
	if err := s.verify(role); err != nil {
		return &Error{Reason: CodeWrongKey, Role: role, Cause: err}
	}
	data, err := t.ToBytes(false)
	if err != nil {
		return fmt.Errorf("encoding %q: %w", role, err)
	}
	if len(data) > metadataLimit {
		return &Error{
			Reason: CodeBadDocument, Role: role,
			Expected: fmt.Sprintf("at most %d bytes", metadataLimit), Found: fmt.Sprintf("%d bytes", len(data)),
		}
	}
	return r.files.write(metadataName(role, t.Signed.Version), data, 0o644)
}

// put writes document data under its digest and notes it in its role, which
// the caller then signs.
func (r *Repo) put(s *state, path string, data []byte) error {
	sum := sha256.Sum256(data)
	if err := r.files.write(targetName(path, hexOf(sum[:])), data, 0o644); err != nil {
		return err
	}
	s.note(path, int64(len(data)), sum[:])
	return nil
}

// note enters length and digest of path in the role that signs for it.
func (s *state) note(path string, length int64, sum []byte) {
	s.roles[s.roleOf(path)].Signed.Targets[path] = &metadata.TargetFiles{
		Length: length, Hashes: metadata.Hashes{"sha256": sum}, Path: path,
	}
}

// document reads the bytes of the document at path as signed, fs.ErrNotExist
// when there is none.
func (r *Repo) document(s *state, path string) ([]byte, error) {
	t := s.target(path)
	if t == nil {
		return nil, fs.ErrNotExist
	}
	name := targetName(path, hexOf(t.Hashes["sha256"]))
	data, err := r.files.read(name)
	if err != nil {
		return nil, &Error{Reason: CodeDamaged, Name: name, Cause: errors.New(err.Error())}
	}
	if sum := sha256.Sum256(data); hexOf(sum[:]) != hexOf(t.Hashes["sha256"]) {
		return nil, &Error{
			Reason: CodeDamaged, Name: name, Expected: hexOf(t.Hashes["sha256"]), Found: hexOf(sum[:]),
		}
	}
	return data, nil
}
