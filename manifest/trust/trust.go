// Package trust turns a remote TUF repository into authenticated documents.
//
// Three parties take part:
//   - publishers hold the keys: root offline, one delegated key for each
//     publisher, and a catalogue key for channels and advisories
//   - mirrors    serve files; they may be stale, broken or malicious
//   - the client, this package, runs as an administrator
//
// What the client promises, whatever a mirror does:
//   - no byte that signed metadata does not cover is ever returned
//   - metadata older than what was already seen is refused
//   - metadata past its expiry is refused, and the error says which and since
//     when; only Cached, which never asks the network, goes on reading it
//   - what one publisher signs is never believed about another's component
//   - a refusal leaves the last complete set of metadata in the cache as it
//     was, and the next good answer is accepted
//   - a damaged file in the cache is set aside by the next refresh, logged, and
//     replaced; it never stops the client
//   - every read has a limit in bytes and in time
//
// The verification is go-tuf's (metadata/trustedmetadata); the workflow around
// it, sections 5.3 to 5.7 of the TUF specification 1.0.34, is written here,
// because the one of go-tuf has no context, no durable cache and accepts a
// role verified for one delegator as the answer for another.
//
// What it does not promise: that a stolen key is noticed, and that artifacts
// are read. Documents come from here; the artifacts they name by digest are
// moved by the store.
package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/releve-sante/releve/manifest"
)

// Remote is everything this package needs from the outside. Implementations
// are safe for concurrent use.
type Remote interface {
	// Open returns the named file, a slash-separated path relative to the
	// repository, from start on. start is offset, or 0 when the other side
	// cannot begin in the middle. The error wraps fs.ErrNotExist, and does so
	// only then, when the other side says that there is no such file: this is
	// how the chain of roots is known to end.
	Open(ctx context.Context, name string, offset int64) (body io.ReadCloser, start int64, err error)
}

// Cache keeps what the client knows between runs. Names are flat and, under
// Strict, made of [a-z0-9.-], at most 80 characters. A Cache is not used
// concurrently.
type Cache interface {
	// Load returns the content stored under name. The error wraps
	// fs.ErrNotExist when there is none.
	Load(name string) ([]byte, error)

	// Store replaces the content of name. When it returns nil the new content
	// survives a power cut; interrupted, it leaves the old or the new.
	Store(name string, data []byte) error

	// SetAside renames what lies under name, file or not, so that DamagedPrefix
	// stands in front of it, in place of what was set aside from there before.
	SetAside(name string) error
}

// Config is what a Client is made from.
type Config struct {
	// Root is a root.json trusted from the start. Newer roots are reached
	// from it, through the cache and through the remote.
	Root []byte
	// Remote may be nil for a client that only reads its cache.
	Remote Remote
	Cache  Cache
	// Now gives the time of the system. Metadata must not have expired then,
	// nor at the latest time that is known to have passed.
	Now func() time.Time
	// Built is when this program was made, a time that has passed; zero when
	// nobody knows.
	Built time.Time
	// Grace is how long timestamp and snapshot may be past their date, as an
	// administrator decided for a network that is refilled by hand; zero for
	// not at all. It lets nothing else pass: root, targets and the roles of
	// publishers keep their dates, and no version goes back.
	Grace time.Duration
	// Patience is the longest time one metadata file may take, to which one
	// second is added for each 32 KiB that signed metadata announces; 30 s
	// when zero. It bounds a mirror that answers a byte at a time.
	Patience time.Duration
	// Log takes what a person may want to know and nobody has to act on; nil
	// drops it.
	Log *slog.Logger
	// Rules says which repositories are accepted. Leave it at Strict.
	Rules Rules
}

// Client is a TUF client for one repository. It is safe for concurrent use,
// one call after the other.
type Client struct {
	config Config
	origin string // digest of Config.Root, which ties the cache to it

	mu       sync.Mutex
	set      *trustedmetadata.TrustedMetadata // nil before Refresh or Cached, and while unchanged
	verified map[pair]bool                    // role, delegator: checked in set
	offline  bool                             // loaded by Cached
	rooted   []byte                           // root.json that set trusts
	saved    saved

	judged    time.Time // what the set is judged at; zero: its age is tolerated
	unchanged bool      // Refresh found nothing new; the set is loaded once it is needed
	known     *record   // as it is in the cache; nil: not read yet
	time      *clock    // likewise
}

// pair is a role together with the role that delegates to it.
type pair struct{ role, delegator string }

// New checks c and its root, unless the cache shows that a refresh began from
// this very root and ended well. It asks no network.
func New(c Config) (*Client, error) {
	if c.Cache == nil || c.Now == nil {
		return nil, errors.New("making a trust client: cache and clock are required")
	}
	if c.Patience == 0 {
		c.Patience = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	digest := sha256.Sum256(c.Root)
	client := &Client{config: c, origin: hex.EncodeToString(digest[:])}
	if client.record().Origin == client.origin {
		return client, nil
	}
	if _, err := client.begin(time.Time{}); err != nil {
		return nil, fmt.Errorf("making a trust client: %w", err)
	}
	return client, nil
}

// Refresh asks the remote for newer metadata and verifies all of it: root,
// timestamp, snapshot and targets, in this order. Roles of publishers follow
// when a document of theirs is asked for. Where nothing has changed since the
// last time, which two small questions show, what was verified then stands,
// and is read from the cache once it is needed. When it fails the client goes
// on with the metadata it had, and the error is an *Error unless the cache or
// ctx failed.
func (c *Client) Refresh(ctx context.Context) error {
	if c.config.Remote == nil {
		return errors.New("refreshing metadata: the client has no remote")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set != nil || c.unchanged {
		c.known, c.time = nil, nil // another process may have written them since
	}
	r, err := c.refresh(ctx)
	if err != nil {
		return fmt.Errorf("refreshing metadata: %w", carried(c.config.Remote, err))
	}
	c.adopt(r)
	return nil
}

// Cached loads the last complete set of metadata from the cache, verifies its
// signatures again, and tolerates its age, which Status then tells. After it
// Authenticated reads the cache only. It is what status, uninstall and
// rollback need on a machine without network. The error is an *Error with
// CodeNotCached when there is no usable set.
func (c *Client) Cached(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.cached()
	if err != nil {
		return fmt.Errorf("reading metadata kept from the last refresh: %w", err)
	}
	c.adopt(r)
	c.offline = true
	return nil
}

// adopt makes what a run found the client's state.
func (c *Client) adopt(r *run) {
	c.set, c.verified, c.offline, c.rooted, c.saved = r.set, map[pair]bool{}, false, r.root, r.saved
	c.unchanged = r.unchanged
}

// Authenticated returns the document name after checking its length and
// SHA-256 against signed metadata, from the cache when it is there. It
// implements manifest.Authenticator: the error wraps manifest.ErrNoDocument
// when signed metadata knows no such document.
func (c *Client) Authenticated(ctx context.Context, name string) (manifest.Blob, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := c.document(ctx, name)
	if err != nil {
		return manifest.Blob{}, fmt.Errorf("document %q: %w", name, carried(c.config.Remote, err))
	}
	return manifest.Blob{Name: name, Data: data}, nil
}
