package publish

import (
	"errors"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Delegate gives a publisher the paths it alone signs for from now on, and
// makes its key NAME.key unless there is one. A path is a plain one or ends
// in /**, which covers five levels. Paths that another publisher has, and
// paths with something published in them by targets, are refused.
func (r *Repo) Delegate(name string, paths []string) error {
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
	if len(paths) == 0 {
		return &Error{Reason: CodeBadPaths, Role: name, Expected: "components/NAME/**", Found: "nothing"}
	}
	var patterns []string
	for _, path := range paths {
		more, ok := expand(path)
		if !ok {
			return &Error{Reason: CodeBadPaths, Role: name, Name: path, Expected: "components/NAME/**", Found: path}
		}
		patterns = append(patterns, more...)
	}
	if err := s.free(patterns); err != nil {
		return err
	}
	// Without the key of targets the delegation could not be signed; asking
	// for it first keeps a stray publisher's key from being made.
	if _, err := r.config.Keys.Signer(metadata.TARGETS); err != nil {
		return err
	}
	return r.addRole(s, name, patterns)
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
func (r *Repo) addRole(s *state, name string, patterns []string) error {
	_, key, err := r.key(name)
	if err != nil {
		return err
	}
	signed := &s.roles[metadata.TARGETS].Signed
	if signed.Delegations == nil {
		signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	}
	signed.Delegations.Roles = append(signed.Delegations.Roles, metadata.DelegatedRole{
		Name: name, KeyIDs: []string{}, Threshold: 1, Terminating: true, Paths: patterns,
	})
	if err := signed.AddKey(key, name); err != nil {
		return errors.Join(&Error{Reason: CodeBadKey, Role: name}, err)
	}
	s.roles[name] = metadata.Targets()
	if err := r.sign(s, name); err != nil {
		return err
	}
	return r.sign(s, metadata.TARGETS)
}
