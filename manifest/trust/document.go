package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/releve-sante/releve/manifest"
)

// maxVisited is how many roles one search for a document may ask.
const maxVisited = 64

type targetsFile = metadata.Metadata[metadata.TargetsType]

func sortedRoles(set *trustedmetadata.TrustedMetadata) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(set.Targets)), isTopLevel)
}

// document finds name in the signed metadata and returns its bytes.
func (c *Client) document(ctx context.Context, name string) ([]byte, error) {
	if err := c.loaded(ctx); err != nil {
		return nil, err
	}
	if name == "" || c.config.Rules.strict() && !targetPath(name) {
		return nil, &Error{Reason: CodeMissing, File: name, Cause: manifest.ErrNoDocument}
	}
	if err := c.fresh(); err != nil {
		return nil, err
	}
	s := search{client: c, path: name, visited: map[string]bool{}}
	if err := s.visit(ctx, pair{"targets", "root"}); err != nil {
		return nil, err
	}
	if s.found == nil {
		return nil, &Error{Reason: CodeMissing, File: name, Cause: manifest.ErrNoDocument}
	}
	return c.content(ctx, name, s.role, s.found)
}

// loaded makes sure that there is a set. After a refresh that found nothing
// new it comes from the cache, its signatures verified again; when it was
// damaged there in the meantime, the remote is asked for all of it.
func (c *Client) loaded(ctx context.Context) error {
	if c.set != nil {
		return nil
	}
	if !c.unchanged {
		return errors.New("no metadata is loaded: neither Refresh nor Cached succeeded")
	}
	r, err := c.cached()
	if err != nil {
		if err := c.forget(); err != nil {
			return err
		}
		if r, err = c.refresh(ctx); err != nil {
			return err
		}
	}
	c.adopt(r)
	return nil
}

// fresh gives an error when metadata in use has expired since it was loaded.
// A client that reads its cache only tolerates it.
func (c *Client) fresh() error {
	c.judged, c.set.RefTime = time.Time{}, time.Time{}
	if c.offline {
		return nil
	}
	r := &run{client: c, now: c.now()}
	c.judged, c.set.RefTime = r.now, c.judgedAt("timestamp", r.now)
	for _, role := range roles(c.set)[:4] {
		if err := r.expired(role.Name, layoutOf(c.set).metadata(role.Name, role.Version), role.Expires); err != nil {
			return err
		}
	}
	return nil
}

// search walks the delegations in order, depth first, for one path (5.6.7).
type search struct {
	client  *Client
	path    string
	visited map[string]bool
	found   *metadata.TargetFiles
	role    string // which role found answers for
	ended   bool   // found, or a terminating delegation was exhausted
}

func (s *search) visit(ctx context.Context, p pair) error {
	if s.visited[p.role] || len(s.visited) == maxVisited {
		return nil
	}
	s.visited[p.role] = true
	t, err := s.client.roleFor(ctx, p)
	if err != nil {
		return err
	}
	if f, ok := t.Signed.Targets[s.path]; ok {
		s.found, s.role, s.ended = f, p.role, true
		return nil
	}
	if t.Signed.Delegations == nil {
		return nil
	}
	for _, next := range responsible(t.Signed.Delegations, s.path) {
		if err := s.visit(ctx, pair{next.Name, p.role}); err != nil {
			return err
		}
		if s.ended = s.ended || next.Terminating; s.ended {
			return nil
		}
	}
	return nil
}

// responsible lists the delegations that cover a path, in their order. Those by
// hash prefix are compared here, since go-tuf compares with another encoding
// of the hash than the specification names; Strict knows none.
func responsible(d *metadata.Delegations, path string) []metadata.RoleResult {
	if len(d.Roles) == 0 {
		return d.GetRolesForTarget(path)
	}
	var all []metadata.RoleResult
	for _, r := range d.Roles {
		covers, err := r.IsDelegatedPath(path)
		if len(r.Paths) == 0 {
			covers = slices.ContainsFunc(r.PathHashPrefixes, func(prefix string) bool {
				return strings.HasPrefix(digestOf([]byte(path)), prefix)
			})
		}
		if err == nil && covers {
			all = append(all, metadata.RoleResult{Name: r.Name, Terminating: r.Terminating})
		}
	}
	return all
}

// roleFor gives the metadata of a role, verified with the keys of exactly
// this delegator: a role that answers for one publisher must not answer for
// another whose delegation has the same name.
func (c *Client) roleFor(ctx context.Context, p pair) (*targetsFile, error) {
	if p.delegator == "root" || c.verified[p] {
		return c.usable(p.role)
	}
	meta, ok := c.set.Snapshot.Signed.Meta[p.role+".json"]
	if !ok {
		return nil, &Error{Reason: CodeMissingRole, Role: p.role, File: "snapshot.json"}
	}
	file := layoutOf(c.set).metadata(p.role, meta.Version)
	data, err := c.recall(cachedRole(p.role), !c.offline)
	if err != nil {
		return nil, err
	}
	if data != nil && c.trustRole(p, file, data) == nil {
		return c.usable(p.role)
	}
	if c.offline {
		return nil, &Error{Reason: CodeNotCached, Role: p.role, File: file}
	}
	w := wanted{role: p.role, file: file, limit: largeLimit, length: announced(meta)}
	data, err = c.obtain(ctx, w, func(data []byte) error {
		if err := c.trustRole(p, file, data); err != nil {
			return (&run{client: c, now: c.judged, set: c.set}).explained(err, data)
		}
		return nil
	})
	if err != nil {
		return nil, withheld(err)
	}
	if err := c.store(cachedRole(p.role), data); err != nil {
		return nil, err
	}
	return c.usable(p.role)
}

// usable refuses a role whose date has passed since it was verified.
func (c *Client) usable(role string) (*targetsFile, error) {
	t := c.set.Targets[role]
	file := layoutOf(c.set).metadata(role, t.Signed.Version)
	return t, expired(role, file, t.Signed.Expires, c.judged)
}

func (c *Client) trustRole(p pair, file string, data []byte) error {
	if _, err := c.config.Rules.inspect(p.role, file, data); err != nil {
		return err
	}
	err := guard(p.role, file, func() error {
		_, err := c.set.UpdateDelegatedTargets(data, p.role, p.delegator)
		return err
	})
	if err == nil {
		c.verified[p] = true
	}
	return err
}

// content gives the bytes of a document that role signed for.
func (c *Client) content(ctx context.Context, name, role string, f *metadata.TargetFiles) ([]byte, error) {
	_, digest := named(f)
	file := layoutOf(c.set).target(name, digest)
	data, err := c.recall(cachedDocument(name), !c.offline)
	if err != nil {
		return nil, err
	}
	if data != nil && f.VerifyLengthHashes(data) == nil {
		return data, nil
	}
	if c.offline {
		return nil, &Error{Reason: CodeNotCached, Role: role, File: file}
	}
	w := wanted{
		role: role, file: file, limit: largeLimit, length: f.Length, opaque: !c.config.Rules.strict(),
	}
	data, err = c.obtain(ctx, w, func(data []byte) error { return w.compare(data, f) })
	if err != nil {
		return nil, err
	}
	return data, c.store(cachedDocument(name), data)
}

// compare refuses data that is not what f announces.
func (w wanted) compare(data []byte, f *metadata.TargetFiles) error {
	err := f.VerifyLengthHashes(data)
	if err == nil {
		return nil
	}
	refusal := &Error{Reason: CodeMismatch, Role: w.role, File: w.file, Cause: err}
	if algorithm, digest := named(f); algorithm == "sha256" {
		refusal.Expected, refusal.Found = digest, digestOf(data)
	}
	return refusal
}

// named gives the digest that stands in the name of a target: the SHA-256,
// which under Strict is the only one, or the first by name.
func named(f *metadata.TargetFiles) (algorithm, digest string) {
	algorithm = "sha256"
	if _, ok := f.Hashes[algorithm]; !ok && len(f.Hashes) > 0 {
		algorithm = slices.Sorted(maps.Keys(f.Hashes))[0]
	}
	return algorithm, hex.EncodeToString(f.Hashes[algorithm])
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
