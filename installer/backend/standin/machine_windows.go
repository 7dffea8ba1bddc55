package standin

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Machine is the environment of this Windows.
type Machine struct{}

var _ Environment = Machine{}

const (
	environmentKey = `SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
	pathValue      = "Path"
)

// Path implements Environment.
func (Machine) Path() (string, error) {
	path, _, err := read()
	return path, err
}

func read() (path string, kind uint32, err error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, environmentKey, registry.QUERY_VALUE)
	if err == nil {
		defer key.Close()
		path, kind, err = key.GetStringValue(pathValue)
	}
	if err != nil {
		return "", 0, fmt.Errorf("reading %s of %s: %w", pathValue, environmentKey, err)
	}
	return path, kind, nil
}

// SetPath implements Environment.
func (Machine) SetPath(path string) error {
	_, kind, err := read()
	if err != nil {
		return err
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, environmentKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("opening %s: %w", environmentKey, err)
	}
	defer key.Close()
	if kind == registry.SZ {
		err = key.SetStringValue(pathValue, path)
	} else {
		err = key.SetExpandStringValue(pathValue, path)
	}
	if err == nil {
		err = flush(key)
	}
	if err != nil {
		return fmt.Errorf("writing %s of %s: %w", pathValue, environmentKey, err)
	}
	tell()
	return nil
}

// flush has the registry on the disk when it returns.
func flush(key registry.Key) error {
	code, _, _ := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegFlushKey").Call(uintptr(key))
	if code != 0 {
		return errors.Join(errors.New("flushing"), windows.Errno(code))
	}
	return nil
}

// tell lets programs that run know, above all the shell, which hands its
// environment to what it starts. Whoever hangs is not waited for.
func tell() {
	const (
		everybody     = 0xffff
		settingChange = 0x001a
		abortIfHung   = 0x0002
		wait          = 2000 // milliseconds for each window
	)
	what, err := windows.UTF16PtrFromString("Environment")
	if err != nil {
		return
	}
	_, _, _ = windows.NewLazySystemDLL("user32.dll").NewProc("SendMessageTimeoutW").Call(
		everybody, settingChange, 0, uintptr(unsafe.Pointer(what)), abortIfHung, wait, 0)
}
