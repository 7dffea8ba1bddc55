package trusttest

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
)

// Sim is a repository that may be whatever the TUF specification allows, where
// a Repo is one of releve's own. It is an http.Handler and writes down what it
// was asked for. Roles begin at version 1, signed by one ed25519 key each.
type Sim struct {
	// Files are what is served, by path: "metadata/2.snapshot.json" with the
	// role as in a URL, "targets/" and the path of a target.
	Files map[string][]byte
	// Listed lets snapshot and timestamp name length and SHA-256 of what they
	// list, beside the version.
	Listed bool

	t       testing.TB
	signed  map[string]object // by role, as the next Publish signs it
	signers map[string][]*Key
	count   map[string]int // how often a role was published

	mu    sync.Mutex
	asked []string
}

// NewSim makes a repository with the four top-level roles, published.
func NewSim(t testing.TB) *Sim {
	t.Helper()
	s := &Sim{
		t: t, Files: map[string][]byte{},
		signed: map[string]object{}, signers: map[string][]*Key{}, count: map[string]int{},
	}
	expires := Start().AddDate(0, 0, 30)
	for _, role := range []string{"root", "timestamp", "snapshot", Targets} {
		s.signed[role] = object{"_type": role, "spec_version": "1.0.31", "version": 0}
		s.Expire(role, expires)
	}
	root := s.signed["root"]
	root["consistent_snapshot"], root["keys"], root["roles"] = true, object{}, object{}
	s.signed["timestamp"]["meta"], s.signed["snapshot"]["meta"], s.signed[Targets]["targets"] = object{}, object{}, object{}
	for role := range s.signed {
		k := NewKey(t, Ed25519)
		s.Allow("root", role, 1, k)
		s.SignWith(role, k)
	}
	s.Publish(Targets, "snapshot", "timestamp", "root")
	return s
}

// Expire sets the date of a role.
func (s *Sim) Expire(role string, at time.Time) {
	s.signed[role]["expires"] = at.UTC().Format(time.RFC3339)
}

// Signed gives the signed part of a role, to be changed before Publish. The
// version counts up by itself.
func (s *Sim) Signed(role string) map[string]any { return s.signed[role] }

// Allow lets delegator, which is root or a role with targets, name the keys
// that may sign role, and how many have to.
func (s *Sim) Allow(delegator, role string, threshold int, keys ...*Key) {
	ids := make([]any, len(keys))
	holder, entry := s.signed[delegator], object(nil)
	if delegator != "root" {
		holder = holder["delegations"].(object)
		for _, d := range holder["roles"].([]any) {
			if d.(object)["name"] == role {
				entry = d.(object)
			}
		}
	} else if known, ok := holder["roles"].(object)[role].(object); ok {
		entry = known
	} else {
		entry = object{}
		holder["roles"].(object)[role] = entry
	}
	for i, k := range keys {
		ids[i] = k.ID
		holder["keys"].(object)[k.ID] = k.Public
	}
	entry["keyids"], entry["threshold"] = ids, threshold
}

// SignWith lets these keys sign a role from now on, whether they may or not.
func (s *Sim) SignWith(role string, keys ...*Key) { s.signers[role] = keys }

// Signers gives the keys that sign a role now.
func (s *Sim) Signers(role string) []*Key { return slices.Clone(s.signers[role]) }

// Delegate lets delegator trust role for the paths that match patterns, with a
// new key, which it gives. A new role begins without targets.
func (s *Sim) Delegate(delegator, role string, terminating bool, patterns ...string) *Key {
	d, ok := s.signed[delegator]["delegations"].(object)
	if !ok {
		d = object{"keys": object{}, "roles": []any{}}
		s.signed[delegator]["delegations"] = d
	}
	paths := make([]any, len(patterns))
	for i, p := range patterns {
		paths[i] = p
	}
	d["roles"] = append(d["roles"].([]any), object{"name": role, "terminating": terminating, "paths": paths})
	if _, known := s.signed[role]; !known {
		s.signed[role] = object{"_type": Targets, "spec_version": "1.0.31", "version": 0, "targets": object{}}
		s.Expire(role, Start().AddDate(0, 0, 30))
	}
	k := NewKey(s.t, Ed25519)
	s.Allow(delegator, role, 1, k)
	s.SignWith(role, append(s.signers[role], k)...)
	return k
}

// Delegation gives the entry of role in delegator, to be changed.
func (s *Sim) Delegation(delegator, role string) map[string]any {
	for _, d := range s.signed[delegator]["delegations"].(object)["roles"].([]any) {
		if d.(object)["name"] == role {
			return d.(object)
		}
	}
	s.t.Fatalf("trusttest: %q does not delegate to %q", delegator, role)
	return nil
}

// Target lets role sign content as the target at path, with these hashes, and
// serves it under each of them and without.
func (s *Sim) Target(role, path string, content []byte, algorithms ...string) {
	hashes := object{}
	for _, a := range algorithms {
		digest := ""
		switch a {
		case "sha256":
			sum := sha256.Sum256(content)
			digest = hex.EncodeToString(sum[:])
		default: // sha512, whatever it is called
			sum := sha512.Sum512(content)
			digest = hex.EncodeToString(sum[:])
		}
		hashes[a] = digest
		i := strings.LastIndexByte(path, '/') + 1
		s.Files["targets/"+path[:i]+digest+"."+path[i:]] = content
	}
	s.Files["targets/"+path] = content
	s.signed[role]["targets"].(object)[path] = object{"length": len(content), "hashes": hashes}
}

// Publish signs the next version of each role, in this order, and lists it in
// the next snapshot or timestamp.
func (s *Sim) Publish(roles ...string) {
	s.t.Helper()
	for _, role := range roles {
		signed := s.signed[role]
		signed["version"] = signed["version"].(int) + 1
		s.count[role]++
		data := s.seal(role)
		s.Files[fmt.Sprintf("metadata/%d.%s.json", s.count[role], quoted(role))] = data
		s.Files["metadata/"+quoted(role)+".json"] = data
		entry := object{"version": signed["version"]}
		if s.Listed {
			entry = listed(signed["version"], data)
		}
		switch role {
		case "root", "timestamp":
		case "snapshot":
			s.signed["timestamp"]["meta"].(object)["snapshot.json"] = entry
		default:
			s.signed["snapshot"]["meta"].(object)[role+".json"] = entry
		}
	}
}

// Restart lets the versions of a role begin again after version, as a mirror
// or a thief would.
func (s *Sim) Restart(role string, version int) {
	s.signed[role]["version"], s.count[role] = version, version
}

// Now gives the file of a role as it was last published.
func (s *Sim) Now(role string) []byte { return s.Files["metadata/"+quoted(role)+".json"] }

// Serve replaces the file of a role that was last published.
func (s *Sim) Serve(role string, data []byte) {
	s.Files[fmt.Sprintf("metadata/%d.%s.json", s.count[role], quoted(role))] = data
	s.Files["metadata/"+quoted(role)+".json"] = data
}

// Asked gives what was asked for since the last call, in order: "root 2",
// "timestamp", "targets/a/b".
func (s *Sim) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// ServeHTTP implements http.Handler.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	s.mu.Lock()
	s.asked = append(s.asked, question(path))
	s.mu.Unlock()
	data, ok := s.Files[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data)
}

func question(path string) string {
	name, ok := strings.CutPrefix(strings.TrimSuffix(path, ".json"), "metadata/")
	if !ok {
		return path
	}
	if version, role, found := strings.Cut(name, "."); found && strings.Trim(version, "0123456789") == "" {
		return role + " " + version
	}
	return name
}

// quoted gives a role as it stands in a URL.
func quoted(role string) string { return strings.ReplaceAll(url.QueryEscape(role), "+", "%20") }

func (s *Sim) seal(role string) []byte {
	s.t.Helper()
	payload, err := cjson.EncodeCanonical(s.signed[role])
	if err != nil {
		s.t.Fatalf("trusttest: %v", err)
	}
	signatures := []any{}
	for _, k := range s.signers[role] {
		signatures = append(signatures, k.signature(payload))
	}
	data, err := json.Marshal(object{"signed": s.signed[role], "signatures": signatures})
	if err != nil {
		s.t.Fatalf("trusttest: %v", err)
	}
	return data
}
