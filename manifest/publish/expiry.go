package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest/trust"
)

// What is left of a life when it is due: for the two roles that are signed
// online and often, and in days for all others unless somebody says otherwise.
const (
	dueTimestamp = 6 * time.Hour
	dueSnapshot  = 2 * day
	// DueDays is the usual limit for roles that are signed offline.
	DueDays = 30
)

// ErrNoRoot says that there is no first root, and so no repository.
var ErrNoRoot = errors.New("no file metadata/1.root.json")

// Expiry is until when the signature of a role is good.
type Expiry struct {
	Role    string
	Version int64
	Expires time.Time
	Left    time.Duration // below zero: past
	Due     bool          // it has to be signed again now
}

// Expiries lists until when everything that is published is good, the next to
// expire first. Roles signed offline are due when less than days are left,
// snapshot when less than two days are, timestamp when less than six hours
// are. The signatures are checked from the first root of the repository on;
// dates are not, so that one that has passed is told and not refused.
func Expiries(ctx context.Context, remote trust.Remote, now time.Time, days int) ([]Expiry, error) {
	s, all, err := readPublished(ctx, remote)
	if err != nil {
		return nil, err
	}
	all = append(all, Expiry{Role: metadata.ROOT, Version: s.root.Signed.Version, Expires: s.root.Signed.Expires})
	for role, t := range s.roles {
		all = append(all, Expiry{Role: role, Version: t.Signed.Version, Expires: t.Signed.Expires})
	}
	for i := range all {
		e := &all[i]
		e.Left = e.Expires.Sub(now)
		limit := time.Duration(days) * day
		switch e.Role {
		case metadata.TIMESTAMP:
			limit = dueTimestamp
		case metadata.SNAPSHOT:
			limit = dueSnapshot
		}
		e.Due = e.Left < limit
	}
	slices.SortFunc(all, func(a, b Expiry) int {
		return cmp.Or(a.Expires.Compare(b.Expires), strings.Compare(a.Role, b.Role))
	})
	return all, nil
}

// readPublished reads what clients would, and checks the signatures.
func readPublished(ctx context.Context, remote trust.Remote) (*state, []Expiry, error) {
	root, err := fetchRoot(ctx, remote)
	if err != nil {
		return nil, nil, err
	}
	s := &state{root: root, roles: map[string]*targetsFile{}}
	timestamp, err := fetch[metadata.TimestampType](ctx, remote, metadataName(metadata.TIMESTAMP, 0))
	if err != nil {
		return nil, nil, err
	}
	listed := timestamp.Signed.Meta["snapshot.json"]
	if listed == nil {
		return nil, nil, &Error{Reason: CodeDamaged, Role: metadata.TIMESTAMP, Name: metadataName(metadata.TIMESTAMP, 0)}
	}
	snapshot, err := fetch[metadata.SnapshotType](ctx, remote, metadataName(metadata.SNAPSHOT, listed.Version))
	if err != nil {
		return nil, nil, err
	}
	for role, m := range map[string]signable{metadata.TIMESTAMP: timestamp, metadata.SNAPSHOT: snapshot} {
		if err := s.authority(role).quorum(m).refusal(); err != nil {
			return nil, nil, err
		}
	}
	names := []string{metadata.TARGETS}
	for i := 0; i < len(names); i++ {
		role := names[i]
		meta := snapshot.Signed.Meta[role+".json"]
		if meta == nil {
			return nil, nil, &Error{Reason: CodeDamaged, Role: role, Name: metadataName(metadata.SNAPSHOT, listed.Version)}
		}
		if s.roles[role], err = fetch[metadata.TargetsType](ctx, remote, metadataName(role, meta.Version)); err != nil {
			return nil, nil, err
		}
		if err := s.quorum(role).refusal(); err != nil {
			return nil, nil, err
		}
		if role == metadata.TARGETS {
			names = s.names()
		}
	}
	return s, []Expiry{
		{Role: metadata.TIMESTAMP, Version: timestamp.Signed.Version, Expires: timestamp.Signed.Expires},
		{Role: metadata.SNAPSHOT, Version: snapshot.Signed.Version, Expires: snapshot.Signed.Expires},
	}, nil
}

// fetchRoot walks up the chain of roots.
func fetchRoot(ctx context.Context, remote trust.Remote) (*rootFile, error) {
	var newest *rootFile
	for version := int64(1); ; version++ {
		next, err := fetch[metadata.RootType](ctx, remote, metadataName(metadata.ROOT, version))
		if errors.Is(err, fs.ErrNotExist) {
			if newest == nil {
				return nil, ErrNoRoot
			}
			return newest, nil
		}
		if err != nil {
			return nil, err
		}
		if err := succeeds(newest, next); err != nil {
			return nil, err
		}
		newest = next
	}
}

// fetch reads one metadata file from a remote.
func fetch[T metadata.Roles](ctx context.Context, remote trust.Remote, name string) (*metadata.Metadata[T], error) {
	body, start, err := remote.Open(ctx, name, 0)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(body, metadataLimit+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if start != 0 || len(data) > metadataLimit {
		return nil, &Error{Reason: CodeDamaged, Name: name}
	}
	m, err := decode[T](data)
	if err != nil {
		return nil, &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	return m, nil
}
