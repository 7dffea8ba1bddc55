package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Before lets f be asked before each rename in the repository.
func (r *Repo) Before(f func(name string) error) { r.files.before = f }

// Measure counts an archive, as an artifact says it.
func Measure(ctx context.Context, name string, data []byte) (manifest.Artifact, error) {
	c, err := measure(ctx, name, bytes.NewReader(data), int64(len(data)))
	return manifest.Artifact{Unpacked: c.bytes, Entries: c.entries, Plain: c.plain}, err
}

// ForgetPlain takes the digests of the tars out of the document of a
// component, as it was before there were any.
func (r *Repo) ForgetPlain(component string) error {
	return r.edit(component, func(_ *state, rel *manifest.Release) error {
		rel.Artifact.Plain = nil
		return nil
	})
}

// MistakePlain has the publisher sign another digest for every tar.
func (r *Repo) MistakePlain(component string) error {
	return r.edit(component, func(_ *state, rel *manifest.Release) error {
		rel.Artifact.Plain.SHA256 = strings.Repeat("0", 64)
		return nil
	})
}

// ReplaceDeltas has the publisher sign other bytes for every delta.
func (r *Repo) ReplaceDeltas(component string, data []byte) error {
	return r.edit(component, func(s *state, rel *manifest.Release) error {
		sum := sha256.Sum256(data)
		for i := range rel.Deltas {
			d := &rel.Deltas[i]
			d.Length, d.SHA256 = int64(len(data)), hexOf(sum[:])
			if err := r.put(s, d.Path, data); err != nil {
				return err
			}
		}
		return nil
	})
}

// edit changes every release of a component and signs.
func (r *Repo) edit(component string, change func(s *state, rel *manifest.Release) error) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	c, err := r.component(s, component)
	if err != nil {
		return err
	}
	for i := range c.Releases {
		if err := change(s, &c.Releases[i]); err != nil {
			return err
		}
	}
	name := manifest.ComponentPath(component)
	data, err := encodeComponent(name, c)
	if err != nil {
		return err
	}
	return r.putSigned(s, name, data)
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
