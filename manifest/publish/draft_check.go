package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// The shapes below are all that metadata of ours consists of, and all that
// Changes tells. What has more in it would be signed without being shown.
type (
	shownKey struct {
		Type   string `json:"keytype"`
		Scheme string `json:"scheme"`
		Value  struct {
			Public string `json:"public"`
		} `json:"keyval"`
		Name string `json:"x-releve-name"`
	}
	shownRole struct {
		KeyIDs    []string `json:"keyids"`
		Threshold int      `json:"threshold"`
	}
	shownHead struct {
		Type    string    `json:"_type"`
		Spec    string    `json:"spec_version"`
		Version int64     `json:"version"`
		Expires time.Time `json:"expires"`
	}
	shownRoot struct {
		shownHead
		Consistent bool                 `json:"consistent_snapshot"`
		Keys       map[string]shownKey  `json:"keys"`
		Roles      map[string]shownRole `json:"roles"`
	}
	shownTargets struct {
		shownHead
		Targets map[string]struct {
			Length int64             `json:"length"`
			Hashes map[string]string `json:"hashes"`
		} `json:"targets"`
		Delegations *struct {
			Keys  map[string]shownKey `json:"keys"`
			Roles []struct {
				shownRole
				Name        string   `json:"name"`
				Terminating bool     `json:"terminating"`
				Paths       []string `json:"paths"`
			} `json:"roles"`
		} `json:"delegations"`
	}
)

// nothingHidden refuses metadata to be signed that holds more than is shown,
// or shows something else than it holds.
func (d *Draft) nothingHidden(next json.RawMessage) error {
	var file struct {
		Signed json.RawMessage `json:"signed"`
	}
	if err := json.Unmarshal(next, &file); err != nil {
		return err
	}
	var shape any = new(shownTargets)
	if d.root != nil {
		shape = new(shownRoot)
	}
	decoder := json.NewDecoder(bytes.NewReader(file.Signed))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(shape); err != nil {
		return fmt.Errorf("what is signed holds more than can be shown: %w", err)
	}
	if d.root != nil {
		if !d.root.Signed.ConsistentSnapshot {
			return errors.New("root does not ask for consistent snapshots")
		}
		return soundKeys(d.root.Signed.Keys)
	}
	for path, t := range d.targets.Signed.Targets {
		if len(t.Hashes) != 1 || len(t.Hashes["sha256"]) != 32 || t.Length < 0 {
			return fmt.Errorf("target %.80q has not one hash, SHA-256, and a length", path)
		}
	}
	if d.targets.Signed.Delegations == nil {
		return nil
	}
	if d.role != metadata.TARGETS {
		return fmt.Errorf("role %q delegates, which only targets may", d.role)
	}
	return soundDelegations(d.targets.Signed.Delegations)
}

// soundDelegations refuses publishers whose paths overlap: the first would
// take from the second what that one signs for.
func soundDelegations(d *metadata.Delegations) error {
	for i, role := range d.Roles {
		if !isName(role.Name) || role.Name != Catalogue && roleTaken(role.Name) || !role.Terminating {
			return fmt.Errorf("publisher %.40q has no name for a publisher, or does not end the search", role.Name)
		}
		for _, other := range d.Roles[:i] {
			for _, p := range role.Paths {
				for _, q := range other.Paths {
					if overlap(p, q) || role.Name == other.Name {
						return fmt.Errorf("publishers %q and %q both have %q", other.Name, role.Name, p)
					}
				}
			}
		}
	}
	return soundKeys(d.Keys)
}

// soundKeys refuses a key under an identifier that is not its own, and one
// that may not sign.
func soundKeys(keys map[string]*metadata.Key) error {
	for id, key := range keys {
		own, err := (&metadata.Key{Type: key.Type, Scheme: key.Scheme, Value: key.Value}).ID()
		if err != nil {
			return err
		}
		public, err := key.ToPublicKey()
		if err != nil {
			return fmt.Errorf("key %.16q: %w", id, err)
		}
		if err := supported(public); err != nil {
			return fmt.Errorf("key %.16q: %w", id, err)
		}
		if own != id {
			return fmt.Errorf("key %.16q has the identifier of another", id)
		}
	}
	return nil
}
