package publish

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
)

// DraftLimit is the most the file of a draft may have, in bytes: two versions
// of a role, that of its delegator, and the documents that changed.
const DraftLimit = 4 * metadataLimit

// Draft is the next version of a role on its way from holder to holder, with
// the signatures it has so far. It carries all a holder needs to see what he
// signs: what is published now, who may sign, and the documents that change.
// Its digest, over what is signed, is the same in every copy.
type Draft struct {
	role       string
	root       *rootFile // the next one, for role root
	rootBefore *rootFile // nil for the first
	targets    *targetsFile
	before     *targetsFile // what is published; nil for the first
	delegator  signable     // root for targets, targets for the others
	documents  map[string][]byte
}

// draftFile is how a draft is written.
type draftFile struct {
	Schema    int               `json:"schema"`
	Role      string            `json:"role"`
	Before    json.RawMessage   `json:"before,omitempty"`
	Delegator json.RawMessage   `json:"delegator,omitempty"`
	Next      json.RawMessage   `json:"next"`
	Documents map[string][]byte `json:"documents,omitempty"` // by digest, base64
}

// Role gives the role that is signed.
func (d *Draft) Role() string { return d.role }

// Digest is the SHA-256 of what is signed, hexadecimal: what holders compare.
func (d *Draft) Digest() (string, error) { return signedDigest(d.next()) }

// Before is the digest of what is published now, which the changes are told
// against: that of the last ceremony. It is empty for a first version.
func (d *Draft) Before() (string, error) {
	switch {
	case d.rootBefore != nil:
		return signedDigest(d.rootBefore)
	case d.before != nil:
		return signedDigest(d.before)
	}
	return "", nil
}

func (d *Draft) next() signable {
	if d.root != nil {
		return d.root
	}
	return d.targets
}

// authorities gives whose signatures count: those of the role, and for a root
// that follows another those of the one before.
func (d *Draft) authorities() []authority {
	if d.root == nil {
		if root, ok := d.delegator.(*rootFile); ok {
			return []authority{rootAuthority(root, d.role)}
		}
		if targets, ok := d.delegator.(*targetsFile); ok {
			return []authority{targetsAuthority(targets, d.role)}
		}
		return nil
	}
	all := []authority{rootAuthority(d.root, metadata.ROOT)}
	if d.rootBefore != nil {
		all = append(all, rootAuthority(d.rootBefore, metadata.ROOT))
	}
	return all
}

// Quorums counts the signatures, once for each quorum that is needed.
func (d *Draft) Quorums() []Quorum {
	var all []Quorum
	for i, a := range d.authorities() {
		q := a.quorum(d.next())
		if i > 0 {
			q.By = "root before"
		}
		all = append(all, q)
	}
	return all
}

// Sign adds the signatures of the keys of the store that may sign and have
// not yet, and gives their names. Keys that all have signed before are an
// *Error with CodeSignedAlready, and no key at all one with CodeMissingKey.
func (d *Draft) Sign(keys KeyStore) ([]string, error) {
	var added, known []string
	var refused error
	for _, a := range d.authorities() {
		holders, err := a.holders(keys)
		if err != nil && !isMissingKey(err) {
			return nil, err
		}
		if err != nil {
			refused = err
			continue
		}
		for _, h := range holders {
			known = append(known, h.name)
		}
		names, err := a.endorse(d.next(), holders)
		if err != nil {
			return nil, err
		}
		added = append(added, names...)
	}
	switch {
	case len(added) > 0:
		return added, nil
	case len(known) > 0:
		slices.Sort(known)
		return nil, &Error{Reason: CodeSignedAlready, Role: d.role, Name: join(slices.Compact(known))}
	}
	return nil, refused
}

// Encode gives the file of the draft.
func (d *Draft) Encode() ([]byte, error) {
	f := draftFile{Schema: manifest.Schema, Role: d.role, Documents: d.documents}
	parts := []struct {
		to   *json.RawMessage
		from signable
	}{{&f.Next, d.next()}, {&f.Delegator, d.delegator}}
	switch {
	case d.rootBefore != nil:
		parts = append(parts, struct {
			to   *json.RawMessage
			from signable
		}{&f.Before, d.rootBefore})
	case d.before != nil:
		parts = append(parts, struct {
			to   *json.RawMessage
			from signable
		}{&f.Before, d.before})
	}
	for _, p := range parts {
		if p.from == nil {
			continue
		}
		data, err := p.from.ToBytes(false)
		if err != nil {
			return nil, fmt.Errorf("encoding the draft of %q: %w", d.role, err)
		}
		*p.to = data
	}
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encoding the draft of %q: %w", d.role, err)
	}
	return append(data, '\n'), nil
}

// ParseDraft reads the file of a draft. It checks its form and that the
// documents in it are those the metadata names; whether its delegator is the
// repository's shows when it is finished.
func ParseDraft(data []byte) (*Draft, error) {
	bad := func(err error) (*Draft, error) { return nil, &Error{Reason: CodeBadDraft, Cause: err} }
	var f draftFile
	if len(data) > DraftLimit {
		return bad(fmt.Errorf("more than %d bytes", DraftLimit))
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return bad(err)
	}
	if f.Schema != manifest.Schema {
		return bad(fmt.Errorf("schema %d, want %d", f.Schema, manifest.Schema))
	}
	d := &Draft{role: f.Role, documents: f.Documents}
	if err := d.decode(f); err != nil {
		return bad(err)
	}
	if err := d.nothingHidden(f.Next); err != nil {
		return bad(err)
	}
	for digest, document := range d.documents {
		if sum := sha256.Sum256(document); hexOf(sum[:]) != digest {
			return bad(fmt.Errorf("document %.64q has another digest", digest))
		}
	}
	return d, nil
}

// decode reads the metadata in the file of a draft.
func (d *Draft) decode(f draftFile) error {
	if !isName(f.Role) || f.Role == metadata.SNAPSHOT || f.Role == metadata.TIMESTAMP {
		return fmt.Errorf("role %.40q is not signed by way of a file", f.Role)
	}
	var err error
	if f.Role == metadata.ROOT {
		if d.root, err = decode[metadata.RootType](f.Next); err != nil {
			return err
		}
		if f.Before != nil {
			d.rootBefore, err = decode[metadata.RootType](f.Before)
		}
		return err
	}
	if d.targets, err = decode[metadata.TargetsType](f.Next); err != nil {
		return err
	}
	if f.Before != nil {
		if d.before, err = decode[metadata.TargetsType](f.Before); err != nil {
			return err
		}
	}
	if f.Role == metadata.TARGETS {
		d.delegator, err = decode[metadata.RootType](f.Delegator)
		return err
	}
	d.delegator, err = decode[metadata.TargetsType](f.Delegator)
	return err
}

// decode reads metadata, and refuses what go-tuf would stumble over: entries
// that are null.
func decode[T metadata.Roles](data json.RawMessage) (*metadata.Metadata[T], error) {
	if len(data) == 0 {
		return nil, errors.New("a part is missing")
	}
	m, err := new(metadata.Metadata[T]).FromBytes(data)
	if err != nil {
		return nil, err
	}
	switch part := any(m).(type) {
	case *rootFile:
		for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
			if part.Signed.Roles[role] == nil {
				return nil, fmt.Errorf("root has no role %q", role)
			}
		}
		return m, nullKey(part.Signed.Keys)
	case *targetsFile:
		for path, t := range part.Signed.Targets {
			if t == nil {
				return nil, fmt.Errorf("target %q is null", path)
			}
		}
		if part.Signed.Delegations != nil {
			return m, nullKey(part.Signed.Delegations.Keys)
		}
	}
	return m, nil
}

func nullKey(keys map[string]*metadata.Key) error {
	for id, key := range keys {
		if key == nil {
			return fmt.Errorf("key %q is null", id)
		}
	}
	return nil
}
