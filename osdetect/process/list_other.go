//go:build !windows && !darwin && !linux

package process

import (
	"context"
	"errors"
)

// list says that this system has no reader.
func list(context.Context) ([]Process, error) { return nil, errors.ErrUnsupported }
