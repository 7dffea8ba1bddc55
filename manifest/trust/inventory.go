package trust

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// MetadataFile is a metadata file of the repository with the bytes that were
// verified.
type MetadataFile struct {
	Name    string // path in the repository
	Role    string
	Version int64
	Expires time.Time
	Data    []byte
}

// Target is a file that signed metadata names: a document or a package.
type Target struct {
	Path   string // as signed, for example "channels/stable.json"
	File   string // path in the repository, with the digest in the name
	Role   string // the role that answers for it
	Length int64  // bytes
	SHA256 string // lower-case hexadecimal
}

// Inventory is everything that clients of a repository may ask it for.
type Inventory struct {
	// Metadata is in the order in which a copy has to be written: a client
	// that reads the copy meanwhile finds whatever is announced to it. The
	// delegated roles come first, then targets, snapshot, the roots in their
	// order from the one trusted from the start on, and timestamp.
	Metadata []MetadataFile
	Targets  []Target // sorted by path
}

// Expires gives the role that is past its date first, and that date. Roots
// that a newer one replaced do not count.
func (i Inventory) Expires() (role string, at time.Time) {
	for n, m := range i.Metadata {
		if m.Role == "root" && i.Metadata[n+1].Role == "root" {
			continue
		}
		if at.IsZero() || m.Expires.Before(at) {
			role, at = m.Role, m.Expires
		}
	}
	return role, at
}

// Inventory lists the repository as the last Refresh found it, for whoever
// copies it. It reads the metadata of every delegated role, verified by the
// rules of the client, and lists the targets that a client would find: those
// that a role names outside its own paths are not among them.
func (c *Client) Inventory(ctx context.Context) (Inventory, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.inventory(ctx)
	if err != nil {
		return Inventory{}, fmt.Errorf("listing the repository: %w", err)
	}
	return i, nil
}

func (c *Client) inventory(ctx context.Context) (Inventory, error) {
	if err := c.loaded(ctx); err != nil {
		return Inventory{}, err
	}
	if err := c.fresh(); err != nil {
		return Inventory{}, err
	}
	roles, err := c.allRoles(ctx)
	if err != nil {
		return Inventory{}, err
	}
	var out Inventory
	for _, role := range roles {
		m, err := c.delegated(role)
		if err != nil {
			return Inventory{}, err
		}
		out.Metadata = append(out.Metadata, m)
	}
	top, err := c.topFiles()
	if err != nil {
		return Inventory{}, err
	}
	out.Metadata = append(out.Metadata, top...)
	out.Targets, err = c.allTargets(ctx, append(roles, "targets"))
	return out, err
}

// allRoles loads every role that some other one delegates to, each with the
// keys of each of its delegators, and gives their names in the order found.
func (c *Client) allRoles(ctx context.Context) ([]string, error) {
	var names []string
	seen := map[pair]bool{}
	for queue := []string{"targets"}; len(queue) > 0; queue = queue[1:] {
		d := c.set.Targets[queue[0]].Signed.Delegations
		if d == nil {
			continue
		}
		for _, next := range d.Roles {
			p := pair{next.Name, queue[0]}
			if seen[p] {
				continue
			}
			seen[p] = true
			if _, err := c.roleFor(ctx, p); err != nil {
				return nil, err
			}
			if slices.Contains(names, next.Name) {
				continue
			}
			if names = append(names, next.Name); len(names) > maxVisited {
				return nil, &Error{
					Reason: CodeMalformed, Role: next.Name, File: "targets.json",
					Expected: fmt.Sprintf("at most %d roles", maxVisited), Found: "more",
				}
			}
			queue = append(queue, next.Name)
		}
	}
	return names, nil
}

// delegated gives the file of a role that is loaded. Its bytes come from the
// cache and are compared with the snapshot once more.
func (c *Client) delegated(role string) (MetadataFile, error) {
	meta := c.set.Snapshot.Signed.Meta[role+".json"]
	signed := c.set.Targets[role].Signed
	return listedFile(role, signed.Version, signed.Expires, c.seen(cachedRole(role)), meta)
}

// topFiles gives targets, snapshot, the chain of roots and timestamp.
func (c *Client) topFiles() ([]MetadataFile, error) {
	targets, snapshot, timestamp := c.set.Targets["targets"].Signed, c.set.Snapshot.Signed, c.set.Timestamp.Signed
	first, err := listedFile("targets", targets.Version, targets.Expires, c.saved.Targets, snapshot.Meta["targets.json"])
	if err != nil {
		return nil, err
	}
	second, err := listedFile("snapshot", snapshot.Version, snapshot.Expires, c.saved.Snapshot, timestamp.Meta["snapshot.json"])
	if err != nil {
		return nil, err
	}
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	last := MetadataFile{
		Name: remoteName("timestamp", 0), Role: "timestamp",
		Version: timestamp.Version, Expires: timestamp.Expires, Data: c.saved.Timestamp,
	}
	return append(append([]MetadataFile{first, second}, roots...), last), nil
}

// listedFile compares data with what the file above says about it.
func listedFile(role string, version int64, expires time.Time, data []byte, meta *metadata.MetaFiles) (MetadataFile, error) {
	name := remoteName(role, version)
	if meta == nil || digestOf(data) != hex.EncodeToString(meta.Hashes["sha256"]) {
		return MetadataFile{}, &Error{Reason: CodeNotCached, Role: role, File: name}
	}
	return MetadataFile{Name: name, Role: role, Version: version, Expires: expires, Data: data}, nil
}

// roots walks the chain again, from the root trusted from the start to the
// one in use, so that each file is verified by the one before it.
func (c *Client) roots() ([]MetadataFile, error) {
	r, err := c.begin(time.Time{})
	if err != nil {
		return nil, err
	}
	var files []MetadataFile
	for {
		root := r.set.Root.Signed
		files = append(files, MetadataFile{
			Name: remoteName("root", root.Version), Role: "root",
			Version: root.Version, Expires: root.Expires, Data: r.root,
		})
		if root.Version >= c.set.Root.Signed.Version {
			break
		}
		next := root.Version + 1
		if err := r.trustRoot(remoteName("root", next), c.seen(cachedRoot(next))); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(r.root, c.rooted) {
		return nil, &Error{Reason: CodeNotCached, Role: "root", File: files[len(files)-1].Name}
	}
	return files, nil
}

// allTargets lists what a search finds of all that the roles sign.
func (c *Client) allTargets(ctx context.Context, roles []string) ([]Target, error) {
	paths := map[string]bool{}
	for _, role := range roles {
		for path := range c.set.Targets[role].Signed.Targets {
			paths[path] = true
		}
	}
	out := make([]Target, 0, len(paths))
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		s := search{client: c, path: path, visited: map[string]bool{}}
		if err := s.visit(ctx, pair{"targets", "root"}); err != nil {
			return nil, err
		}
		if s.found == nil {
			continue
		}
		digest := hex.EncodeToString(s.found.Hashes["sha256"])
		out = append(out, Target{
			Path: path, File: remoteTarget(path, digest), Role: s.role,
			Length: s.found.Length, SHA256: digest,
		})
	}
	return out, nil
}
