package osdetect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Keys under HKLM that hold what read wants.
const (
	currentVersion = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	servicing      = `SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`
	windowsUpdate  = `SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`
	sessionManager = `SYSTEM\CurrentControlSet\Control\Session Manager`
	updateProgram  = `SOFTWARE\Microsoft\Updates`
)

// read copies what Windows says.
func read(_ context.Context, o Options) (raw, error) {
	elevated := windows.GetCurrentProcessToken().IsElevated()
	version := windows.RtlGetVersion()
	major, minor, build := windows.RtlGetNtVersionNumbers()
	console := windows.WTSGetActiveConsoleSessionId()
	return raw{
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Elevated: &elevated,
		FreeBytes: freeBytes(existing(o.Dir)),
		Windows: &rawWindows{
			Numbers:         [3]uint32{major, minor, build},
			Version:         [3]uint32{version.MajorVersion, version.MinorVersion, version.BuildNumber},
			ProductType:     version.ProductType,
			UBR:             number64(currentVersion, "UBR"),
			EditionID:       text(currentVersion, "EditionID"),
			NativeMachine:   nativeMachine(),
			Session:         session(),
			ConsoleSession:  &console,
			SessionName:     os.Getenv("SESSIONNAME"),
			WMIC:            wmic(),
			ServicingReboot: keyExists(servicing),
			UpdateReboot:    keyExists(windowsUpdate),
			PendingRenames:  pendingRenames(),
			UpdateVolatile:  updateVolatile(),
		},
	}, nil
}

// open opens a key in the 64-bit view, which a 32-bit program would not see.
func open(path string) (registry.Key, error) {
	return registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
}

func text(path, name string) string {
	key, err := open(path)
	if err != nil {
		return ""
	}
	defer key.Close()
	value, _, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	return value
}

func number64(path, name string) *uint64 {
	key, err := open(path)
	if err != nil {
		return nil
	}
	defer key.Close()
	value, _, err := key.GetIntegerValue(name)
	if err != nil {
		return nil
	}
	return &value
}

func keyExists(path string) *bool {
	key, err := open(path)
	if err == nil {
		key.Close()
	}
	return thereUnless(err)
}

func pendingRenames() *bool {
	key, err := open(sessionManager)
	if err != nil {
		return nil
	}
	defer key.Close()
	names, _, err := key.GetStringsValue("PendingFileRenameOperations")
	if err != nil {
		return thereUnless(err)
	}
	waiting := len(names) > 0
	return &waiting
}

func updateVolatile() *bool {
	key, err := open(updateProgram)
	if err != nil {
		return thereUnless(err)
	}
	defer key.Close()
	value, _, err := key.GetIntegerValue("UpdateExeVolatile")
	if err != nil {
		return thereUnless(err)
	}
	waiting := value != 0
	return &waiting
}

// thereUnless is false when err says that nothing is there, nil for any other
// error and true for none.
func thereUnless(err error) *bool {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	there := err == nil
	return &there
}

func nativeMachine() uint16 {
	var process, native uint16
	if err := windows.IsWow64Process2(windows.CurrentProcess(), &process, &native); err != nil {
		return 0
	}
	return native
}

func session() *uint32 {
	var id uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &id); err != nil {
		return nil
	}
	return &id
}

func wmic() *bool {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil
	}
	_, err = os.Stat(filepath.Join(system, "wbem", "WMIC.exe"))
	return thereUnless(err)
}

func freeBytes(dir string) *uint64 {
	name, err := windows.UTF16PtrFromString(dir)
	if dir == "" || err != nil {
		return nil
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return nil
	}
	return &free
}
