// Package publish builds, signs and checks a repository: a directory of TUF
// metadata, documents and artifacts that any static server can carry.
//
// The roles: root (3 keys, 2 must sign) names all others; targets delegates
// to one role for each publisher and to catalogue, which signs channels and
// advisories; what nobody was given, targets signs itself; snapshot and
// timestamp say what is current.
//
// What the package promises:
//   - everything is checked before anything is written, and what would be
//     refused by a client is refused here
//   - a change by Add, Delegate or one of the Set methods is invisible to
//     clients until Publish; interrupted anywhere, what was published stays
//     whole, because the timestamp is written last
//   - an artifact that was published under a name never changes
//   - private keys never lie in the repository
//
// Metadata holds the length and the SHA-256, and no other hash, of every file
// it lists; file names carry version or digest (consistent snapshots).
package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Catalogue is the role that signs channels and advisories.
const Catalogue = "catalogue"

const (
	rootKeys      = 3
	rootThreshold = 2
	day           = 24 * time.Hour
)

// Lives says for how long signatures are good, from the moment of signing. A
// zero field takes the default: root 365 days, targets 182, publishers and
// catalogue 91, snapshot 7, timestamp 1.
type Lives struct {
	Root, Targets, Publisher, Snapshot, Timestamp time.Duration
}

// Config is what a Repo is made from.
type Config struct {
	Dir   string // of the repository
	Keys  KeyStore
	Now   func() time.Time
	Lives Lives
}

// Repo is a repository on disk, open for changes. It is not safe for
// concurrent use. Errors of its methods are *Error where a person can do
// something about them.
type Repo struct {
	config Config
	files  files
}

// Init makes a repository in c.Dir: keys that are not yet in the key store,
// root, targets, an empty catalogue, and a first publication of nothing.
func Init(c Config) (*Repo, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making repository %q: %w", c.Dir, err)
	}
	r, err := attach(c)
	if err != nil {
		return nil, err
	}
	if _, err := r.files.root.Lstat("metadata/1.root.json"); err == nil {
		return nil, errors.Join(&Error{Reason: CodeExists, Name: c.Dir}, r.Close())
	}
	if err := r.found(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Open opens the repository in c.Dir.
func Open(c Config) (*Repo, error) {
	if _, err := os.Stat(filepath.Join(c.Dir, "metadata", "1.root.json")); err != nil {
		return nil, &Error{Reason: CodeNoRepository, Name: c.Dir, Cause: err}
	}
	return attach(c)
}

// attach opens the directory of the repository after making sure that the
// keys lie elsewhere.
func attach(c Config) (*Repo, error) {
	if c.Now == nil {
		return nil, errors.New("opening a repository: a clock is required")
	}
	c.Lives = c.Lives.orDefault()
	if stored, ok := c.Keys.(interface{ Dir() string }); ok {
		if Inside(stored.Dir(), c.Dir) {
			return nil, &Error{Reason: CodeKeysInside, Name: stored.Dir(), Expected: "outside " + c.Dir}
		}
	}
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", c.Dir, err)
	}
	return &Repo{config: c, files: files{root: root}}, nil
}

// Inside reports whether directory a is b or below it, links resolved: keys
// there would be served to everybody.
func Inside(a, b string) bool {
	rel, err := filepath.Rel(resolved(b), resolved(a))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolved follows the links of dir, also where its end does not exist yet.
func resolved(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Clean(dir)
	}
	for head, tail := abs, ""; ; {
		if real, err := filepath.EvalSymlinks(head); err == nil {
			return filepath.Join(real, tail)
		}
		parent := filepath.Dir(head)
		if parent == head {
			return abs
		}
		head, tail = parent, filepath.Join(filepath.Base(head), tail)
	}
}

// Close releases the directory.
func (r *Repo) Close() error { return r.files.root.Close() }

// Root gives the first root.json, which clients trust from the start.
func (r *Repo) Root() ([]byte, error) {
	data, err := r.files.read("metadata/1.root.json")
	if err != nil {
		return nil, &Error{Reason: CodeNoRepository, Name: r.config.Dir, Cause: err}
	}
	return data, nil
}

func (l Lives) orDefault() Lives {
	for _, f := range []struct {
		value *time.Duration
		days  time.Duration
	}{{&l.Root, 365}, {&l.Targets, 182}, {&l.Publisher, 91}, {&l.Snapshot, 7}, {&l.Timestamp, 1}} {
		if *f.value == 0 {
			*f.value = f.days * day
		}
	}
	return l
}

// expiry gives the date a role signed now is good until.
func (r *Repo) expiry(role string) (time.Time, error) {
	life := r.config.Lives.Publisher
	switch role {
	case metadata.ROOT:
		life = r.config.Lives.Root
	case metadata.TARGETS:
		life = r.config.Lives.Targets
	case metadata.SNAPSHOT:
		life = r.config.Lives.Snapshot
	case metadata.TIMESTAMP:
		life = r.config.Lives.Timestamp
	}
	now := r.config.Now()
	if life <= 0 {
		return time.Time{}, &Error{
			Reason: CodePastExpiry, Role: role,
			Expected: "after " + now.UTC().Format(time.DateOnly), Found: now.Add(life).UTC().Format(time.DateOnly),
		}
	}
	return now.Add(life).UTC().Truncate(time.Second), nil
}

// key gives the named key, made if need be.
func (r *Repo) key(name string) (signature.Signer, *metadata.Key, error) {
	get := r.config.Keys.Signer
	if !r.config.Keys.Has(name) {
		get = r.config.Keys.Create
	}
	s, err := get(name)
	if err != nil {
		return nil, nil, err
	}
	public, err := s.PublicKey()
	if err != nil {
		return nil, nil, fmt.Errorf("public part of key %q: %w", name, err)
	}
	key, err := metadata.KeyFromPublicKey(public)
	if err != nil {
		return nil, nil, fmt.Errorf("public part of key %q: %w", name, err)
	}
	return s, key, nil
}

// found writes the first version of everything.
func (r *Repo) found() error {
	expires, err := r.expiry(metadata.ROOT)
	if err != nil {
		return err
	}
	root := metadata.Root(expires)
	var signers []signature.Signer
	for i := range rootKeys {
		s, key, err := r.key(fmt.Sprintf("root-%d", i+1))
		if err != nil {
			return err
		}
		signers = append(signers, s)
		if err := root.Signed.AddKey(key, metadata.ROOT); err != nil {
			return fmt.Errorf("root: %w", err)
		}
	}
	root.Signed.Roles[metadata.ROOT].Threshold = rootThreshold
	for _, role := range []string{metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		_, key, err := r.key(role)
		if err != nil {
			return err
		}
		if err := root.Signed.AddKey(key, role); err != nil {
			return fmt.Errorf("root: role %q: %w", role, err)
		}
	}
	for _, s := range signers {
		if _, err := root.Sign(s); err != nil {
			return fmt.Errorf("signing root: %w", err)
		}
	}
	data, err := root.ToBytes(false)
	if err != nil {
		return fmt.Errorf("encoding root: %w", err)
	}
	if err := r.files.root.MkdirAll("targets", 0o755); err != nil {
		return fmt.Errorf("making the directory of targets: %w", err)
	}
	if err := r.foundRoles(root); err != nil {
		return err
	}
	// The root comes last: with it the directory is a repository.
	return r.files.write("metadata/1.root.json", data, 0o644)
}

// foundRoles writes targets with its delegation to catalogue, and publishes.
func (r *Repo) foundRoles(root *metadata.Metadata[metadata.RootType]) error {
	s := &state{root: root, published: map[string]int64{}, roles: map[string]*targetsFile{
		metadata.TARGETS: metadata.Targets(),
	}}
	if err := r.addRole(s, Catalogue, []string{"channels/*", "advisories.json"}); err != nil {
		return err
	}
	return r.publish(s)
}

// exists reports whether name is there.
func (f files) exists(name string) bool {
	_, err := f.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
