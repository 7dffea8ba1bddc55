package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

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
	if json.Unmarshal(data, &s) != nil || s.Origin != c.origin || s.Beside != savedTargets(savedTargets(s.Beside)) {
		return saved{}
	}
	s.Targets = c.seen(s.Beside)
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
		bytes.Equal(s.Snapshot, o.Snapshot) && bytes.Equal(s.Targets, o.Targets) && s.Beside == o.Beside
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
