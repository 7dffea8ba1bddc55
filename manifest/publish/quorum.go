package publish

import (
	"slices"
	"strconv"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// KeyChange says how the keys of a role change.
type KeyChange struct {
	Add    []PublicKey
	Remove []string // by name, or by an identifier or its beginning, at least 8 digits
	// Threshold is how many have to sign; 0 keeps the number as it is, and is
	// more than half of the keys where the role has none yet.
	Threshold int
}

// keyed is what holds the keys of roles: root or targets.
type keyed interface {
	AddKey(key *metadata.Key, role string) error
	RevokeKey(id, role string) error
}

// apply changes the keys of a.role in holder, and gives the new threshold.
func (c KeyChange) apply(a authority, holder keyed) (threshold int, err error) {
	ids := slices.Clone(a.ids)
	for _, name := range c.Remove {
		id := a.find(name)
		if id == "" || !slices.Contains(ids, id) {
			return 0, &Error{Reason: CodeUnknownKey, Role: a.role, Name: name, Expected: join(a.all())}
		}
		if err := holder.RevokeKey(id, a.role); err != nil {
			return 0, &Error{Reason: CodeUnknownKey, Role: a.role, Name: name, Cause: err}
		}
		ids = slices.DeleteFunc(ids, func(known string) bool { return known == id })
	}
	names := map[string]bool{}
	for _, id := range ids {
		names[a.called(id)] = true
	}
	for _, key := range c.Add {
		if slices.Contains(ids, key.ID) || names[key.Name] {
			return 0, &Error{Reason: CodeKeyTwice, Role: a.role, Name: key.Name, Found: a.role}
		}
		if err := holder.AddKey(key.key, a.role); err != nil {
			return 0, &Error{Reason: CodeBadKey, Role: key.Name, Cause: err}
		}
		ids, names[key.Name] = append(ids, key.ID), true
	}
	threshold = c.Threshold
	switch {
	case threshold == 0 && len(a.ids) == 0:
		threshold = len(ids)/2 + 1
	case threshold == 0:
		threshold = a.threshold
	}
	if threshold < 1 || threshold > len(ids) {
		return 0, &Error{
			Reason: CodeBadQuorum, Role: a.role,
			Expected: strconv.Itoa(threshold), Found: strconv.Itoa(len(ids)),
		}
	}
	return threshold, nil
}

// all lists what the keys of the authority are called.
func (a authority) all() []string {
	var names []string
	for _, id := range a.ids {
		names = append(names, a.called(id))
	}
	return names
}
