//go:build !windows && !darwin && !linux

package osdetect

import (
	"context"
	"runtime"
)

// read says that this system has no reader.
func read(context.Context, Options) (raw, error) {
	return raw{}, unsupported(runtime.GOOS)
}
