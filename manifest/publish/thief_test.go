package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest/publish"
)

// What is lied about.
const (
	docANS     = "components/cryptolib-cps/component.json"
	docGIE     = "components/galss/component.json"
	docChannel = "channels/stable.json"
	evil       = `{"of":"the thief"}`
)

// thief serves a mirror, and holds stolen keys. He signs everything he changes
// with every key he has, whether it may sign or not.
type thief struct {
	t      *testing.T
	mirror mirror
	stolen []signature.Signer
	now    time.Time

	timestamp *metadata.Metadata[metadata.TimestampType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	roles     map[string]*metadata.Metadata[metadata.TargetsType]
}

// mirror is what somebody serves, in memory. It implements trust.Remote.
type mirror map[string][]byte

// Open implements trust.Remote.
func (m mirror) Open(_ context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	data, ok := m[name]
	if !ok || offset > int64(len(data)) {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data[offset:])), offset, nil
}

// mirrorOf copies a repository.
func mirrorOf(t *testing.T, dir string) mirror {
	t.Helper()
	m := mirror{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		m[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// newThief begins with what an honest mirror serves at the time.
func newThief(t *testing.T, honest mirror, keys publish.KeyStore, stolen []string, now time.Time) *thief {
	t.Helper()
	th := &thief{t: t, mirror: maps.Clone(honest), now: now, roles: map[string]*metadata.Metadata[metadata.TargetsType]{}}
	for _, name := range stolen {
		s, err := keys.Signer(name)
		th.must(err)
		th.stolen = append(th.stolen, s)
	}
	th.timestamp = read[metadata.TimestampType](th, "timestamp.json")
	th.snapshot = read[metadata.SnapshotType](th, versioned(th.timestamp.Signed.Meta["snapshot.json"].Version, "snapshot"))
	for name, meta := range th.snapshot.Signed.Meta {
		role := strings.TrimSuffix(name, ".json")
		th.roles[role] = read[metadata.TargetsType](th, versioned(meta.Version, role))
	}
	return th
}

func versioned(version int64, role string) string {
	return strconv.FormatInt(version, 10) + "." + role + ".json"
}

func (th *thief) must(err error) {
	th.t.Helper()
	if err != nil {
		th.t.Fatalf("thief: %v", err)
	}
}

func read[T metadata.Roles](th *thief, name string) *metadata.Metadata[T] {
	th.t.Helper()
	m, err := new(metadata.Metadata[T]).FromBytes(th.mirror["metadata/"+name])
	th.must(err)
	return m
}

// write signs m with all that was stolen and puts it on the mirror.
func write[T metadata.Roles](th *thief, name string, m *metadata.Metadata[T]) *metadata.MetaFiles {
	th.t.Helper()
	m.ClearSignatures()
	for _, s := range th.stolen {
		_, err := m.Sign(s)
		th.must(err)
	}
	data, err := m.ToBytes(false)
	th.must(err)
	th.mirror["metadata/"+name] = data
	sum := sha256.Sum256(data)
	return &metadata.MetaFiles{Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

// put lets role sign the thief's document at path.
func (th *thief) put(role, path string) {
	sum := sha256.Sum256([]byte(evil))
	i := strings.LastIndexByte(path, '/') + 1
	th.mirror["targets/"+path[:i]+hex.EncodeToString(sum[:])+"."+path[i:]] = []byte(evil)
	th.roles[role].Signed.Targets[path] = &metadata.TargetFiles{
		Length: int64(len(evil)), Hashes: metadata.Hashes{"sha256": sum[:]}, Path: path,
	}
}

// serve writes new versions of the named roles and of everything above them.
func (th *thief) serve(roles ...string) {
	for _, role := range roles {
		m := th.roles[role]
		m.Signed.Version++
		m.Signed.Expires = th.now.Add(10 * 24 * time.Hour)
		listed := write(th, versioned(m.Signed.Version, role), m)
		listed.Version = m.Signed.Version
		th.snapshot.Signed.Meta[role+".json"] = listed
	}
	if len(roles) > 0 {
		th.serveSnapshot()
	}
	th.serveTimestamp()
}

func (th *thief) serveSnapshot() {
	th.snapshot.Signed.Version++
	th.snapshot.Signed.Expires = th.now.Add(10 * 24 * time.Hour)
	listed := write(th, versioned(th.snapshot.Signed.Version, "snapshot"), th.snapshot)
	listed.Version = th.snapshot.Signed.Version
	th.timestamp.Signed.Meta["snapshot.json"] = listed
}

func (th *thief) serveTimestamp() {
	th.timestamp.Signed.Version++
	th.timestamp.Signed.Expires = th.now.Add(10 * 24 * time.Hour)
	write(th, "timestamp.json", th.timestamp)
}

// attempt is one thing a thief may try.
type attempt struct {
	name string
	// after is how much time passes first, in days, during which the honest
	// repository publishes news that the mirror leaves out.
	after int
	do    func(th *thief)
}

func attempts() []attempt {
	lie := func(role, path string) func(th *thief) {
		return func(th *thief) { th.put(role, path); th.serve(role) }
	}
	return []attempt{
		{"release-of-ans", 0, lie("ans", docANS)},
		{"release-of-gie", 0, lie("gie", docGIE)},
		{"release-of-gie-signed-as-ans", 0, lie("ans", docGIE)},
		{"release-of-gie-signed-as-targets", 0, lie("targets", docGIE)},
		{"channel", 0, lie("catalogue", docChannel)},
		{"channel-signed-as-targets", 0, lie("targets", docChannel)},
		{"other-publisher", 0, func(th *thief) {
			th.roles["gie"] = metadata.Targets(th.now.Add(24 * time.Hour))
			th.roles["gie"].Signed.Version = 1000
			th.takeOver("gie")
			th.put("gie", docGIE)
			th.serve("gie", "targets")
		}},
		{"new-root", 0, func(th *thief) { th.newRoot() }},
		{"old-metadata", 0, func(th *thief) { th.goBack(); th.serveOld() }},
		{"old-metadata-with-a-new-timestamp", 0, func(th *thief) { th.goBack(); th.serveTimestamp() }},
		{"fast-forward", 0, func(th *thief) {
			for _, m := range th.roles {
				m.Signed.Version = math.MaxInt32
			}
			th.snapshot.Signed.Version, th.timestamp.Signed.Version = math.MaxInt32, math.MaxInt32
			th.serve("ans", "catalogue", "gie", "targets")
		}},
		{"fast-forward-of-ans", 0, func(th *thief) {
			th.roles["ans"].Signed.Version = math.MaxInt32
			th.serve("ans")
		}},
		{"fast-forward-of-the-snapshot", 0, func(th *thief) {
			th.snapshot.Signed.Version, th.timestamp.Signed.Version = math.MaxInt32, math.MaxInt32
			th.serveSnapshot()
			th.serveTimestamp()
		}},
		{"fast-forward-of-the-timestamp", 0, func(th *thief) {
			th.timestamp.Signed.Version = math.MaxInt32
			th.serveTimestamp()
		}},
		{"freeze-as-it-is", 3, func(*thief) {}},
		{"freeze-with-a-new-timestamp", 3, func(th *thief) { th.serveTimestamp() }},
		{"freeze-beyond-the-snapshot", 10, func(th *thief) { th.serveTimestamp() }},
		{"freeze-with-a-new-snapshot", 10, func(th *thief) { th.serveSnapshot(); th.serveTimestamp() }},
		{"freeze-beyond-the-publishers", 100, func(th *thief) { th.serveSnapshot(); th.serveTimestamp() }},
	}
}

// takeOver lets targets name the thief's keys for a publisher.
func (th *thief) takeOver(role string) {
	signed := &th.roles["targets"].Signed
	for i := range signed.Delegations.Roles {
		if d := &signed.Delegations.Roles[i]; d.Name == role {
			d.KeyIDs, d.Threshold = nil, 1
		}
	}
	for _, key := range th.publicKeys() {
		th.must(signed.AddKey(key, role))
	}
}

func (th *thief) publicKeys() []*metadata.Key {
	var all []*metadata.Key
	for _, s := range th.stolen {
		public, err := s.PublicKey()
		th.must(err)
		key, err := metadata.KeyFromPublicKey(public)
		th.must(err)
		all = append(all, key)
	}
	return all
}

// newRoot names the thief's keys for every role, and goes on with them.
func (th *thief) newRoot() {
	version := int64(1)
	for th.mirror["metadata/"+versioned(version+1, "root")] != nil {
		version++
	}
	root := read[metadata.RootType](th, versioned(version, "root"))
	root.Signed.Version++
	for _, r := range root.Signed.Roles {
		r.KeyIDs, r.Threshold = nil, 1
	}
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		for _, key := range th.publicKeys() {
			th.must(root.Signed.AddKey(key, role))
		}
	}
	write(th, versioned(root.Signed.Version, "root"), root)
	th.put("targets", "anything")
	th.serve("targets")
}

// goBack takes up the metadata published before the last.
func (th *thief) goBack() {
	th.snapshot = read[metadata.SnapshotType](th, versioned(th.snapshot.Signed.Version-1, "snapshot"))
	data := th.mirror["metadata/"+versioned(th.snapshot.Signed.Version, "snapshot")]
	sum := sha256.Sum256(data)
	th.timestamp.Signed.Meta["snapshot.json"] = &metadata.MetaFiles{
		Version: th.snapshot.Signed.Version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]},
	}
}

// serveOld serves the timestamp of the publication before the last, which a
// thief has kept.
func (th *thief) serveOld() { th.mirror["metadata/timestamp.json"] = th.mirror["kept-timestamp.json"] }
