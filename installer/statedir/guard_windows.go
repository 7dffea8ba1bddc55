package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/windows"
)

// access is a guard by owner and access list.
type access struct{ self string }

func newGuard() guard {
	var g access
	if user, err := windows.GetCurrentProcessToken().GetTokenUser(); err == nil {
		g.self = user.User.Sid.String()
	}
	if g.self == "S-1-5-18" {
		g.self = "" // it is trusted by its own name
	}
	return g
}

// privileges let an administrator read and set the security of what denies
// it to everybody.
var privileges = []string{"SeBackupPrivilege", "SeRestorePrivilege", "SeTakeOwnershipPrivilege"}

// enablePrivileges wakes those that this process has. They stay awake: they
// count for calls alone that ask for them, as open does.
func enablePrivileges() error {
	var token windows.Token
	err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, &token)
	if err != nil {
		return fmt.Errorf("opening the token of this process: %w", err)
	}
	defer func() { _ = token.Close() }()
	for _, name := range privileges {
		p := windows.Tokenprivileges{PrivilegeCount: 1}
		text, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return err
		}
		if err := windows.LookupPrivilegeValue(nil, text, &p.Privileges[0].Luid); err != nil {
			return fmt.Errorf("looking up %s: %w", name, err)
		}
		p.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
		if err := windows.AdjustTokenPrivileges(token, false, &p, 0, nil, nil); err != nil {
			return fmt.Errorf("enabling %s: %w", name, err)
		}
	}
	return nil
}

// open opens the folder itself, never what a link leads to, and makes sure
// through the handle that it is a folder.
func open(path string, rights uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, rights|windows.FILE_READ_ATTRIBUTES,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
}

// describe returns the owner and the access list of an open file, as text,
// and its attributes.
func describe(path string) (text string, attributes uint32, err error) {
	h, err := open(path, windows.READ_CONTROL)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, windows.CloseHandle(h)) }()
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return "", 0, err
	}
	sd, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", 0, fmt.Errorf("reading the security of %q: %w", path, err)
	}
	return sd.String(), info.FileAttributes, nil
}

func (g access) look(path string) (standing, error) {
	if err := enablePrivileges(); err != nil {
		return missing, err
	}
	text, attributes, err := describe(path)
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return missing, err
	}
	if attributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 || attributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return foreign, nil
	}
	found := judge(text, g.self)
	if found != loose {
		return found, nil
	}
	// Others could have left something in it.
	odd, err := stranger(path, g.ours)
	if err != nil || odd != "" {
		return foreign, err
	}
	return loose, nil
}

// ours reports whether a trusted account owns the file, and it is no link.
func (g access) ours(path string, _ fs.FileInfo) (bool, error) {
	text, attributes, err := describe(path)
	if err != nil {
		return false, err
	}
	return attributes&windows.FILE_ATTRIBUTE_REPARSE_POINT == 0 && trusted(parseSDDL(text).owner, g.self), nil
}

func (access) create(path string) error {
	sd, err := windows.SecurityDescriptorFromString(descriptor)
	if err != nil {
		return fmt.Errorf("security %q: %w", descriptor, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	sa := windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(sa))
	return windows.CreateDirectory(name, &sa)
}

// repair sets owner and access list. What lies below inherits them, since
// Windows hands a new list on to all that does.
func (access) repair(path string) error {
	sd, err := windows.SecurityDescriptorFromString(descriptor)
	if err != nil {
		return fmt.Errorf("security %q: %w", descriptor, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION,
		owner, nil, list, nil)
}
