package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// record is what the last complete refresh verified, as far as the next one
// needs it to see that nothing has changed. It is believed only as long as
// the files it names have the digests it names; see precheck.
type record struct {
	Origin    string               `json:"origin"`              // digest of the root trusted from the start
	Root      string               `json:"root"`                // digest of the root.json in use
	Set       string               `json:"set"`                 // digest of the file with the set
	Timestamp string               `json:"timestamp"`           // digest of the timestamp in it
	Validator string               `json:"validator,omitempty"` // what stands for that timestamp at the remote
	Roles     []RoleStatus         `json:"roles"`               // root, timestamp, snapshot, targets
	Since     map[string]firstSeen `json:"since"`               // by role, those of publishers too
	Floor     time.Time            `json:"floor"`               // see clock
}

// firstSeen says when a version of a role was first accepted here.
type firstSeen struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
}

// version gives the version of a top-level role.
func (r record) version(role string) int64 {
	for _, known := range r.Roles {
		if known.Name == role {
			return known.Version
		}
	}
	return 0
}

// record gives the record of the last complete refresh, or an empty one when
// it is not there or damaged: then the whole workflow runs and writes it anew.
func (c *Client) record() record {
	if c.known == nil {
		var rec record
		// What cannot be kept for support is no reason to stop.
		data, err := c.recall(recordName, true)
		if err != nil || data == nil || json.Unmarshal(data, &rec) != nil {
			rec = record{}
		}
		c.known = &rec
	}
	return *c.known
}

// keepRecord stores rec unless it is stored already.
func (c *Client) keepRecord(rec record) error {
	data, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encoding for the metadata cache: %w", err)
	}
	if !bytes.Equal(data, c.seen(recordName)) {
		if err := c.store(recordName, data); err != nil {
			return err
		}
	}
	c.known = &rec
	return nil
}

// forget makes sure that the next refresh runs the whole workflow. It comes
// before anything newer than the record is kept, so that no answer of a
// mirror can lead back behind it.
func (c *Client) forget() error {
	rec := c.record()
	if rec.Set == "" {
		return nil
	}
	rec.Set = ""
	return c.keepRecord(rec)
}

// recordOf describes what r verified. set is the digest of the stored set.
func (r *run) recordOf(set string) record {
	before := r.client.record()
	rec := record{
		Origin: r.client.origin, Root: digestOf(r.root), Set: set, Timestamp: digestOf(r.timestamp),
		Validator: r.validator, Roles: roles(r.set)[:4], Since: map[string]firstSeen{},
		Floor: latest(before.Floor, r.client.nextClock().Floor),
	}
	versions := map[string]int64{}
	for _, role := range rec.Roles {
		versions[role.Name] = role.Version
	}
	for file, meta := range r.set.Snapshot.Signed.Meta {
		versions[file[:len(file)-len(".json")]] = meta.Version
	}
	for role, version := range versions {
		if seen, ok := before.Since[role]; ok && seen.Version == version && before.Origin == rec.Origin {
			rec.Since[role] = seen
			continue
		}
		rec.Since[role] = firstSeen{version, r.now.UTC().Truncate(time.Second)}
	}
	return rec
}
