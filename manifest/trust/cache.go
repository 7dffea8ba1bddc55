package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// now is the time metadata is judged at: the system's clock.
func (c *Client) now() time.Time { return c.config.Now() }

func (c *Client) store(name string, data []byte) error {
	if err := c.config.Cache.Store(name, data); err != nil {
		return fmt.Errorf("keeping %q in the metadata cache: %w", name, err)
	}
	return nil
}

// load gives the last complete set, or an empty one when there is none, when
// it is damaged, or when it belongs to another repository. It is only read
// here, not yet believed.
func (c *Client) load() saved {
	data, err := c.config.Cache.Load(savedName)
	if err != nil {
		return saved{}
	}
	var s saved
	if json.Unmarshal(data, &s) != nil || s.Origin != c.origin {
		return saved{}
	}
	return s
}

// seen gives a file of the cache, or nil when it cannot be read: what is not
// there is refused by inspect like anything else that is damaged.
func (c *Client) seen(name string) []byte {
	data, err := c.config.Cache.Load(name)
	if err != nil {
		return nil
	}
	return data
}

func (s saved) equal(o saved) bool {
	return s.Origin == o.Origin && s.Root == o.Root && bytes.Equal(s.Timestamp, o.Timestamp) &&
		bytes.Equal(s.Snapshot, o.Snapshot) && bytes.Equal(s.Targets, o.Targets)
}

// cached loads the last complete set without asking for its age: at the zero
// time nothing has expired yet. The chain of roots stops where it stood when
// the set was written, because a later root may have revoked its keys.
func (c *Client) cached() (*run, error) {
	r, err := c.begin(time.Time{})
	if err != nil {
		return nil, err
	}
	r.saved = c.load()
	if r.saved.Timestamp == nil {
		return nil, &Error{Reason: CodeNotCached, File: savedName}
	}
	r.cachedRoots(r.saved.Root)
	r.timestamp, r.snapshot, r.targets = r.saved.Timestamp, r.saved.Snapshot, r.saved.Targets
	for _, step := range []func() error{
		func() error { return r.trustTimestamp("cached timestamp.json", r.timestamp) },
		func() error { return r.trustSnapshot("cached snapshot.json", r.snapshot, false) },
		func() error { return r.trustTargets("cached targets.json", r.targets) },
	} {
		if err := step(); err != nil {
			return nil, &Error{Reason: CodeNotCached, File: savedName, Cause: err}
		}
	}
	return r, nil
}

// refreshed gives the time of the last good refresh, zero when unknown.
func (c *Client) refreshed() time.Time {
	data, err := c.config.Cache.Load(refreshedName)
	if err != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, string(data))
	if err != nil {
		return time.Time{}
	}
	return at
}

// Status says what the client trusts and how old it is.
type Status struct {
	Roles     []RoleStatus // root, timestamp, snapshot, targets, then roles of publishers by name
	Refreshed time.Time    // last good refresh; zero: never
	Expired   bool         // some role is past its date now: nothing new may be installed
}

// RoleStatus is one metadata file in use.
type RoleStatus struct {
	Name    string
	Version int64
	Expires time.Time
	Expired bool // now
}

// Status describes the metadata loaded by Refresh or Cached. Without either
// it has no roles. Roles of publishers appear once a document of theirs was
// read.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set == nil {
		return Status{}
	}
	s := Status{Refreshed: c.refreshed(), Roles: roles(c.set)}
	now := c.now()
	for i := range s.Roles {
		s.Roles[i].Expired = now.After(s.Roles[i].Expires)
		s.Expired = s.Expired || s.Roles[i].Expired
	}
	return s
}

func roles(set *trustedmetadata.TrustedMetadata) []RoleStatus {
	all := []RoleStatus{
		{Name: "root", Version: set.Root.Signed.Version, Expires: set.Root.Signed.Expires},
		{Name: "timestamp", Version: set.Timestamp.Signed.Version, Expires: set.Timestamp.Signed.Expires},
		{Name: "snapshot", Version: set.Snapshot.Signed.Version, Expires: set.Snapshot.Signed.Expires},
		{Name: "targets", Version: set.Targets["targets"].Signed.Version, Expires: set.Targets["targets"].Signed.Expires},
	}
	for _, name := range sortedRoles(set) {
		t := set.Targets[name]
		all = append(all, RoleStatus{Name: name, Version: t.Signed.Version, Expires: t.Signed.Expires})
	}
	return all
}
