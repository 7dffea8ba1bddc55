package publish

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// signable is metadata of any role.
type signable interface {
	ToBytes(pretty bool) ([]byte, error)
	ClearSignatures()
}

// authority is who may sign for a role, as its delegator says.
type authority struct {
	role      string
	ids       []string
	keys      map[string]*metadata.Key
	threshold int
}

// Quorum is how far the signatures of a role have come.
type Quorum struct {
	Role      string
	By        string // whose keys count: the role itself, or "root before"
	Threshold int
	Signed    []string // names of the keys that have signed, or the beginning of their identifiers
	Missing   []string // those of the others that may

	complete bool
}

// Complete reports whether enough have signed, as a client counts it.
func (q Quorum) Complete() bool { return q.complete }

// rootAuthority gives who may sign for one of the four roles of root.
func rootAuthority(root *rootFile, role string) authority {
	r := root.Signed.Roles[role]
	if r == nil {
		return authority{role: role}
	}
	return authority{role: role, ids: r.KeyIDs, keys: root.Signed.Keys, threshold: r.Threshold}
}

// targetsAuthority gives who may sign for a role that targets delegates to.
func targetsAuthority(targets *targetsFile, role string) authority {
	d := targets.Signed.Delegations
	if d == nil {
		return authority{role: role}
	}
	for _, r := range d.Roles {
		if r.Name == role {
			return authority{role: role, ids: r.KeyIDs, keys: d.Keys, threshold: r.Threshold}
		}
	}
	return authority{role: role}
}

// signed reports whether m carries a good signature of the key id.
func (a authority) signed(m signable, id string) bool {
	return a.keys[id] != nil && a.verifies(m, []string{id}, 1)
}

// verifies asks go-tuf, so that the answer is the one a client finds: whether
// threshold of the keys have signed m, each counted once whatever it is called.
func (a authority) verifies(m signable, ids []string, threshold int) bool {
	delegator := &rootFile{Signed: metadata.RootType{
		Keys:  a.keys,
		Roles: map[string]*metadata.Role{a.role: {KeyIDs: ids, Threshold: threshold}},
	}}
	return delegator.VerifyDelegate(a.role, m) == nil
}

// quorum counts the signatures of m.
func (a authority) quorum(m signable) Quorum {
	q := Quorum{Role: a.role, By: a.role, Threshold: a.threshold}
	for _, id := range a.ids {
		if a.signed(m, id) {
			q.Signed = append(q.Signed, a.called(id))
		} else {
			q.Missing = append(q.Missing, a.called(id))
		}
	}
	q.complete = a.verifies(m, a.ids, a.threshold)
	return q
}

// refusal is the error for a quorum that is not complete.
func (q Quorum) refusal() error {
	if q.Complete() {
		return nil
	}
	return &Error{
		Reason: CodeUnsigned, Role: q.Role, Name: strings.Join(q.Missing, ", "),
		Expected: strconv.Itoa(q.Threshold), Found: strconv.Itoa(len(q.Signed)),
	}
}

// called is the name of a key, or the beginning of its identifier.
func (a authority) called(id string) string {
	if name := keyName(a.keys[id]); name != "" {
		return name
	}
	return id[:min(len(id), 8)]
}

// find gives the identifier of the key called name, which may also be an
// identifier or its beginning; "" when there is none, or more than one.
func (a authority) find(name string) string {
	var found []string
	for _, id := range a.ids {
		if keyName(a.keys[id]) == name || len(name) >= 8 && strings.HasPrefix(id, name) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// names lists what the keys of the authority may be called in a store. Keys
// without a name are those of a role that has one, or of root.
func (a authority) names(id string) []string {
	switch name := keyName(a.keys[id]); {
	case name != "":
		return []string{name}
	case a.role == metadata.ROOT:
		return []string{"root-1", "root-2", "root-3"}
	}
	return []string{a.role}
}

// holder is a key that may sign and is at hand.
type holder struct {
	id, name string
	signer   signature.Signer
}

// holders opens the keys of the authority that the store has. None at all is
// an *Error with CodeMissingKey, or with CodeWrongKey when a key has the right
// name but is another one.
func (a authority) holders(keys KeyStore) ([]holder, error) {
	var found []holder
	var absent []string
	wrong := ""
	for _, id := range a.ids {
		for _, name := range a.names(id) {
			if !keys.Has(name) {
				absent = append(absent, name)
				continue
			}
			public, err := PublicKeyOf(keys, name)
			if err != nil {
				return nil, err
			}
			if public.ID != id {
				wrong = name
				continue
			}
			s, err := keys.Signer(name)
			if err != nil {
				return nil, err
			}
			found = append(found, holder{id: id, name: name, signer: s})
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case wrong != "":
		return nil, &Error{Reason: CodeWrongKey, Role: a.role, Name: wrong}
	}
	return nil, &Error{Reason: CodeMissingKey, Role: a.role, Name: strings.Join(slices.Compact(absent), ", ")}
}

// endorse adds the signatures of holders that m does not carry yet, and gives
// the names of those that were added.
func (a authority) endorse(m signable, holders []holder) ([]string, error) {
	var added []string
	payload, err := canonical(m)
	if err != nil {
		return nil, err
	}
	for _, h := range holders {
		if a.signed(m, h.id) {
			continue
		}
		// go-tuf's own Sign says nothing about what went wrong with a token.
		sig, err := h.signer.SignMessage(bytes.NewReader(payload))
		if err != nil {
			return added, fmt.Errorf("signing %q with key %q: %w", a.role, h.name, err)
		}
		drop(m, h.id)
		all := signatures(m)
		*all = append(*all, metadata.Signature{KeyID: h.id, Signature: sig})
		if !a.signed(m, h.id) {
			return added, &Error{Reason: CodeBadKey, Role: h.name, Expected: "a good signature", Found: "another"}
		}
		added = append(added, h.name)
	}
	return added, nil
}

// signatures gives the signatures of m, to be changed. There are no other
// kinds of metadata than these.
func signatures(m signable) *[]metadata.Signature {
	switch m := m.(type) {
	case *rootFile:
		return &m.Signatures
	case *targetsFile:
		return &m.Signatures
	case *metadata.Metadata[metadata.SnapshotType]:
		return &m.Signatures
	case *metadata.Metadata[metadata.TimestampType]:
		return &m.Signatures
	}
	return new([]metadata.Signature)
}

// canonical gives the bytes that are signed.
func canonical(m signable) ([]byte, error) {
	var signed any
	switch m := m.(type) {
	case *rootFile:
		signed = m.Signed
	case *targetsFile:
		signed = m.Signed
	case *metadata.Metadata[metadata.SnapshotType]:
		signed = m.Signed
	case *metadata.Metadata[metadata.TimestampType]:
		signed = m.Signed
	}
	data, err := cjson.EncodeCanonical(signed)
	if err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return data, nil
}

// drop takes the signatures of a key away: two of the same key make a file
// that no client reads.
func drop(m signable, id string) {
	all := signatures(m)
	*all = slices.DeleteFunc(*all, func(s metadata.Signature) bool { return s.KeyID == id })
}

// adopt copies the good signatures of the authority from one copy of the same
// metadata to another.
func (a authority) adopt(to, from signable) {
	for _, s := range *signatures(from) {
		if slices.Contains(a.ids, s.KeyID) && !a.signed(to, s.KeyID) && a.signed(from, s.KeyID) {
			drop(to, s.KeyID)
			*signatures(to) = append(*signatures(to), s)
		}
	}
}

// signedDigest is the SHA-256 of what is signed, hexadecimal: the same for all
// copies, however many signatures they carry.
func signedDigest(m signable) (string, error) {
	data, err := canonical(m)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hexOf(sum[:]), nil
}

// copyOf gives metadata that shares nothing with m.
func copyOf[T metadata.Roles](m *metadata.Metadata[T]) (*metadata.Metadata[T], error) {
	data, err := m.ToBytes(false)
	if err != nil {
		return nil, err
	}
	return new(metadata.Metadata[T]).FromBytes(bytes.Clone(data))
}
