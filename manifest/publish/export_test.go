package publish

import (
	"bytes"
	"context"

	"github.com/releve-sante/releve/manifest"
)

// Before lets f be asked before each rename in the repository.
func (r *Repo) Before(f func(name string) error) { r.files.before = f }

// Measure counts an archive, as an artifact says it.
func Measure(ctx context.Context, name string, data []byte) (manifest.Artifact, error) {
	c, err := measure(ctx, name, bytes.NewReader(data), int64(len(data)))
	return manifest.Artifact{Unpacked: c.bytes, Entries: c.entries, Plain: c.plain}, err
}

// Expand turns a path of a delegation into patterns.
func Expand(pattern string) ([]string, bool) { return expand(pattern) }

// Overlap reports whether two patterns have a path in common.
func Overlap(a, b string) bool { return overlap(a, b) }

// Before does the same for repositories opened with c.
func (c *Config) Before(f func(name string) error) { c.before = f }

// NextRoot prepares, signs and finishes a root that waits for publication.
func (r *Repo) NextRoot(change RootChange) error {
	d, err := PrepareRoot(r.config, change)
	if err != nil {
		return err
	}
	if _, err := d.Sign(r.config.Keys); err != nil {
		return err
	}
	return r.finishRoot(d)
}
