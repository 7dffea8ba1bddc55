// Package publish builds, signs and checks a repository: a directory of TUF
// metadata, documents and artifacts that any static server can carry.
//
// The roles: root (3 keys, 2 must sign, unless a ceremony says otherwise)
// names all others; targets delegates to one role for each publisher and to
// catalogue, which signs channels and advisories; what nobody was given,
// targets signs itself; snapshot and timestamp say what is current.
//
// Each role may have several keys, of which a threshold must sign. The keys
// need not meet: a change is signed with those that are here and waits for
// the others, and a Draft carries it to their holders and back.
//
// What the package promises:
//   - everything is checked before anything is written, and what would be
//     refused by a client is refused here
//   - nothing is published that lacks a signature, and a new root only with
//     those of the old quorum and of the new one
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
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Catalogue is the role that signs channels and advisories.
const Catalogue = "catalogue"

const (
	day = 24 * time.Hour
	// longestLife bounds every signature: what is good for longer was not
	// meant, and would outlive its keys.
	longestLife = 3650 * day
	// longestNews bounds what says that there is nothing newer. A stick or a
	// closed network may want months; for longer nobody would notice that what
	// workstations are shown stands still.
	longestNews = 365 * day
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

	before func(name string) error // see files
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
	if r.files.exists(nextRoot) {
		return nil, errors.Join(&Error{Reason: CodeExists, Name: filepath.Join(c.Dir, filepath.FromSlash(nextRoot))}, r.Close())
	}
	if err := r.found(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Open opens the repository in c.Dir.
func Open(c Config) (*Repo, error) {
	_, err := os.Stat(filepath.Join(c.Dir, "metadata", "1.root.json"))
	if err != nil && !exists(filepath.Join(c.Dir, filepath.FromSlash(nextRoot))) {
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
	return &Repo{config: c, files: files{root: root, before: c.before}}, nil
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
	life, longest := r.config.Lives.Publisher, longestLife
	switch role {
	case metadata.ROOT:
		life = r.config.Lives.Root
	case metadata.TARGETS:
		life = r.config.Lives.Targets
	case metadata.SNAPSHOT:
		life, longest = r.config.Lives.Snapshot, longestNews
	case metadata.TIMESTAMP:
		life, longest = r.config.Lives.Timestamp, longestNews
	}
	now := r.config.Now()
	if life > longest {
		return time.Time{}, &Error{
			Reason: CodeLifeTooLong, Role: role,
			Expected: strconv.Itoa(int(longest / day)), Found: strconv.Itoa(int(life / day)),
		}
	}
	if life <= 0 {
		return time.Time{}, &Error{
			Reason: CodePastExpiry, Role: role,
			Expected: "after " + now.UTC().Format(time.DateOnly), Found: now.Add(life).UTC().Format(time.DateOnly),
		}
	}
	return now.Add(life).UTC().Truncate(time.Second), nil
}

// key gives the public part of the named key, made if need be.
func (r *Repo) key(name string) (PublicKey, error) {
	if r.config.Keys.Has(name) {
		return PublicKeyOf(r.config.Keys, name)
	}
	s, err := r.config.Keys.Create(name)
	if err != nil {
		return PublicKey{}, err
	}
	return publicOf(name, s)
}

// exists reports whether name is there.
func (f files) exists(name string) bool {
	_, err := f.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
