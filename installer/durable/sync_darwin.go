package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

// On macOS fsync hands data to the drive and F_FULLFSYNC, which File.Sync
// uses, empties the drive's cache. One of the latter, at the end, covers
// every one of the former, which are far cheaper.
func handOverFile(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.Fsync(int(fd)) }); err != nil {
		return err
	}
	if unsupported(failed) {
		return nil
	}
	return failed
}

func handOverDir(dir *os.File) error { return handOverFile(dir) }
