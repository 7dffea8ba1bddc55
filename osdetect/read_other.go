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

// Session reads the fact session.kind alone, "" when it cannot be told: for who
// asks again and again, since a session can move.
func Session() string { return "" }
