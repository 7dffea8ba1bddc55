package registry

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/windows"
)

// Key is an open key.
type Key struct {
	handle windows.Handle
	path   string
}

// Open opens a key below HKEY_LOCAL_MACHINE.
func Open(view View, path string) (*Key, error) {
	return openBelow(windows.HKEY_LOCAL_MACHINE, view, path)
}

// openBelow opens a key below another. A link is not followed out of the
// hive: only the system can make one below HKEY_LOCAL_MACHINE.
func openBelow(root windows.Handle, view View, path string) (*Key, error) {
	access := uint32(windows.KEY_QUERY_VALUE | windows.KEY_ENUMERATE_SUB_KEYS)
	if view == View32 {
		access |= windows.KEY_WOW64_32KEY
	} else {
		access |= windows.KEY_WOW64_64KEY
	}
	k := &Key{path: path}
	name, err := windows.UTF16PtrFromString(path)
	if err == nil {
		err = windows.RegOpenKeyEx(root, name, 0, access, &k.handle)
	}
	if err != nil {
		return nil, fmt.Errorf("registry key %q, %v: %w", path, view, err)
	}
	return k, nil
}

// Close gives the key back.
func (k *Key) Close() { _ = windows.RegCloseKey(k.handle) }

// Value reads a value, of at most MaxValue bytes.
func (k *Key) Value(name string) (Value, error) {
	v, err := k.value(name)
	if err != nil {
		return Value{}, fmt.Errorf("value %q of registry key %q: %w", name, k.path, err)
	}
	return v, nil
}

func (k *Key) value(name string) (Value, error) {
	named, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return Value{}, err
	}
	data := make([]byte, 512)
	for {
		var kind uint32
		size := uint32(len(data))
		err := windows.RegQueryValueEx(k.handle, named, nil, &kind, &data[0], &size)
		switch {
		case err == nil:
			return decode(kind, data[:size])
		case !errors.Is(err, windows.ERROR_MORE_DATA):
			return Value{}, err
		case size > MaxValue || len(data) == MaxValue:
			return Value{}, ErrTooLarge
		}
		data = make([]byte, min(max(int(size), 2*len(data)), MaxValue))
	}
}

// Keys lists the names of the keys below. With an error it returns what it
// has: ErrTooMany, or that of ctx.
func (k *Key) Keys(ctx context.Context) ([]string, error) {
	// The registry keeps the place of an enumeration for each thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var buffer [256]uint16 // a name has at most 255 characters
	names, err := collect(ctx, func(index uint32) (string, error) {
		size := uint32(len(buffer))
		err := windows.RegEnumKeyEx(k.handle, index, &buffer[0], &size, nil, nil, nil, nil)
		if errors.Is(err, windows.ERROR_NO_MORE_ITEMS) {
			return "", errNoMore
		}
		return windows.UTF16ToString(buffer[:min(int(size), len(buffer))]), err
	})
	if err != nil {
		return names, fmt.Errorf("listing registry key %q: %w", k.path, err)
	}
	return names, nil
}
