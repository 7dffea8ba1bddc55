//go:build !windows

package main

import "errors"

// carryOut needs Windows.
func carryOut(order, []string) (int, error) { return 0, errors.ErrUnsupported }
