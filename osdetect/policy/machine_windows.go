package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/windows/registry"
)

// registryKey is below HKLM, where Group Policy writes and only
// administrators can. The same key below HKCU is the user's and is not read.
const registryKey = `SOFTWARE\Policies\Releve`

// mostValues bounds the values that are read of the key.
const mostValues = 256

// Machine reads the policy that Group Policy left in the registry.
func Machine() *Source {
	s := readRegistry(registry.LOCAL_MACHINE, registryKey)
	s.Name = `HKLM\` + registryKey
	return s
}

// readRegistry reads the values of a key in the 64-bit view. A key that is
// not there has none. Package registry of ours lists no values, and takes a text
// with variables for a text, which a policy does not.
func readRegistry(root registry.Key, path string) *Source {
	s := &Source{Name: path, machine: true}
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err != nil {
		s.err = err
		return s
	}
	defer key.Close()
	names, err := key.ReadValueNames(mostValues + 1)
	switch {
	case errors.Is(err, io.EOF): // there are no more
		err = nil
	case err == nil:
		err = fmt.Errorf("more than %d values", mostValues)
	}
	if err != nil {
		s.err = err
		return s
	}
	s.values = map[string]any{}
	for _, name := range names {
		if name != "" { // the default value of a key has no name and no meaning
			s.values[name] = registryValue(key, name)
		}
	}
	return s
}

// registryValue reads a value as its type says. One of another type, or too
// large, comes back as what nothing accepts.
func registryValue(key registry.Key, name string) any {
	size, kind, err := key.GetValue(name, nil)
	if err != nil {
		return err
	}
	if size > MaxBytes {
		return fmt.Errorf("%d bytes", size)
	}
	var value any
	switch kind {
	case registry.SZ:
		value, _, err = key.GetStringValue(name)
	case registry.MULTI_SZ:
		value, _, err = key.GetStringsValue(name)
	case registry.DWORD, registry.QWORD:
		var n uint64
		n, _, err = key.GetIntegerValue(name)
		value = simple(n)
	default:
		err = errors.New(kindName(kind))
	}
	if err != nil {
		return err
	}
	return value
}

// kindName is what the registry editor calls a kind of value.
func kindName(kind uint32) string {
	switch kind {
	case registry.EXPAND_SZ:
		return "REG_EXPAND_SZ"
	case registry.BINARY:
		return "REG_BINARY"
	}
	return fmt.Sprintf("REG %d", kind)
}
