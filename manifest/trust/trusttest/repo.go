// Package trusttest holds a TUF repository in memory, with all its keys, and
// attacks on it as data.
//
// What it promises: a Repo is a correct repository as long as nothing of Edit,
// Forge, Serve or an Attack was used on it, and it is again one after Heal;
// nothing in it is random but the keys, and nothing touches disk or network.
package trusttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
)

// Start is the time a Repo is made at, and the time of its clients.
func Start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// The roles that sign targets. ANS and GIE are publishers.
const (
	Targets   = "targets"
	Catalogue = "catalogue"
	ANS       = "ans" // components/cryptolib-cps
	GIE       = "gie" // components/galss
)

// first is the version all roles but root begin with, so that there are older
// ones to go back to.
const first = 10

// object is a JSON object that can be changed in any way.
type object = map[string]any

// Repo is a repository in memory. It implements trust.Remote and is not safe
// for changes while it is read.
type Repo struct {
	t      testing.TB
	keys   map[string]*Key   // by name; root has root-1 to root-3
	signed map[string]object // by role: the signed part as last published
	files  map[string][]byte // what an honest mirror serves
	forged map[string][]byte // what a mirror serves instead
	serve  map[string]Answer
	also   map[string]string // roles beyond the usual ones, and whom they repeat
}

// New makes a published repository: root (2 of 3), targets, catalogue, two
// publishers, and one document of each of the three.
func New(t testing.TB) *Repo {
	t.Helper()
	r := &Repo{
		t: t, keys: map[string]*Key{}, signed: map[string]object{},
		files: map[string][]byte{}, forged: map[string][]byte{}, serve: map[string]Answer{},
		also: map[string]string{},
	}
	for _, name := range []string{
		"root-1", "root-2", "root-3", Targets, "snapshot", "timestamp", Catalogue, ANS, GIE, "stranger",
	} {
		r.NewKey(name)
	}
	r.signed["root"] = r.newRoot()
	for _, role := range r.holders() {
		r.signed[role] = object{
			"_type": Targets, "spec_version": "1.0.31", "version": first - 1, "expires": r.date(90), "targets": object{},
		}
	}
	r.signed["snapshot"] = object{"_type": "snapshot", "spec_version": "1.0.31", "version": first - 1, "expires": r.date(7), "meta": object{}}
	r.signed["timestamp"] = object{"_type": "timestamp", "spec_version": "1.0.31", "version": first - 1, "expires": r.date(1), "meta": object{}}
	r.signed[Targets]["delegations"] = object{"keys": object{}, "roles": []any{}}
	r.Delegate(Targets, Catalogue, Catalogue, "channels/*", "advisories.json")
	r.Delegate(Targets, ANS, ANS, "components/cryptolib-cps/*", "components/cryptolib-cps/*/*/*")
	r.Delegate(Targets, GIE, GIE, "components/galss/*", "components/galss/*/*/*")
	r.PublishRoot()
	r.Put(DocChannel, []byte(`{"of":"catalogue"}`))
	r.Put(DocANS, []byte(`{"of":"ans"}`))
	r.Put(DocGIE, []byte(`{"of":"gie"}`))
	r.Publish()
	return r
}

// The documents a new repository has.
const (
	DocChannel = "channels/stable.json"
	DocANS     = "components/cryptolib-cps/component.json"
	DocGIE     = "components/galss/component.json"
)

func (r *Repo) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("trusttest: %v", err)
	}
}

func (r *Repo) date(days int) string {
	return Start().AddDate(0, 0, days).Format(time.RFC3339)
}

// holders lists the roles that hold targets.
func (r *Repo) holders() []string {
	return slices.Concat([]string{Targets, Catalogue, ANS, GIE}, slices.Sorted(maps.Keys(r.also)))
}

// Also adds a role that signs what another one signs, with the same key. It
// must have been delegated to.
func (r *Repo) Also(role, as string) {
	r.also[role] = as
	r.keys[role] = r.keys[as]
	r.signed[role] = clone(r.signed[as])
}

func (r *Repo) newRoot() object {
	roles, keys := object{}, object{}
	for role, names := range map[string][]string{
		"root": {"root-1", "root-2", "root-3"}, Targets: {Targets}, "snapshot": {"snapshot"}, "timestamp": {"timestamp"},
	} {
		var ids []any
		for _, name := range names {
			id, key := r.public(name)
			ids, keys[id] = append(ids, id), key
		}
		roles[role] = object{"keyids": ids, "threshold": (len(names) + 1) / 2}
	}
	return object{
		"_type": "root", "spec_version": "1.0.31", "version": 0, "expires": r.date(365),
		"consistent_snapshot": true, "keys": keys, "roles": roles,
	}
}

// public gives the public part of a key and its identifier.
func (r *Repo) public(name string) (id string, key any) {
	k := r.keys[name]
	return k.ID, generic(r.t, k.Public)
}

// NewKey replaces the key of that name: the old one is then nobody's.
func (r *Repo) NewKey(name string) { r.NewKeyOf(name, Ed25519) }

// NewKeyOf is NewKey for another kind of key.
func (r *Repo) NewKeyOf(name string, kind Kind) { r.keys[name] = NewKey(r.t, kind) }

// Key gives the key of that name.
func (r *Repo) Key(name string) *Key { return r.keys[name] }

// Rekey lets the next version of root name the current keys of all roles.
func (r *Repo) Rekey() {
	fresh := r.newRoot()
	fresh["version"] = r.Version("root")
	r.signed["root"] = fresh
	r.PublishRoot()
}

// Delegate adds a terminating delegation to delegator: role, verified by the
// key of that name, for patterns. It counts from the next Publish.
func (r *Repo) Delegate(delegator, role, key string, patterns ...string) {
	id, public := r.public(key)
	signed := r.signed[delegator]
	if signed["delegations"] == nil {
		signed["delegations"] = object{"keys": object{}, "roles": []any{}}
	}
	d := signed["delegations"].(object)
	d["keys"].(object)[id] = public
	var paths []any
	for _, p := range patterns {
		paths = append(paths, p)
	}
	d["roles"] = append(d["roles"].([]any), object{
		"name": role, "keyids": []any{id}, "threshold": 1, "terminating": true, "paths": paths,
	})
}

// Put signs data as the document at path, in the role that covers it. It
// counts from the next Publish.
func (r *Repo) Put(path string, data []byte) {
	role := Targets
	switch {
	case strings.HasPrefix(path, "channels/"):
		role = Catalogue
	case strings.HasPrefix(path, "components/cryptolib-cps/"):
		role = ANS
	case strings.HasPrefix(path, "components/galss/"):
		role = GIE
	}
	r.PutAs(role, path, data)
}

// PutAs lets role sign data as the document at path, whether it may or not.
func (r *Repo) PutAs(role, path string, data []byte) {
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	r.signed[role]["targets"].(object)[path] = object{"length": len(data), "hashes": object{"sha256": digest}}
	i := strings.LastIndexByte(path, '/') + 1
	r.files["targets/"+path[:i]+digest+"."+path[i:]] = data
}

// TargetFile gives the name in the repository of the document at path.
func (r *Repo) TargetFile(path string) string {
	i := strings.LastIndexByte(path, '/') + 1
	for name := range r.files {
		if strings.HasPrefix(name, "targets/"+path[:i]) && strings.HasSuffix(name, "."+path[i:]) && r.current(path, name) {
			return name
		}
	}
	r.t.Fatalf("trusttest: no document %q", path)
	return ""
}

func (r *Repo) current(path, file string) bool {
	for _, role := range r.holders() {
		if f, ok := r.signed[role]["targets"].(object)[path].(object); ok {
			return strings.Contains(file, f["hashes"].(object)["sha256"].(string))
		}
	}
	return false
}

// PublishRoot signs the next version of root with all its keys.
func (r *Repo) PublishRoot() {
	r.bump("root")
	r.files[r.FileOf("root")] = r.seal(r.signed["root"], "root-1", "root-2", "root-3")
}

// Publish signs the next version of every role but root.
func (r *Repo) Publish() {
	for _, role := range r.holders() {
		r.bump(role)
	}
	r.bump("snapshot")
	r.bump("timestamp")
	r.Seal()
}

// Seal signs all roles but root as they are, versions included, and lists
// each in the file above it. It is what a holder of every key could publish.
func (r *Repo) Seal() {
	meta := r.signed["snapshot"]["meta"].(object)
	for _, role := range r.holders() {
		data := r.seal(r.signed[role], role)
		r.files[r.FileOf(role)] = data
		meta[role+".json"] = listed(r.signed[role]["version"], data)
	}
	data := r.seal(r.signed["snapshot"], "snapshot")
	r.files[r.FileOf("snapshot")] = data
	r.signed["timestamp"]["meta"].(object)["snapshot.json"] = listed(r.signed["snapshot"]["version"], data)
	r.files[r.FileOf("timestamp")] = r.seal(r.signed["timestamp"], "timestamp")
}

// Heal takes back everything forged and publishes the next good version.
func (r *Repo) Heal() {
	clear(r.forged)
	clear(r.serve)
	for _, role := range slices.Concat(r.holders(), []string{"snapshot", "timestamp"}) {
		r.signed[role]["_type"], r.signed[role]["expires"] = role, r.date(30)
		if role != "snapshot" && role != "timestamp" {
			r.signed[role]["_type"] = Targets
		}
	}
	if r.Version("root") > 1 {
		r.signed["root"]["expires"] = r.date(365)
		r.PublishRoot()
	}
	r.Publish()
}

func (r *Repo) bump(role string) {
	r.signed[role]["version"] = r.signed[role]["version"].(int) + 1
}

// Version gives the version of a role as published.
func (r *Repo) Version(role string) int { return r.signed[role]["version"].(int) }

// Signed gives the signed part of a role, to be changed before Seal.
func (r *Repo) Signed(role string) map[string]any { return r.signed[role] }

// FileOf gives the name in the repository of the current file of a role.
func (r *Repo) FileOf(role string) string {
	if role == "timestamp" {
		return "metadata/timestamp.json"
	}
	return fmt.Sprintf("metadata/%d.%s.json", r.Version(role), role)
}

// Root gives the first root.json.
func (r *Repo) Root() []byte { return bytes.Clone(r.files["metadata/1.root.json"]) }

// Clone gives a repository with the same keys and content, whose changes do
// not reach this one.
func (r *Repo) Clone() *Repo {
	signed := map[string]object{}
	for role, s := range r.signed {
		signed[role] = clone(s)
	}
	return &Repo{
		t: r.t, keys: maps.Clone(r.keys), signed: signed,
		files: maps.Clone(r.files), forged: maps.Clone(r.forged), serve: maps.Clone(r.serve),
		also: maps.Clone(r.also),
	}
}

// Files gives what an honest mirror serves.
func (r *Repo) Files() map[string][]byte { return maps.Clone(r.files) }

// seal signs with the named keys and gives the file.
func (r *Repo) seal(signed object, names ...string) []byte {
	r.t.Helper()
	payload, err := cjson.EncodeCanonical(signed)
	r.must(err)
	signatures := []any{}
	for _, name := range names {
		signatures = append(signatures, r.keys[name].signature(payload))
	}
	data, err := json.Marshal(object{"signed": signed, "signatures": signatures})
	r.must(err)
	return data
}

func listed(version any, data []byte) object {
	sum := sha256.Sum256(data)
	return object{"version": version, "length": len(data), "hashes": object{"sha256": hex.EncodeToString(sum[:])}}
}

// generic turns v into plain JSON values.
func generic(t testing.TB, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("trusttest: %v", err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("trusttest: %v", err)
	}
	return out
}
