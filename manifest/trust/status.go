package trust

import (
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// Status says what the client trusts and how old it is.
type Status struct {
	Roles     []RoleStatus  // root, timestamp, snapshot, targets, then roles of publishers by name
	Now       time.Time     // what the roles are judged at: the clock, unless it was turned back
	Behind    time.Duration // how far the clock was turned back; 0: it was not
	Refreshed time.Time     // last good refresh; zero: never
	Expired   bool          // some role is past its date now: nothing new may be installed
	Grace     bool          // some role is past its date, and used under Config.Grace
}

// RoleStatus is one metadata file in use.
type RoleStatus struct {
	Name    string    `json:"name"`
	Version int64     `json:"version"`
	Expires time.Time `json:"expires"`
	Since   time.Time `json:"-"` // when this version was first accepted here; zero: unknown
	Expired bool      `json:"-"` // now, beyond any grace
	Grace   bool      `json:"-"` // past its date, and used under Config.Grace
	Soon    bool      `json:"-"` // two thirds of its life here have passed
}

// Status describes the metadata loaded by Refresh or Cached. Without either
// it has no roles. Roles of publishers appear once a document of theirs was
// read.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{Now: c.now(), Behind: c.behind(), Refreshed: c.clock().Refreshed, Roles: c.roles()}
	since := c.record().Since
	for i := range s.Roles {
		r := &s.Roles[i]
		if seen, ok := since[r.Name]; ok && seen.Version == r.Version {
			r.Since = seen.At
		}
		r.judge(s.Now, c.judgedAt(r.Name, s.Now))
		s.Expired = s.Expired || r.Expired
		s.Grace = s.Grace || r.Grace
	}
	return s
}

// judge compares the date of a role with the time, and with the time it is
// judged at.
func (r *RoleStatus) judge(now, judgedAt time.Time) {
	r.Expired = judgedAt.After(r.Expires)
	r.Grace = !r.Expired && now.After(r.Expires)
	if !r.Since.IsZero() && r.Expires.After(r.Since) {
		r.Soon = now.Sub(r.Since) >= r.Expires.Sub(r.Since)/3*2
	}
}

// roles gives the roles in use: of the set, or of the record when the set was
// not needed.
func (c *Client) roles() []RoleStatus {
	switch {
	case c.set != nil:
		return roles(c.set)
	case c.unchanged:
		return append([]RoleStatus(nil), c.record().Roles...)
	}
	return nil
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

// Revision names the signed metadata in use: as long as it is the same, every
// document is the same. It is "" before Refresh or Cached.
func (c *Client) Revision() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.set != nil:
		return digestOf([]byte(digestOf(c.rooted) + digestOf(c.saved.Timestamp)))
	case c.unchanged:
		return digestOf([]byte(c.record().Root + c.record().Timestamp))
	}
	return ""
}
