package osdetect

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// read copies what macOS says.
func read(_ context.Context, o Options) (raw, error) {
	root := os.Geteuid() == 0
	here := session()
	plist := plistVersion()
	return raw{
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Elevated: &root,
		FreeBytes: freeBytes(existing(o.Dir)),
		Darwin: &rawDarwin{
			Kernel:       sysctl("kern.osrelease"),
			Product:      sysctl("kern.osproductversion"),
			Build:        sysctl("kern.osversion"),
			PlistProduct: plist.Product,
			PlistBuild:   plist.Build,
			Machine:      sysctl("hw.machine"),
			ARM64:        sysctlFlag("hw.optional.arm64"),
			Translated:   sysctlFlag("sysctl.proc_translated"),
			SSH:          here.SSH,
			UID:          here.UID,
			SudoUID:      here.SudoUID,
			ConsoleUID:   here.ConsoleUID,
			Parent:       here.Parent,
		},
	}, nil
}

// Session reads the fact session.kind alone, "" when it cannot be told: for who
// asks again and again, since a session can move.
func Session() string { return macSession(session()) }

// session copies what macOS says about the session of this process.
func session() rawDarwin {
	_, ssh := os.LookupEnv("SSH_CONNECTION")
	return rawDarwin{SSH: ssh, UID: uint32(os.Geteuid()), SudoUID: sudoUID(), ConsoleUID: consoleUID(), Parent: os.Getppid()}
}

func sysctl(name string) string {
	value, err := unix.Sysctl(name)
	if err != nil {
		return ""
	}
	return value
}

func sysctlFlag(name string) *bool {
	value, err := unix.SysctlUint32(name)
	if err != nil {
		return nil
	}
	set := value != 0
	return &set
}

func plistVersion() systemVersion {
	data, err := readSmall("/System/Library/CoreServices/SystemVersion.plist")
	if err != nil {
		return systemVersion{}
	}
	v, err := parseSystemVersion(data)
	if err != nil {
		return systemVersion{}
	}
	return v
}

func sudoUID() *uint32 {
	uid, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
	if err != nil {
		return nil
	}
	id := uint32(uid)
	return &id
}

func consoleUID() *uint32 {
	info, err := os.Stat("/dev/console")
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return &stat.Uid
}

func freeBytes(dir string) *uint64 {
	var s unix.Statfs_t
	if dir == "" || unix.Statfs(dir, &s) != nil {
		return nil
	}
	free := s.Bavail * uint64(s.Bsize)
	return &free
}
