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

type (
	rootFile    = metadata.Metadata[metadata.RootType]
	targetsFile = metadata.Metadata[metadata.TargetsType]
)

// nextRoot is where a root that was signed by all it takes waits for the
// publication that makes it the newest. Clients do not look there.
const nextRoot = "metadata/next.root.json"

// state is the repository as it would be published now: for each role the
// version that clients have, and the content of the next one.
type state struct {
	root      *rootFile        // which counts from the next publication on
	live      *rootFile        // which clients have; nil: nothing is published yet
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
	if s.live != nil {
		if err := r.loadPublished(s); err != nil {
			return nil, err
		}
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

// loadPublished reads which versions clients have.
func (r *Repo) loadPublished(s *state) error {
	timestamp, err := parse[metadata.TimestampType](r, metadataName(metadata.TIMESTAMP, 0))
	if err != nil {
		return err
	}
	s.timestamp = timestamp.Signed.Version
	current, ok := timestamp.Signed.Meta["snapshot.json"]
	if !ok || current == nil {
		return &Error{Reason: CodeDamaged, Role: metadata.TIMESTAMP, Name: "metadata/timestamp.json"}
	}
	s.snapshot = current.Version
	snapshot, err := parse[metadata.SnapshotType](r, metadataName(metadata.SNAPSHOT, s.snapshot))
	if err != nil {
		return err
	}
	for name, meta := range snapshot.Signed.Meta {
		s.published[strings.TrimSuffix(name, ".json")] = meta.Version
	}
	return nil
}

// loadRoot reads the newest root, and the one that waits to follow it.
func (r *Repo) loadRoot(s *state) error {
	version := int64(0)
	for r.files.exists(metadataName(metadata.ROOT, version+1)) {
		version++
	}
	var err error
	if version > 0 {
		if s.live, err = parse[metadata.RootType](r, metadataName(metadata.ROOT, version)); err != nil {
			return err
		}
	}
	s.root = s.live
	if !r.files.exists(nextRoot) {
		return nil
	}
	next, err := parse[metadata.RootType](r, nextRoot)
	if err != nil {
		return err
	}
	if next.Signed.Version <= version {
		return nil // it was published, and the run that did so ended too early to remove it
	}
	s.root = next
	return succeeds(s.live, next)
}

// succeeds checks a root against the one before, nil for the first: both
// quorums have signed it, and no version is left out.
func succeeds(live, next *rootFile) error {
	version := int64(1)
	if live != nil {
		version = live.Signed.Version + 1
		q := rootAuthority(live, metadata.ROOT).quorum(next)
		if err := q.refusal(); err != nil {
			return err
		}
	}
	if next.Signed.Version != version {
		return &Error{
			Reason: CodeOtherState, Role: metadata.ROOT,
			Expected: fmt.Sprintf("version %d", version), Found: fmt.Sprintf("version %d", next.Signed.Version),
		}
	}
	return rootAuthority(next, metadata.ROOT).quorum(next).refusal()
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

// authority gives who may sign for a role from the next publication on.
func (s *state) authority(role string) authority {
	switch role {
	case metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP:
		return rootAuthority(s.root, role)
	}
	return targetsAuthority(s.roles[metadata.TARGETS], role)
}

// quorum counts the signatures of a role that holds targets.
func (s *state) quorum(role string) Quorum { return s.authority(role).quorum(s.roles[role]) }

// ready refuses a change in a role for which nobody here may sign, or whose
// date would be no good. A role that takes several signatures anyway may wait
// for all of them.
func (r *Repo) ready(s *state, role string) error {
	if _, err := r.expiry(role); err != nil {
		return err
	}
	a := s.authority(role)
	_, err := a.holders(r.config.Keys)
	if isMissingKey(err) && a.threshold > 1 {
		return nil
	}
	return err
}

func isMissingKey(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == CodeMissingKey
}

// sign gives a role a new date and its next version, signs it with the keys
// that are here, and writes it. Where more keys have to sign, it waits for
// them.
func (r *Repo) sign(s *state, role string) error {
	if err := r.advance(s, role); err != nil {
		return err
	}
	return r.save(s, role)
}

// advance is sign without writing.
func (r *Repo) advance(s *state, role string) error {
	t, a := s.roles[role], s.authority(role)
	holders, err := a.holders(r.config.Keys)
	if err != nil && !isMissingKey(err) {
		return err
	}
	if t.Signed.Expires, err = r.expiry(role); err != nil {
		return err
	}
	t.Signed.Version = s.published[role] + 1
	t.ClearSignatures()
	if _, err := a.endorse(t, holders); err != nil {
		return err
	}
	return r.endorseBefore(s, role, t)
}

// endorseBefore adds the signatures of the keys that a waiting root replaces,
// where they are here, so that the change of root has no moment at which a
// client refuses m.
func (r *Repo) endorseBefore(s *state, role string, m signable) error {
	if s.live == nil || s.live == s.root || s.root.Signed.Roles[role] == nil {
		return nil
	}
	before := rootAuthority(s.live, role)
	holders, err := before.holders(r.config.Keys)
	if err != nil {
		return nil // the keys are gone or locked, which may be why they are replaced
	}
	_, err = before.endorse(m, holders)
	return err
}

// save writes the next version of a role, where no client looks yet.
func (r *Repo) save(s *state, role string) error {
	t := s.roles[role]
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
	s.pending[role] = true
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
