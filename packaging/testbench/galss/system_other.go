//go:build !windows

package main

import (
	"context"
	"errors"
)

// windows is not here; only what is asked of it is tested.
type windows struct{}

func (windows) instances(context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

func (windows) readers() ([]string, error) { return nil, errors.ErrUnsupported }
