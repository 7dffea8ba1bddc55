//go:build !windows

package main

import "errors"

// run has nothing to do where there are no services of Windows.
func run(string) error { return errors.ErrUnsupported }
