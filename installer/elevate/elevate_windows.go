package elevate

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

const possible = true

func held() Rights {
	var r Rights
	if user, err := windows.GetCurrentProcessToken().GetTokenUser(); err == nil {
		r.Service = user.User.Sid.IsWellKnown(windows.WinLocalSystemSid)
	}
	r.Administrator = r.Service || administrator()
	return r
}

// administrator asks whether the group of administrators counts in the token
// of this process. In the filtered token that Windows gives an administrator
// at logon the group is there and only denies.
func administrator() bool {
	group, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err != nil {
		return false
	}
	member, err := windows.Token(0).IsMember(group)
	return err == nil && member
}

// execution is SHELLEXECUTEINFOW.
type execution struct {
	size       uint32
	mask       uint32
	window     windows.HWND
	verb       *uint16
	file       *uint16
	parameters *uint16
	directory  *uint16
	show       int32
	instance   windows.Handle
	ids        uintptr
	class      *uint16
	classKey   windows.Handle
	hotKey     uint32
	icon       windows.Handle
	process    windows.Handle
}

const (
	keepProcess = 0x00000040 // SEE_MASK_NOCLOSEPROCESS
	noAsync     = 0x00000100 // SEE_MASK_NOASYNC: this thread has no message loop
	noMessages  = 0x00000400 // SEE_MASK_FLAG_NO_UI: errors come back instead
)

var shellExecute = windows.NewLazySystemDLL("shell32.dll").NewProc("ShellExecuteExW")

func relaunch(args []string) (status int, err error) {
	file, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("finding this program: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return 0, fmt.Errorf("finding the working directory: %w", err)
	}
	process, err := execute("runas", file, windows.ComposeCommandLine(args), dir)
	if errors.Is(err, windows.ERROR_CANCELLED) || errors.Is(err, windows.ERROR_ACCESS_DISABLED_BY_POLICY) {
		err = errors.Join(ErrDeclined, err)
	}
	if err != nil {
		return 0, fmt.Errorf("starting %q as administrator: %w", file, err)
	}
	defer func() { err = errors.Join(err, windows.CloseHandle(process)) }()
	if _, err := windows.WaitForSingleObject(process, windows.INFINITE); err != nil {
		return 0, fmt.Errorf("waiting for %q: %w", file, err)
	}
	var code uint32
	if err := windows.GetExitCodeProcess(process, &code); err != nil {
		return 0, fmt.Errorf("reading the exit status of %q: %w", file, err)
	}
	return int(code), nil
}

// execute has the shell start a program. The shell may use COM objects of the
// thread for it.
func execute(verb, file, parameters, dir string) (windows.Handle, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := windows.CoInitializeEx(0, windows.COINIT_APARTMENTTHREADED|windows.COINIT_DISABLE_OLE1DDE); err == nil {
		defer windows.CoUninitialize()
	}
	var texts [4]*uint16
	for i, s := range []string{verb, file, parameters, dir} {
		p, err := windows.UTF16PtrFromString(s)
		if err != nil {
			return 0, err
		}
		texts[i] = p
	}
	info := execution{
		mask: keepProcess | noAsync | noMessages, show: windows.SW_SHOWNORMAL,
		verb: texts[0], file: texts[1], parameters: texts[2], directory: texts[3],
	}
	info.size = uint32(unsafe.Sizeof(info))
	if ok, _, err := shellExecute.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return 0, err
	}
	if info.process == 0 {
		return 0, syscall.EINVAL // nothing was started that could be waited for
	}
	return info.process, nil
}

// cutSearch leaves the program to itself where Windows refuses: both calls
// only ever narrow the search.
func cutSearch() {
	_ = windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	_ = windows.SetDllDirectory("")
}
