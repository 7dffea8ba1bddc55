package authenticode

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// verify asks WinVerifyTrust about the open file. Without a word on
// revocation in the workstation's cache the question is asked again without
// it; see the package comment.
func verify(f *os.File) (answer, error) {
	found, err := ask(f, windows.WTD_REVOKE_WHOLECHAIN, windows.WTD_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT)
	if err == nil && unknownRevocation(found.status) {
		return ask(f, windows.WTD_REVOKE_NONE, windows.WTD_REVOCATION_CHECK_NONE)
	}
	return found, err
}

// ask asks once. A package of Windows Installer is opened by its name in the
// system's provider, a program by the handle: f holds both.
func ask(f *os.File, revocation, flags uint32) (answer, error) {
	path, err := windows.UTF16PtrFromString(f.Name())
	if err != nil {
		return answer{}, fmt.Errorf("name of the file: %w", err)
	}
	info := windows.WinTrustFileInfo{
		Size:     uint32(unsafe.Sizeof(windows.WinTrustFileInfo{})),
		FilePath: path,
		File:     windows.Handle(f.Fd()),
	}
	data := windows.WinTrustData{
		Size:                            uint32(unsafe.Sizeof(windows.WinTrustData{})),
		UIChoice:                        windows.WTD_UI_NONE,
		RevocationChecks:                revocation,
		UnionChoice:                     windows.WTD_CHOICE_FILE,
		FileOrCatalogOrBlobOrSgnrOrCert: unsafe.Pointer(&info),
		StateAction:                     windows.WTD_STATEACTION_VERIFY,
		ProvFlags:                       flags | windows.WTD_CACHE_ONLY_URL_RETRIEVAL | windows.WTD_DISABLE_MD2_MD4,
		UIContext:                       windows.WTD_UICONTEXT_INSTALL,
	}
	var pin runtime.Pinner // data holds a pointer to info, and the system keeps both until the close
	defer pin.Unpin()
	pin.Pin(&info)
	pin.Pin(path)
	status, err := trust(&data)
	if err != nil {
		return answer{}, err
	}
	found := answer{status: status, leaf: leaf(data.StateData)}
	data.StateAction = windows.WTD_STATEACTION_CLOSE
	if _, err := trust(&data); err != nil {
		return answer{}, err
	}
	runtime.KeepAlive(f)
	return found, nil
}

// trust calls WinVerifyTrust, which answers with a status and not with an
// error of its own.
func trust(data *windows.WinTrustData) (status uint32, err error) {
	switch err := windows.WinVerifyTrustEx(windows.InvalidHWND, &windows.WINTRUST_ACTION_GENERIC_VERIFY_V2, data); e := err.(type) { //nolint:errorlint // the call returns the number itself
	case nil:
		return 0, nil
	case syscall.Errno:
		return uint32(e), nil
	default:
		return 0, fmt.Errorf("asking for the trust in a signature: %w", err)
	}
}

// providerCert is the beginning of CRYPT_PROVIDER_CERT.
type providerCert struct {
	_    uint32 // its size
	cert *windows.CertContext
}

// leaf copies the certificate of the first signer out of the state of a
// verification, which knows it whatever the verdict was. Nil means that there
// is none.
func leaf(state windows.Handle) []byte {
	wintrust := windows.NewLazySystemDLL("wintrust.dll")
	provider := follow(wintrust, "WTHelperProvDataFromStateData", uintptr(state))
	if provider == 0 {
		return nil
	}
	signer := follow(wintrust, "WTHelperGetProvSignerFromChain", provider, 0, 0, 0)
	if signer == 0 {
		return nil
	}
	found := follow(wintrust, "WTHelperGetProvCertFromChain", signer, 0)
	if found == 0 {
		return nil
	}
	first := *(**providerCert)(unsafe.Pointer(&found)) // the memory is the system's
	if first.cert == nil || first.cert.Length == 0 {
		return nil
	}
	return slices.Clone(unsafe.Slice(first.cert.EncodedCert, first.cert.Length))
}

// follow calls one of the functions that lead from a state to its parts; 0
// means that there is no such part.
func follow(dll *windows.LazyDLL, name string, args ...uintptr) uintptr {
	proc := dll.NewProc(name)
	if proc.Find() != nil {
		return 0
	}
	// The last error means nothing here: 0 says it all.
	found, _, _ := proc.Call(args...)
	return found
}

// open denies writing and deleting, and with it renaming, to everybody else.
// It does not go through a reparse point.
func open(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING,
		windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, err
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return nil, closed(h, err)
	}
	const special = windows.FILE_ATTRIBUTE_REPARSE_POINT | windows.FILE_ATTRIBUTE_DIRECTORY | windows.FILE_ATTRIBUTE_DEVICE
	if info.FileAttributes&special != 0 {
		return nil, closed(h, errNotRegular)
	}
	return os.NewFile(uintptr(h), path), nil
}

// closed closes a handle on the way out with err.
func closed(h windows.Handle, err error) error {
	if e := windows.CloseHandle(h); e != nil {
		return fmt.Errorf("%w, and closing it: %w", err, e)
	}
	return err
}
