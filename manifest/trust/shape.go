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
	Succinct *succinctShape      `json:"succinct_roles"`
}

type succinctShape struct {
	Bits int `json:"bit_length"`
}

// inspect checks everything about a metadata file that needs no key: that it
// is plain JSON of the right kind, and that all entries the verification
// relies on are present. file names it in errors.
func (rules Rules) inspect(role, file string, data []byte) (header, error) {
	fail := func(reason string, cause error) (header, error) {
		return header{}, &Error{Reason: reason, Role: role, File: file, Cause: cause}
	}
	if looksLikeHTML(data) {
		return header{}, &Error{Reason: CodeNotJSON, Role: role, File: file, Expected: "JSON", Found: "HTML"}
	}
	if err := scan(data, rules); errors.Is(err, errCutShort) {
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
		return header{}, &Error{
			Reason: CodeBadSignature, Role: role, File: file, Expected: "≥ 1", Found: "0", Cause: errors.New("no signature"),
		}
	}
	var key *keyError
	if err := outer.Signed.check(role, rules); errors.As(err, &key) {
		return header{}, &Error{
			Reason: CodeBadKey, Role: role, File: file, Expected: supportedKeys, Found: key.found, Cause: err,
		}
	} else if err != nil {
		return fail(CodeMalformed, err)
	}
	return outer.Signed.header, nil
}

func (s *shape) check(role string, rules Rules) error {
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
		return s.checkRoot(rules)
	case "timestamp":
		return checkMeta(s.Meta, "snapshot.json", rules)
	case "snapshot":
		return checkMeta(s.Meta, "targets.json", rules)
	default:
		return s.checkTargets(rules)
	}
}

func (s *shape) checkRoot(rules Rules) error {
	if rules.strict() && (s.Consistent == nil || !*s.Consistent) {
		return errors.New("consistent_snapshot is not true")
	}
	if err := rules.checkKeys(s.Keys); err != nil {
		return err
	}
	for _, name := range topLevel() {
		role, ok := s.Roles[name]
		if !ok {
			return fmt.Errorf("no role %q", name)
		}
		if err := role.check(s.Keys, rules); err != nil {
			return fmt.Errorf("role %q: %w", name, err)
		}
	}
	return nil
}

// check asks for as many different known keys as the threshold needs.
func (r roleShape) check(keys map[string]keyShape, rules Rules) error {
	if !rules.strict() {
		return nil
	}
	known := map[string]bool{}
	for _, id := range r.KeyIDs {
		if _, ok := keys[id]; !ok {
			return fmt.Errorf("key %q is missing", id)
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
func checkMeta(meta map[string]fileShape, required string, rules Rules) error {
	if _, ok := meta[required]; !ok {
		return fmt.Errorf("no entry %q", required)
	}
	for name, f := range meta {
		role, ok := strings.CutSuffix(name, ".json")
		if !ok || rules.strict() && !roleName(role) {
			return fmt.Errorf("entry %q is not the file of a role", name)
		}
		if !rules.strict() {
			continue
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

func (s *shape) checkTargets(rules Rules) error {
	if s.Targets == nil {
		return errors.New("no targets")
	}
	if rules.strict() {
		for name, f := range s.Targets {
			if !targetPath(name) {
				return fmt.Errorf("target %q: not a plain path", name)
			}
			if err := f.check(); err != nil {
				return fmt.Errorf("target %q: %w", name, err)
			}
		}
	}
	if s.Delegations == nil {
		return nil
	}
	return s.Delegations.check(rules)
}

func (d *delegationShape) check(rules Rules) error {
	if err := rules.checkKeys(d.Keys); err != nil {
		return err
	}
	switch {
	case d.Succinct == nil:
	case rules.strict():
		return errors.New("succinct roles are not supported")
	case d.Succinct.Bits < 1 || d.Succinct.Bits > 32:
		return fmt.Errorf("succinct roles of %d bits", d.Succinct.Bits)
	}
	names := map[string]bool{}
	for _, role := range d.Roles {
		if isTopLevel(role.Name) || role.Name == "" || names[role.Name] || rules.strict() && !roleName(role.Name) {
			return fmt.Errorf("delegated role %q: not a name for a role, or one that is taken", role.Name)
		}
		names[role.Name] = true
		if err := role.checkPaths(rules); err != nil {
			return fmt.Errorf("delegated role %q: %w", role.Name, err)
		}
		if err := role.check(d.Keys, rules); err != nil {
			return fmt.Errorf("delegated role %q: %w", role.Name, err)
		}
	}
	return nil
}

// checkPaths wants patterns that mean the same on every system: a backslash
// quotes on one and separates on another.
func (r roleShape) checkPaths(rules Rules) error {
	if !rules.strict() {
		return nil
	}
	if len(r.Paths) == 0 || r.Prefixes != nil {
		return errors.New("want paths")
	}
	for _, pattern := range r.Paths {
		if strings.Contains(pattern, `\`) {
			return fmt.Errorf("path %q: a backslash", pattern)
		}
	}
	return nil
}
