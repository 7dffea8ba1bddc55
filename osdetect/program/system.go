package program

import (
	"fmt"
	"os"
)

// System is a program that comes with the system. This is the list of all
// that releve ever starts of it.
type System string

// The programs of Windows, in its system directory.
const (
	Msiexec System = "msiexec.exe"
	DISM    System = "dism.exe"
)

// The programs of macOS.
const (
	SystemProfiler System = "/usr/sbin/system_profiler"
)

// Path returns the absolute path of a program of the system. The error wraps
// fs.ErrNotExist when the system has none, as it has no WMIC today.
func (s System) Path() (string, error) {
	path, err := system(string(s))
	if err != nil {
		return "", fmt.Errorf("looking for %q: %w", string(s), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("looking for %q: %w", string(s), err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("looking for %q: %q is no file", string(s), path)
	}
	return path, nil
}
