//go:build unix

package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// mode is that of the folder: its owner's and nobody else's.
const mode = 0o700

// owned is a guard by owner and mode.
type owned struct{ uid int }

func newGuard() guard { return owned{os.Geteuid()} }

func (g owned) look(path string) (standing, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return missing, err
	}
	if !info.IsDir() {
		return foreign, nil
	}
	if ok, err := g.ours(path, info); err != nil || !ok {
		return foreign, err
	}
	if info.Mode().Perm()&^mode == 0 {
		return sound, nil
	}
	// Others could have left something in it.
	odd, err := stranger(path, g.ours)
	if err != nil || odd != "" {
		return foreign, err
	}
	return loose, nil
}

// ours reports whether the file belongs to this account and is one that a
// state folder may hold.
func (g owned) ours(_ string, info fs.FileInfo) (bool, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false, fmt.Errorf("the owner of %q cannot be told", info.Name())
	}
	return int(stat.Uid) == g.uid && (info.IsDir() || info.Mode().IsRegular()), nil
}

func (owned) create(path string) error { return os.Mkdir(path, mode) }

func (owned) repair(path string) error { return os.Chmod(path, mode) }
