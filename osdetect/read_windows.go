package osdetect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/registry"
)

// Keys under HKLM that hold what read wants.
const (
	currentVersion = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	servicing      = `SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`
	windowsUpdate  = `SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`
	sessionManager = `SYSTEM\CurrentControlSet\Control\Session Manager`
	terminalServer = `SYSTEM\CurrentControlSet\Control\Terminal Server`
	updateProgram  = `SOFTWARE\Microsoft\Updates`
	citrixAgent    = `SOFTWARE\Citrix\VirtualDesktopAgent`
)

// read copies what Windows says.
func read(_ context.Context, o Options) (raw, error) {
	elevated := windows.GetCurrentProcessToken().IsElevated()
	version := windows.RtlGetVersion()
	major, minor, build := windows.RtlGetNtVersionNumbers()
	here := session()
	return raw{
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Elevated: &elevated,
		FreeBytes: freeBytes(existing(o.Dir)),
		Windows: &rawWindows{
			Numbers:         [3]uint32{major, minor, build},
			Version:         [3]uint32{version.MajorVersion, version.MinorVersion, version.BuildNumber},
			ProductType:     version.ProductType,
			Suite:           &version.SuiteMask,
			UBR:             number64(currentVersion, "UBR"),
			EditionID:       text(currentVersion, "EditionID"),
			DisplayVersion:  text(currentVersion, "DisplayVersion"),
			ReleaseID:       text(currentVersion, "ReleaseId"),
			NativeMachine:   nativeMachine(),
			Session:         here.Session,
			ConsoleSession:  here.ConsoleSession,
			RemoteSession:   here.RemoteSession,
			SessionName:     here.SessionName,
			SessionHost:     numberIsSet(terminalServer, "TSAppCompat"),
			CitrixAgent:     keyExists(citrixAgent),
			WMIC:            wmic(),
			SmartCards:      serviceNamed("SCardSvr"),
			WMICOfSystem:    wmicOfSystem(),
			WMICOnPath:      wmicOnPath(),
			ServicingReboot: keyExists(servicing),
			UpdateReboot:    keyExists(windowsUpdate),
			PendingRenames:  pendingRenames(),
			UpdateVolatile:  numberIsSet(updateProgram, "UpdateExeVolatile"),
		},
	}, nil
}

// value reads a value in the 64-bit view, where the system keeps its own.
func value(path, name string) (registry.Value, error) {
	key, err := registry.Open(registry.View64, path)
	if err != nil {
		return registry.Value{}, err
	}
	defer key.Close()
	return key.Value(name)
}

func text(path, name string) string {
	v, err := value(path, name)
	if err != nil {
		return ""
	}
	text, err := v.Text()
	if err != nil {
		return ""
	}
	return text
}

func number64(path, name string) *uint64 {
	v, err := value(path, name)
	if err != nil {
		return nil
	}
	n, err := v.Number()
	if err != nil {
		return nil
	}
	return &n
}

func keyExists(path string) *bool {
	key, err := registry.Open(registry.View64, path)
	if err == nil {
		key.Close()
	}
	return thereUnless(err)
}

// pendingRenames tells whether files wait to be replaced. A list that is too
// long to be read is one of many.
func pendingRenames() *bool {
	v, err := value(sessionManager, "PendingFileRenameOperations")
	if errors.Is(err, registry.ErrTooLarge) {
		err = nil
	} else if err == nil {
		var names []string
		if names, err = v.Texts(); err == nil && len(names) == 0 {
			err = fs.ErrNotExist
		}
	}
	return thereUnless(err)
}

// numberIsSet is true for a number that is not zero, and false for one that is
// or is not there.
func numberIsSet(path, name string) *bool {
	v, err := value(path, name)
	if err != nil {
		return thereUnless(err)
	}
	n, err := v.Number()
	if err != nil {
		return nil
	}
	set := n != 0
	return &set
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

// remoteSession asks whether the session of this process is a client's.
func remoteSession() *bool {
	const remote = 0x1000 // SM_REMOTESESSION
	metrics := windows.NewLazySystemDLL("user32.dll").NewProc("GetSystemMetrics")
	if metrics.Find() != nil {
		return nil
	}
	answer, _, _ := metrics.Call(remote)
	is := int32(uint32(answer)) != 0
	return &is
}

// serviceNamed asks for a service; nil when that is refused.
func serviceNamed(name string) *service {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	named, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil
	}
	handle, err := windows.OpenService(manager, named, windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return &service{}
	}
	if err != nil {
		return nil
	}
	defer func() { _ = windows.CloseServiceHandle(handle) }()
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(handle, &status); err != nil {
		return nil
	}
	const room = 8 << 10 // the most that QueryServiceConfig ever writes
	var config struct {
		windows.QUERY_SERVICE_CONFIG
		rest [room]byte
	}
	var needed uint32
	if err := windows.QueryServiceConfig(handle, &config.QUERY_SERVICE_CONFIG, room, &needed); err != nil {
		return nil
	}
	return &service{State: status.CurrentState, Start: config.StartType}
}

func nativeMachine() uint16 {
	var process, native uint16
	if err := windows.IsWow64Process2(windows.CurrentProcess(), &process, &native); err != nil {
		return 0
	}
	return native
}

// Session reads the fact session.kind alone, "" when it cannot be told: for who
// asks again and again, since a session can move.
func Session() string { return windowsSession(session()) }

// session copies what Windows says about the session of this process.
func session() rawWindows {
	console := windows.WTSGetActiveConsoleSessionId()
	r := rawWindows{ConsoleSession: &console, RemoteSession: remoteSession(), SessionName: os.Getenv("SESSIONNAME")}
	var id uint32
	if windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &id) == nil {
		r.Session = &id
	}
	return r
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
