//go:build !windows

package authenticode

import (
	"errors"
	"fmt"
	"os"
)

// verify knows nothing of these signatures here.
func verify(*os.File) (answer, error) {
	return answer{}, fmt.Errorf("signatures of Windows programs: %w", errors.ErrUnsupported)
}

// open cannot keep others away here.
func open(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return os.Open(path)
}
