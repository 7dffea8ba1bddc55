package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// load gives a set with the file beside it, or an empty one when there is none
// or it is damaged. It is only read here, not yet believed.
func (c *Client) load(name string, repair bool) (saved, error) {
	data, err := c.recall(name, repair)
	if data == nil {
		return saved{}, err
	}
	var s saved
	err = json.Unmarshal(data, &s)
	if err == nil && s.Beside != "" && s.Beside != savedTargets(savedTargets(s.Beside)) {
		err = fmt.Errorf("the file beside it is called %q", s.Beside)
	}
	switch {
	case err != nil && repair:
		return saved{}, c.setAside(name, err)
	case err != nil:
		return saved{}, nil
	}
	s.foreign = s.Origin != c.origin
	if s.Beside != "" {
		s.Targets, err = c.recall(s.Beside, repair)
	}
	return s, err
}

// seen gives a file of the cache, or nil when there is nothing usable: what is
// not there is refused by inspect like anything else that is damaged.
func (c *Client) seen(name string) []byte {
	data, err := c.recall(name, false)
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
	if r.saved, err = c.load(savedName, false); err != nil {
		return nil, err
	}
	if r.saved.Timestamp == nil {
		return nil, &Error{Reason: CodeNotCached, File: savedName}
	}
	if err := r.cachedRoots(r.saved.Root); err != nil {
		return nil, err
	}
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
