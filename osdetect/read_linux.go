package osdetect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// read copies what Linux says.
func read(_ context.Context, o Options) (raw, error) {
	root := os.Geteuid() == 0
	here := session()
	return raw{
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Elevated: &root,
		FreeBytes: freeBytes(existing(o.Dir)),
		Linux: &rawLinux{
			Release:        release(),
			Machine:        machine(),
			SSH:            here.SSH,
			SessionType:    here.SessionType,
			Parent:         here.Parent,
			RebootRequired: exists("/run/reboot-required"),
		},
	}, nil
}

// Session reads the fact session.kind alone, "" when it cannot be told: for who
// asks again and again, since a session can move.
func Session() string { return linuxSession(session()) }

// session copies what Linux says about the session of this process.
func session() rawLinux {
	_, ssh := os.LookupEnv("SSH_CONNECTION")
	return rawLinux{SSH: ssh, SessionType: os.Getenv("XDG_SESSION_TYPE"), Parent: os.Getppid()}
}

// release reads os-release from where the format says it may be.
func release() map[string]string {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if data, err := readSmall(name); err == nil {
			return parseOSRelease(data)
		}
	}
	return nil
}

func machine() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Machine[:])
}

func exists(name string) *bool {
	_, err := os.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	there := err == nil
	return &there
}

func freeBytes(dir string) *uint64 {
	var s unix.Statfs_t
	if dir == "" || unix.Statfs(dir, &s) != nil {
		return nil
	}
	free := s.Bavail * uint64(s.Bsize)
	return &free
}
