package publish

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// RootChange says how the keys of root, targets, snapshot and timestamp
// change, by role.
type RootChange map[string]KeyChange

// PrepareRoot drafts the next root of the repository in c.Dir, or its first
// one where there is no repository yet. It needs no key and writes nothing.
func PrepareRoot(c Config, change RootChange) (*Draft, error) {
	live, err := liveRoot(c)
	if err != nil {
		return nil, err
	}
	next := metadata.Root()
	next.Signed.Version = 0
	if live != nil {
		if next, err = copyOf(live); err != nil {
			return nil, fmt.Errorf("copying root: %w", err)
		}
	}
	next.ClearSignatures()
	next.Signed.Version++
	c.Lives = c.Lives.orDefault()
	if next.Signed.Expires, err = (&Repo{config: c}).expiry(metadata.ROOT); err != nil {
		return nil, err
	}
	for _, role := range slices.Sorted(maps.Keys(change)) {
		if next.Signed.Roles[role] == nil || role == "mirrors" {
			return nil, &Error{Reason: CodeUnknownRole, Role: role}
		}
		a := rootAuthority(next, role)
		threshold, err := change[role].apply(a, &next.Signed)
		if err != nil {
			return nil, err
		}
		next.Signed.Roles[role].Threshold = threshold
	}
	if err := checkRoot(next); err != nil {
		return nil, err
	}
	return &Draft{role: metadata.ROOT, root: next, rootBefore: live}, nil
}

// liveRoot reads the newest root of the repository; nil where there is none.
func liveRoot(c Config) (*rootFile, error) {
	r, err := Open(c)
	var e *Error
	if errors.As(err, &e) && e.Reason == CodeNoRepository {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &state{}
	return s.live, errors.Join(r.loadRoot(s), r.Close())
}

// checkRoot refuses a root whose roles lack keys, or share one that must not
// be shared: a key that is online must not sign what is kept offline.
func checkRoot(root *rootFile) error {
	owner := map[string]string{}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		a := rootAuthority(root, role)
		if a.threshold < 1 || len(a.ids) < a.threshold {
			return &Error{Reason: CodeBadQuorum, Role: role, Expected: fmt.Sprint(max(1, a.threshold)), Found: fmt.Sprint(len(a.ids))}
		}
		for _, id := range a.ids {
			online := role == metadata.TIMESTAMP && owner[id] == metadata.SNAPSHOT
			if owner[id] != "" && !online {
				return &Error{Reason: CodeKeyTwice, Role: role, Name: a.called(id), Found: owner[id]}
			}
			owner[id] = role
		}
	}
	return nil
}

// FinishRoot takes a root that both quorums have signed: it counts from the
// next Publish on. Where there is no repository in c.Dir one is founded, with
// targets and an empty catalogue; its key is made if need be.
func FinishRoot(c Config, d *Draft) error {
	if d.root == nil {
		return &Error{Reason: CodeBadDraft, Expected: metadata.ROOT, Found: d.role}
	}
	if d.root.Signed.IsExpired(c.Now()) {
		return expired(metadata.ROOT, d.root.Signed.Expires)
	}
	if err := checkRoot(d.root); err != nil {
		return err
	}
	r, err := Open(c)
	var e *Error
	switch {
	case errors.As(err, &e) && e.Reason == CodeNoRepository:
		return foundFrom(c, d)
	case err != nil:
		return err
	}
	return errors.Join(r.finishRoot(d), r.Close())
}

// finishRoot checks the draft against what clients have, and puts it in the
// place of the next root.
func (r *Repo) finishRoot(d *Draft) error {
	s := &state{}
	if err := r.loadRoot(s); err != nil && s.live == nil {
		return err
	}
	if err := succeeds(s.live, d.root); err != nil {
		return err
	}
	return r.saveRoot(d.root)
}

func (r *Repo) saveRoot(root *rootFile) error {
	data, err := root.ToBytes(false)
	if err != nil {
		return fmt.Errorf("encoding root: %w", err)
	}
	return r.files.write(nextRoot, data, 0o644)
}

// foundFrom founds a repository on a first root that holders have signed.
func foundFrom(c Config, d *Draft) error {
	if err := succeeds(nil, d.root); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("making repository %q: %w", c.Dir, err)
	}
	r, err := attach(c)
	if err != nil {
		return err
	}
	_, err = r.foundRoles(d.root)
	if err == nil {
		// The root comes last: with it the directory is a repository.
		err = r.saveRoot(d.root)
	}
	return errors.Join(err, r.Close())
}

// found makes the keys that are missing, a first root signed by them, and a
// first publication of nothing.
func (r *Repo) found() error {
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP, Catalogue} {
		if _, err := r.expiry(role); err != nil {
			return err
		}
	}
	change := RootChange{}
	for role, names := range map[string][]string{
		metadata.ROOT:      {"root-1", "root-2", "root-3"},
		metadata.TARGETS:   {metadata.TARGETS},
		metadata.SNAPSHOT:  {metadata.SNAPSHOT},
		metadata.TIMESTAMP: {metadata.TIMESTAMP},
	} {
		var add []PublicKey
		for _, name := range names {
			key, err := r.key(name)
			if err != nil {
				return err
			}
			add = append(add, key)
		}
		change[role] = KeyChange{Add: add}
	}
	d, err := PrepareRoot(r.config, change)
	if err != nil {
		return err
	}
	if _, err := d.Sign(r.config.Keys); err != nil {
		return err
	}
	if err := succeeds(nil, d.root); err != nil {
		return err
	}
	s, err := r.foundRoles(d.root)
	if err != nil {
		return err
	}
	return r.publish(s)
}

// foundRoles writes targets with its delegation to catalogue.
func (r *Repo) foundRoles(root *rootFile) (*state, error) {
	if err := r.files.root.MkdirAll("targets", 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of targets: %w", err)
	}
	s := &state{
		root: root, published: map[string]int64{}, pending: map[string]bool{},
		roles: map[string]*targetsFile{metadata.TARGETS: metadata.Targets()},
	}
	key, err := r.key(Catalogue)
	if err != nil {
		return nil, err
	}
	patterns := []string{"channels/*", "advisories.json"}
	return s, r.addRole(s, Catalogue, patterns, KeyChange{Add: []PublicKey{key}})
}

func join(names []string) string { return strings.Join(names, ", ") }
