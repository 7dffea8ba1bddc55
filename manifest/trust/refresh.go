package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// saved is the last complete set of top-level metadata. It is one file, so
// that a process that dies leaves either the old set or the new one. The file
// beside it is written before it, and never over the one it names.
type saved struct {
	Origin    string `json:"origin"` // digest of the root trusted from the start
	Root      int64  `json:"root"`   // version; it never goes back
	Timestamp []byte `json:"timestamp"`
	Snapshot  []byte `json:"snapshot"`

	// Targets is the only one that may be large. It lies in a file of its
	// own, so that the set can be compared without reading it.
	Targets []byte `json:"-"`
	Beside  string `json:"targets"` // the name of that file

	// foreign says that it was kept under another trusted root: of another
	// repository, or of this one before the program brought a newer root.
	foreign bool
}

// run is one pass through the client workflow. Only a run that ended well
// becomes the client's state.
type run struct {
	client    *Client
	remote    Remote // nil when only the cache is read
	now       time.Time
	set       *trustedmetadata.TrustedMetadata
	root      []byte
	timestamp []byte
	snapshot  []byte
	targets   []byte
	saved     saved // the last complete set
	seen      saved // what a failed refresh verified beyond it; never complete
	repair    bool  // damaged files of the cache are set aside

	answers   answers // of the remote, to questions that were asked already
	validator string  // what stands for timestamp at the remote
	unchanged bool    // nothing is new: set is nil, and the record stands
}

// begin starts a run from the root trusted from the start. Nothing is
// expired at the zero time.
func (c *Client) begin(now time.Time) (*run, error) {
	r := &run{client: c, now: now, root: c.config.Root}
	if _, err := c.config.Rules.inspect("root", "root.json", c.config.Root); err != nil {
		return nil, &Error{Reason: CodeNoRoot, Role: "root", Cause: err}
	}
	err := guard("root", "root.json", func() (err error) {
		r.set, err = trustedmetadata.New(c.config.Root)
		return err
	})
	if err != nil {
		return nil, &Error{Reason: CodeNoRoot, Role: "root", Cause: err}
	}
	// go-tuf has one time for all roles. It gets the earliest, and what may
	// not be judged at that is judged again, here and in usable.
	r.set.RefTime = c.judgedAt("timestamp", now)
	return r, nil
}

// refreshFrom asks one remote whether anything is new, and for what is new.
func (c *Client) refreshFrom(ctx context.Context, remote Remote) (*run, error) {
	now := c.now()
	rec, known, unchanged := c.precheck(ctx, remote, now)
	if unchanged {
		r := &run{client: c, remote: remote, now: now, unchanged: true}
		if rec.Validator != c.record().Validator {
			return r, errors.Join(c.keepRecord(rec), c.keepTime())
		}
		return r, c.keepTime()
	}
	r, err := c.begin(now)
	if err != nil {
		return nil, err
	}
	r.remote, r.answers = remote, known
	return r.whole(ctx)
}

// whole is the whole workflow.
func (r *run) whole(ctx context.Context) (*run, error) {
	if err := r.recall(); err != nil {
		return nil, err
	}
	if err := r.remoteRoots(ctx); err != nil {
		return nil, err
	}
	root := r.set.Root.Signed
	file := remoteName("root", root.Version)
	if err := older("root", file, root.Version, r.rootFloor()); err != nil {
		return nil, err
	}
	if err := expired("root", file, root.Expires, r.now); err != nil {
		return nil, err
	}
	if err := r.rest(ctx); err != nil {
		return nil, errors.Join(err, r.keepSeen(err))
	}
	return r, r.commit()
}

// rootFloor is the version of root that was in use under the same trusted
// root, as far as anything in the cache still knows it.
func (r *run) rootFloor() int64 {
	floor := int64(0)
	if !r.saved.foreign {
		floor = r.saved.Root
	}
	if rec := r.client.record(); rec.Origin == r.client.origin {
		floor = max(floor, rec.version("root"))
	}
	return floor
}

// recall reads what earlier refreshes kept, and repairs what is damaged.
func (r *run) recall() (err error) {
	r.repair = true
	if r.saved, err = r.client.load(savedName, true); err != nil {
		return err
	}
	if r.seen, err = r.client.load(seenName, true); err != nil {
		return err
	}
	return r.cachedRoots(math.MaxInt64)
}

// rest loads what stands below the root.
func (r *run) rest(ctx context.Context) error {
	if err := r.loadTimestamp(ctx); err != nil {
		return err
	}
	if err := r.loadSnapshot(ctx); err != nil {
		return err
	}
	return r.loadTargets(ctx)
}

// loadTimestamp takes the newest timestamp already seen, so that older ones
// are refused, and then the remote's (5.4).
func (r *run) loadTimestamp(ctx context.Context) error {
	if err := r.oldTimestamps(); err != nil {
		return err
	}
	w := wanted{role: "timestamp", file: remoteName("timestamp", 0), limit: smallLimit, length: unknownLength}
	found := r.fetch(ctx, w)
	if found.err != nil {
		return found.err
	}
	err := r.trustTimestamp(w.file, found.data)
	var same *metadata.ErrEqualVersionNumber
	switch {
	case errors.As(err, &same): // the one already trusted stays
	case err != nil:
		return r.explained(err, found.data)
	default:
		r.timestamp = found.data
	}
	if err := r.recorded("timestamp", w.file, r.set.Timestamp.Signed.Version); err != nil {
		return err
	}
	if bytes.Equal(r.timestamp, found.data) {
		r.validator = found.validator
	}
	return r.expired("timestamp", w.file, r.set.Timestamp.Signed.Expires)
}

// oldTimestamps takes what the cache has. A timestamp that does not verify was
// signed by keys the root has since revoked, and must not hold anything back;
// or it is another repository's.
func (r *run) oldTimestamps() error {
	for _, old := range []struct {
		name string
		saved
	}{{savedName, r.saved}, {seenName, r.seen}} {
		if old.Timestamp == nil {
			continue
		}
		before := r.set.Timestamp
		err := r.trustTimestamp("cached timestamp.json", old.Timestamp)
		if r.set.Timestamp != before {
			r.timestamp = old.Timestamp
		} else if old.foreign && r.set.Timestamp == nil {
			if err := r.client.setAside(old.name, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) trustTimestamp(file string, data []byte) error {
	if _, err := r.client.config.Rules.inspect("timestamp", file, data); err != nil {
		return err
	}
	return guard("timestamp", file, func() error {
		_, err := r.set.UpdateTimestamp(data)
		return err
	})
}

// recorded refuses a version below the one that the record of the last refresh
// names, which tells it also when the set was lost. Under another root it says
// nothing: new keys may begin again.
func (r *run) recorded(role, file string, version int64) error {
	rec := r.client.record()
	if rec.Origin != r.client.origin || rec.version("root") != r.set.Root.Signed.Version {
		return nil
	}
	return older(role, file, version, rec.Since[role].Version)
}

// loadSnapshot takes the cached snapshot if it is the announced one, and the
// remote's otherwise (5.5).
func (r *run) loadSnapshot(ctx context.Context) error {
	for _, data := range [][]byte{r.saved.Snapshot, r.seen.Snapshot} {
		if r.trustSnapshot("cached snapshot.json", data, true) == nil {
			r.snapshot = data
			return nil
		}
	}
	meta := r.set.Timestamp.Signed.Meta["snapshot.json"]
	w := wanted{
		role: "snapshot", file: layoutOf(r.set).metadata("snapshot", meta.Version),
		limit: r.client.config.Rules.snapshotLimit(), length: announced(meta),
	}
	data, err := r.client.fetch(ctx, r.remote, w)
	if err != nil {
		return withheld(err)
	}
	if err := r.trustSnapshot(w.file, data, false); err != nil {
		return r.explained(err, data)
	}
	if err := r.recorded("snapshot", w.file, r.set.Snapshot.Signed.Version); err != nil {
		return err
	}
	for name, listed := range r.set.Snapshot.Signed.Meta {
		if err := r.recorded(strings.TrimSuffix(name, ".json"), w.file, listed.Version); err != nil {
			return err
		}
	}
	r.snapshot = data
	return nil
}

func (r *run) trustSnapshot(file string, data []byte, seen bool) error {
	if _, err := r.client.config.Rules.inspect("snapshot", file, data); err != nil {
		return err
	}
	return guard("snapshot", file, func() error {
		_, err := r.set.UpdateSnapshot(data, seen)
		return err
	})
}

// loadTargets does the same for the targets role (5.6).
func (r *run) loadTargets(ctx context.Context) error {
	if r.trustTargets("cached targets.json", r.saved.Targets) == nil {
		r.targets = r.saved.Targets
		signed := r.set.Targets["targets"].Signed
		return r.expired("targets", layoutOf(r.set).metadata("targets", signed.Version), signed.Expires)
	}
	meta := r.set.Snapshot.Signed.Meta["targets.json"]
	w := wanted{
		role: "targets", file: layoutOf(r.set).metadata("targets", meta.Version),
		limit: largeLimit, length: announced(meta),
	}
	data, err := r.client.fetch(ctx, r.remote, w)
	if err != nil {
		return withheld(err)
	}
	if err := r.trustTargets(w.file, data); err != nil {
		return r.explained(err, data)
	}
	r.targets = data
	return r.expired("targets", w.file, r.set.Targets["targets"].Signed.Expires)
}

func (r *run) trustTargets(file string, data []byte) error {
	if _, err := r.client.config.Rules.inspect("targets", file, data); err != nil {
		return err
	}
	return guard("targets", file, func() error {
		_, err := r.set.UpdateTargets(data)
		return err
	})
}

// expired gives the error for a role whose date is before the time it is
// judged at, or nil.
func (r *run) expired(role, file string, expires time.Time) error {
	if !r.client.judgedAt(role, r.now).After(expires) {
		return nil
	}
	return expired(role, file, expires, r.now)
}

// keepSeen remembers, after a failed refresh, the newer metadata that was
// verified in it, so that nothing older is accepted from now on. The complete
// set of the last good refresh stays beside it, for Cached.
//
// After a panic it keeps nothing: what made the verification break down once
// must not be found again at the next start.
func (r *run) keepSeen(failure error) error {
	var e *Error
	if errors.As(failure, &e) && e.Reason == CodePanic {
		return nil
	}
	next := saved{
		Origin: r.client.origin, Root: r.set.Root.Signed.Version,
		Timestamp: r.timestamp, Snapshot: r.snapshot,
	}
	if next.Snapshot == nil && !r.seen.foreign {
		next.Snapshot = r.seen.Snapshot
	}
	known := bytes.Equal(next.Timestamp, r.saved.Timestamp) &&
		(next.Snapshot == nil || bytes.Equal(next.Snapshot, r.saved.Snapshot))
	if next.Timestamp == nil || known || next.equal(r.seen) {
		return nil
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding metadata for the cache: %w", err)
	}
	return errors.Join(r.client.forget(), r.client.store(seenName, data))
}

// commit writes the complete set, if it is a new one, and then what lets the
// next refresh see that nothing has changed, and the time.
func (r *run) commit() error {
	next := saved{
		Origin: r.client.origin, Root: r.set.Root.Signed.Version,
		Timestamp: r.timestamp, Snapshot: r.snapshot, Targets: r.targets, Beside: r.saved.Beside,
	}
	if next.Beside == "" || !bytes.Equal(next.Targets, r.saved.Targets) {
		if next.Beside == "" || !bytes.Equal(next.Snapshot, r.saved.Snapshot) {
			next.Beside = savedTargets(r.saved.Beside)
		} // else the set is the same, and the file beside it was damaged
		if err := r.client.store(next.Beside, next.Targets); err != nil {
			return err
		}
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding metadata for the cache: %w", err)
	}
	if !next.equal(r.saved) {
		if err := r.client.store(savedName, data); err != nil {
			return err
		}
		r.saved = next
	}
	if err := r.client.keepRecord(r.recordOf(digestOf(data))); err != nil {
		return err
	}
	return r.client.keepTime()
}

// announced is the length that signed metadata gives a file. Under Strict
// there always is one.
func announced(meta *metadata.MetaFiles) int64 {
	if meta.Length == 0 {
		return unknownLength
	}
	return meta.Length
}
