package trust

import (
	"context"
	"errors"
	"io/fs"
)

// maxRotations is how many newer roots one refresh walks through.
const maxRotations = 256

// cachedRoots walks up the chain of roots in the cache, at most to version
// last. A damaged link ends it: the remote has all of them.
func (r *run) cachedRoots(last int64) error {
	for range maxRotations {
		version := r.set.Root.Signed.Version + 1
		if version > last {
			return nil
		}
		name := cachedRoot(version)
		data, err := r.client.recall(name, r.repair)
		if data == nil {
			return err
		}
		if err := r.trustRoot(name, data); err != nil {
			if r.repair {
				return r.client.setAside(name, err)
			}
			return nil
		}
	}
	return nil
}

// remoteRoots walks up the chain of roots at the remote until there is no
// next one, and keeps each root as soon as it is verified (5.3).
func (r *run) remoteRoots(ctx context.Context) error {
	for range maxRotations {
		version := r.set.Root.Signed.Version + 1
		w := wanted{role: "root", file: remoteName("root", version), limit: smallLimit, length: unknownLength}
		next := r.fetch(ctx, w)
		if errors.Is(next.err, fs.ErrNotExist) {
			return nil
		}
		if next.err != nil {
			return next.err
		}
		if err := r.trustRoot(w.file, next.data); err != nil {
			return err
		}
		if err := errors.Join(r.client.forget(), r.client.store(cachedRoot(version), next.data)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) trustRoot(file string, data []byte) error {
	if _, err := r.client.config.Rules.inspect("root", file, data); err != nil {
		return err
	}
	err := guard("root", file, func() error {
		_, err := r.set.UpdateRoot(data)
		return err
	})
	if err == nil {
		r.root = data
	}
	return err
}
