package publish

import (
	"bytes"
	"context"
)

// Before lets f be asked before each rename in the repository.
func (r *Repo) Before(f func(name string) error) { r.files.before = f }

// Measure counts an archive.
func Measure(ctx context.Context, name string, data []byte) (unpacked, entries int64, err error) {
	return measure(ctx, name, bytes.NewReader(data), int64(len(data)))
}

// Expand turns a path of a delegation into patterns.
func Expand(pattern string) ([]string, bool) { return expand(pattern) }

// Overlap reports whether two patterns have a path in common.
func Overlap(a, b string) bool { return overlap(a, b) }
