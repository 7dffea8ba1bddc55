package durable

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// KeepAccess gives the file to the access list of the file from: who had been
// allowed to write it still is. Entries that both inherit stay inherited.
func (r *Root) KeepAccess(from, to string) error {
	if err := check("access", from); err != nil {
		return err
	}
	if err := check("access", to); err != nil {
		return err
	}
	descriptor, err := windows.GetNamedSecurityInfo(r.Path(from), windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("reading the access list of %q: %w", from, err)
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return fmt.Errorf("reading the access list of %q: %w", from, err)
	}
	control, _, err := descriptor.Control()
	if err != nil {
		return fmt.Errorf("reading the access list of %q: %w", from, err)
	}
	var what windows.SECURITY_INFORMATION = windows.DACL_SECURITY_INFORMATION | windows.UNPROTECTED_DACL_SECURITY_INFORMATION
	if control&windows.SE_DACL_PROTECTED != 0 {
		what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	}
	err = windows.SetNamedSecurityInfo(r.Path(to), windows.SE_FILE_OBJECT, what, nil, nil, list, nil)
	if err != nil {
		return fmt.Errorf("giving %q the access list of %q: %w", to, from, err)
	}
	return nil
}
