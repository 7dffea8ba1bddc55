package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// header is what every metadata file says about itself.
type header struct {
	Type    string    `json:"_type"`
	Version int64     `json:"version"`
	Expires time.Time `json:"expires"`
}

// shape lists the entries whose absence or emptiness go-tuf does not expect.
// It is filled from the signed part of a file of any role.
type shape struct {
	header
	Consistent  *bool                `json:"consistent_snapshot"`
	Keys        map[string]keyShape  `json:"keys"`
	Roles       map[string]roleShape `json:"roles"`
	Meta        map[string]fileShape `json:"meta"`
	Targets     map[string]fileShape `json:"targets"`
	Delegations *delegationShape     `json:"delegations"`
}

type keyShape struct {
	Type   string `json:"keytype"`
	Scheme string `json:"scheme"`
	Value  struct {
		Public string `json:"public"`
	} `json:"keyval"`
}

type roleShape struct {
	Name      string   `json:"name"`
	KeyIDs    []string `json:"keyids"`
	Threshold int      `json:"threshold"`
	Paths     []string `json:"paths"`
	Prefixes  []string `json:"path_hash_prefixes"`
}

type fileShape struct {
	Length  *int64            `json:"length"`
	Version int64             `json:"version"`
	Hashes  map[string]string `json:"hashes"`
}

type delegationShape struct {
	Keys     map[string]keyShape `json:"keys"`
	Roles    []roleShape         `json:"roles"`
	Succinct json.RawMessage     `json:"succinct_roles"`
}

// inspect checks everything about a metadata file that needs no key: that it
// is plain JSON of the right kind, and that all entries the verification
// relies on are present. file names it in errors.
func inspect(role, file string, data []byte) (header, error) {
	fail := func(reason string, cause error) (header, error) {
		return header{}, &Error{Reason: reason, Role: role, File: file, Cause: cause}
	}
	if looksLikeHTML(data) {
		return header{}, &Error{Reason: CodeNotJSON, Role: role, File: file, Expected: "JSON", Found: "HTML"}
	}
	if err := scan(data); errors.Is(err, errCutShort) {
		return fail(CodeTruncated, err)
	} else if err != nil {
		return fail(CodeMalformed, err)
	}
	var outer struct {
		Signed     shape `json:"signed"`
		Signatures []struct {
			KeyID string `json:"keyid"`
			Sig   string `json:"sig"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal(data, &outer); err != nil {
		return fail(CodeMalformed, err)
	}
	if len(outer.Signatures) == 0 {
		return fail(CodeBadSignature, errors.New("no signature"))
	}
	if err := outer.Signed.check(role); err != nil {
		return fail(CodeMalformed, err)
	}
	return outer.Signed.header, nil
}

func (s *shape) check(role string) error {
	kind := role
	switch role {
	case "root", "timestamp", "snapshot":
	default:
		kind = "targets"
	}
	switch {
	case s.Type != kind:
		return fmt.Errorf("type is %q, want %q", s.Type, kind)
	case s.Version < 1:
		return fmt.Errorf("version is %d", s.Version)
	case s.Expires.IsZero():
		return errors.New("no expiry")
	}
	switch kind {
	case "root":
		return s.checkRoot()
	case "timestamp":
		return checkMeta(s.Meta, "snapshot.json")
	case "snapshot":
		return checkMeta(s.Meta, "targets.json")
	default:
		return s.checkTargets()
	}
}

func (s *shape) checkRoot() error {
	if s.Consistent == nil || !*s.Consistent {
		return errors.New("consistent_snapshot is not true")
	}
	for _, name := range topLevel() {
		role, ok := s.Roles[name]
		if !ok {
			return fmt.Errorf("no role %q", name)
		}
		if err := role.check(s.Keys); err != nil {
			return fmt.Errorf("role %q: %w", name, err)
		}
	}
	return nil
}

// check asks for as many different known keys as the threshold needs.
func (r roleShape) check(keys map[string]keyShape) error {
	known := map[string]bool{}
	for _, id := range r.KeyIDs {
		key, ok := keys[id]
		if !ok || key.Type == "" || key.Scheme == "" || key.Value.Public == "" {
			return fmt.Errorf("key %q is missing or incomplete", id)
		}
		known[id] = true
	}
	if r.Threshold < 1 || r.Threshold > len(known) {
		return fmt.Errorf("threshold %d of %d keys", r.Threshold, len(known))
	}
	return nil
}

// checkMeta wants length and SHA-256 of every file: with them nothing a
// mirror wrote reaches the parser.
func checkMeta(meta map[string]fileShape, required string) error {
	if _, ok := meta[required]; !ok {
		return fmt.Errorf("no entry %q", required)
	}
	for name, f := range meta {
		role, ok := strings.CutSuffix(name, ".json")
		if !ok || !roleName(role) {
			return fmt.Errorf("entry %q is not the file of a role", name)
		}
		if f.Version < 1 {
			return fmt.Errorf("entry %q: version is %d", name, f.Version)
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("entry %q: %w", name, err)
		}
	}
	return nil
}

func (f fileShape) check() error {
	switch {
	case f.Length == nil || *f.Length < 0:
		return errors.New("no length")
	case len(f.Hashes) != 1 || len(f.Hashes["sha256"]) != 64:
		return errors.New("want exactly one hash, sha256")
	}
	return nil
}

func (s *shape) checkTargets() error {
	if s.Targets == nil {
		return errors.New("no targets")
	}
	for name, f := range s.Targets {
		if !targetPath(name) {
			return fmt.Errorf("target %q: not a plain path", name)
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("target %q: %w", name, err)
		}
	}
	if s.Delegations == nil {
		return nil
	}
	if s.Delegations.Succinct != nil {
		return errors.New("succinct roles are not supported")
	}
	names := map[string]bool{}
	for _, role := range s.Delegations.Roles {
		if !roleName(role.Name) || isTopLevel(role.Name) || names[role.Name] {
			return fmt.Errorf("delegated role %q: not a name for a role, or one that is taken", role.Name)
		}
		names[role.Name] = true
		if len(role.Paths) == 0 || role.Prefixes != nil {
			return fmt.Errorf("delegated role %q: want paths", role.Name)
		}
		if err := role.check(s.Delegations.Keys); err != nil {
			return fmt.Errorf("delegated role %q: %w", role.Name, err)
		}
	}
	return nil
}
