package quiesce

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// Machine is this machine.
type Machine struct{}

// List lists the processes.
func (Machine) List(ctx context.Context) ([]process.Process, error) { return process.List(ctx) }

const wmClose = 0x0010

var postMessage = windows.NewLazySystemDLL("user32.dll").NewProc("PostMessageW")

// closer is told of each window.
type closer struct{ pid uint32 }

// eachWindow is made once: the system never frees what it is given to call.
var eachWindow = windows.NewCallback(func(window windows.HWND, c *closer) uintptr {
	var owner uint32
	if _, err := windows.GetWindowThreadProcessId(window, &owner); err == nil && owner == c.pid {
		_, _, _ = postMessage.Call(uintptr(window), wmClose, 0, 0)
	}
	return 1 // go on
})

// Close asks the windows of a process to close. Those of another session
// cannot be asked; the process is ended later.
func (Machine) Close(p process.Process) error {
	c := closer{p.PID}
	return windows.EnumWindows(eachWindow, unsafe.Pointer(&c))
}

// Kill ends a process, unless its number belongs to another one by now.
func (Machine) Kill(p process.Process) (err error) {
	h, err := windows.OpenProcess(windows.PROCESS_TERMINATE|windows.PROCESS_QUERY_LIMITED_INFORMATION, false, p.PID)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return nil // it ended
	}
	if err != nil {
		return fmt.Errorf("opening %q (%d): %w", p.Name, p.PID, err)
	}
	defer func() { err = errors.Join(err, windows.CloseHandle(h)) }()
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err == nil && !p.Started.IsZero() &&
		created.Nanoseconds() != p.Started.UnixNano() {
		return nil
	}
	if err := windows.TerminateProcess(h, 1); err != nil && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("ending %q (%d): %w", p.Name, p.PID, err)
	}
	return nil // a denied one is ending already, or is seen to go on
}

// service opens a service; the handle is 0 when there is none of that name.
func service(name string, rights uint32) (windows.Handle, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return 0, fmt.Errorf("asking for services: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	h, err := windows.OpenService(manager, text, rights)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return 0, nil
	}
	return h, err
}

// ServiceRuns reports whether a service runs, or is about to or about to stop.
func (Machine) ServiceRuns(name string) (bool, error) {
	h, err := service(name, windows.SERVICE_QUERY_STATUS)
	if err != nil || h == 0 {
		return false, err
	}
	defer func() { _ = windows.CloseServiceHandle(h) }()
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(h, &status); err != nil {
		return false, err
	}
	return status.CurrentState != windows.SERVICE_STOPPED, nil
}

// StopService asks a service to stop.
func (Machine) StopService(name string) error {
	h, err := service(name, windows.SERVICE_STOP)
	if err != nil || h == 0 {
		return err
	}
	defer func() { _ = windows.CloseServiceHandle(h) }()
	var status windows.SERVICE_STATUS
	err = windows.ControlService(h, windows.SERVICE_CONTROL_STOP, &status)
	if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return nil
	}
	return err
}

// StartService starts a service.
func (Machine) StartService(name string) error {
	h, err := service(name, windows.SERVICE_START)
	if err != nil || h == 0 {
		return err
	}
	defer func() { _ = windows.CloseServiceHandle(h) }()
	err = windows.StartService(h, 0, nil)
	if errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return nil
	}
	return err
}

// Start starts a program in a session: in this one as this account, in
// another as whoever is logged on there, which SYSTEM alone can. Where it ran
// was told by a process that anybody may have started under its name, so that
// this account, an administrator's, starts only what administrators alone can
// have put there.
func (Machine) Start(path string, session uint32) error {
	var own uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &own); err != nil {
		return fmt.Errorf("finding the session of this process: %w", err)
	}
	if session == own {
		if !guarded(path) {
			return fmt.Errorf("%q: %w", path, ErrUnguarded)
		}
		_, err := program.Start(program.Command{Path: path})
		return err
	}
	var token windows.Token
	if err := windows.WTSQueryUserToken(session, &token); err != nil {
		return fmt.Errorf("session %d: %w: %w", session, ErrNobody, err)
	}
	defer func() { _ = token.Close() }()
	return startAs(token, path)
}

// guarded reports whether only administrators can put a program at a path.
func guarded(path string) bool {
	var folders []string
	for _, id := range []*windows.KNOWNFOLDERID{windows.FOLDERID_ProgramFiles, windows.FOLDERID_ProgramFilesX86} {
		if folder, err := windows.KnownFolderPath(id, 0); err == nil {
			folders = append(folders, folder)
		}
	}
	system, err := windows.GetSystemWindowsDirectory()
	return err == nil && program.Guarded(path, folders, system)
}

// startAs starts a program as the account of a token, with the environment
// and on the desktop of that account.
func startAs(token windows.Token, path string) error {
	var block *uint16
	if err := windows.CreateEnvironmentBlock(&block, token, false); err != nil {
		return fmt.Errorf("making the environment of the account: %w", err)
	}
	defer func() { _ = windows.DestroyEnvironmentBlock(block) }()
	var texts [4]*uint16
	for i, s := range []string{path, windows.EscapeArg(path), filepath.Dir(path), `winsta0\default`} {
		p, err := windows.UTF16PtrFromString(s)
		if err != nil {
			return err
		}
		texts[i] = p
	}
	startup := windows.StartupInfo{Desktop: texts[3]}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	var started windows.ProcessInformation
	err := windows.CreateProcessAsUser(token, texts[0], texts[1], nil, nil, false,
		windows.CREATE_UNICODE_ENVIRONMENT|windows.CREATE_NEW_PROCESS_GROUP, block, texts[2], &startup, &started)
	if err != nil {
		return fmt.Errorf("starting %q as the account of the session: %w", path, err)
	}
	return errors.Join(windows.CloseHandle(started.Thread), windows.CloseHandle(started.Process))
}
