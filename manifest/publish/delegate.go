package publish

import (
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Delegate gives a publisher the paths it alone signs for from now on, and
// makes its key NAME unless there is one. A path is a plain one or ends in
// /**, which covers five levels. Paths that another publisher has, and paths
// with something published in them by targets, are refused.
func (r *Repo) Delegate(name string, paths []string) error {
	return r.DelegateKeys(name, paths, nil, 0)
}

// DelegateKeys does the same with the public keys that the publisher made
// itself, whose private parts nobody else ever sees. Threshold of them have to
// sign, 0 for more than half. The first, empty metadata of the publisher waits
// for its signatures.
func (r *Repo) DelegateKeys(name string, paths []string, keys []PublicKey, threshold int) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	if !isName(name) || roleTaken(name) {
		return &Error{Reason: CodeBadName, Name: name, Expected: "[a-z0-9-]{1,32}, not the name of a role of TUF"}
	}
	if s.roles[name] != nil {
		return &Error{Reason: CodeRoleExists, Role: name}
	}
	patterns, err := expandAll(name, paths)
	if err != nil {
		return err
	}
	if err := s.free(patterns); err != nil {
		return err
	}
	// Without the key of targets the delegation could not be signed; asking
	// for it first keeps a stray publisher's key from being made.
	if err := r.ready(s, metadata.TARGETS); err != nil {
		return err
	}
	if _, err := r.expiry(name); err != nil {
		return err
	}
	if len(keys) == 0 {
		key, err := r.key(name)
		if err != nil {
			return err
		}
		keys = []PublicKey{key}
	}
	return r.addRole(s, name, patterns, KeyChange{Add: keys, Threshold: threshold})
}

func expandAll(name string, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, &Error{Reason: CodeBadPaths, Role: name, Expected: "components/NAME/**", Found: "nothing"}
	}
	var patterns []string
	for _, path := range paths {
		more, ok := expand(path)
		if !ok {
			return nil, &Error{Reason: CodeBadPaths, Role: name, Name: path, Expected: "components/NAME/**", Found: path}
		}
		patterns = append(patterns, more...)
	}
	return patterns, nil
}

// free refuses patterns under which somebody else signs already.
func (s *state) free(patterns []string) error {
	for _, p := range patterns {
		for _, d := range s.delegations() {
			for _, taken := range d.Paths {
				if overlap(p, taken) {
					return &Error{Reason: CodePathTaken, Role: d.Name, Name: p, Found: taken}
				}
			}
		}
		for target := range s.roles[metadata.TARGETS].Signed.Targets {
			if overlap(p, target) {
				return &Error{Reason: CodePathTaken, Role: metadata.TARGETS, Name: p, Found: target}
			}
		}
	}
	return nil
}

// addRole enters a role in targets and writes both: the new role first, since
// targets makes it exist.
func (r *Repo) addRole(s *state, name string, patterns []string, keys KeyChange) error {
	signed := &s.roles[metadata.TARGETS].Signed
	if signed.Delegations == nil {
		signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	}
	signed.Delegations.Roles = append(signed.Delegations.Roles, metadata.DelegatedRole{
		Name: name, KeyIDs: []string{}, Threshold: 1, Terminating: true, Paths: patterns,
	})
	if err := s.rekey(name, keys); err != nil {
		return err
	}
	s.roles[name] = metadata.Targets()
	if err := r.sign(s, name); err != nil {
		return err
	}
	return r.sign(s, metadata.TARGETS)
}

// rekey changes the keys of a role that targets delegates to.
func (s *state) rekey(name string, keys KeyChange) error {
	signed := &s.roles[metadata.TARGETS].Signed
	threshold, err := keys.apply(s.authority(name), signed)
	if err != nil {
		return err
	}
	for i := range signed.Delegations.Roles {
		if signed.Delegations.Roles[i].Name == name {
			signed.Delegations.Roles[i].Threshold = threshold
		}
	}
	return nil
}

// Rotate changes the keys of a publisher or of the catalogue. Targets signs
// the change; where what is published does not carry enough signatures of the
// keys that remain, the role is signed anew, or waits for its holders. The
// keys of root, targets, snapshot and timestamp are changed by a new root.
func (r *Repo) Rotate(role string, change KeyChange) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	if role == metadata.TARGETS || s.root.Signed.Roles[role] != nil {
		return &Error{Reason: CodeRootRole, Role: role}
	}
	if s.roles[role] == nil {
		return &Error{Reason: CodeUnknownRole, Role: role}
	}
	if err := r.ready(s, metadata.TARGETS); err != nil {
		return err
	}
	if _, err := r.expiry(role); err != nil {
		return err
	}
	if err := s.rekey(role, change); err != nil {
		return err
	}
	if s.quorum(role).refusal() != nil {
		if err := r.advance(s, role); err != nil {
			return err
		}
		if err := r.save(s, role); err != nil {
			return err
		}
	}
	return r.sign(s, metadata.TARGETS)
}
