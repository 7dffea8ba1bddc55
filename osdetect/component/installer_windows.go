package component

import (
	"context"
	"fmt"
	"io/fs"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/registry"
)

// States of a product, as msi.h numbers them.
const (
	stateUnknown    = -1
	stateAdvertised = 1 // it would be installed when somebody uses it
	stateElsewhere  = 2 // installed for another user
	stateInstalled  = 5
)

// maxRelated bounds the products of one upgrade code.
const maxRelated = 256

// msi.dll of the system's own folder.
type msi struct{ dll *windows.LazyDLL }

func installer() msi { return msi{windows.NewLazySystemDLL("msi.dll")} }

// call calls a function that answers with a number, most often the code of a
// system error. The pragma keeps what the arguments point to where it is.
//
//go:uintptrescapes
func (m msi) call(name string, args ...uintptr) (syscall.Errno, error) {
	function := m.dll.NewProc(name)
	if err := function.Find(); err != nil {
		return 0, err
	}
	status, _, _ := function.Call(args...)
	return syscall.Errno(uint32(status)), nil
}

// Product implements Machine.
func (system) Product(_ context.Context, code string) (Product, error) {
	m := installer()
	named, err := windows.UTF16PtrFromString(code)
	if err != nil {
		return Product{}, err
	}
	answer, err := m.call("MsiQueryProductStateW", uintptr(unsafe.Pointer(named)))
	if err != nil {
		return Product{}, err
	}
	switch state := int32(uint32(answer)); state {
	case stateInstalled:
	case stateElsewhere:
		return Product{Code: code}, nil
	case stateUnknown, stateAdvertised:
		return Product{}, fs.ErrNotExist
	default:
		return Product{}, fmt.Errorf("product %s: Windows Installer answers with state %d", code, state)
	}
	p := Product{Code: code, View: listedAt(code)}
	for property, target := range map[string]*string{
		"VersionString": &p.Version, "InstallLocation": &p.Folder, "LocalPackage": &p.Package,
	} {
		if *target, err = m.property(named, property); err != nil {
			return Product{}, fmt.Errorf("product %s, %s: %w", code, property, err)
		}
	}
	return p, nil
}

// property reads what Windows Installer knows about a product, "" for what it
// does not.
func (m msi) property(code *uint16, name string) (string, error) {
	named, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return "", err
	}
	buffer := make([]uint16, windows.MAX_PATH)
	for {
		size := uint32(len(buffer))
		status, err := m.call("MsiGetProductInfoW", uintptr(unsafe.Pointer(code)), uintptr(unsafe.Pointer(named)),
			uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)))
		switch {
		case err != nil:
			return "", err
		case status == windows.ERROR_SUCCESS:
			return windows.UTF16ToString(buffer[:min(int(size), len(buffer))]), nil
		case status == windows.ERROR_UNKNOWN_PROPERTY:
			return "", nil
		case status == windows.ERROR_MORE_DATA && len(buffer) < windows.MAX_LONG_PATH:
			buffer = make([]uint16, windows.MAX_LONG_PATH)
		default:
			return "", status
		}
	}
}

// Related implements Machine.
func (s system) Related(ctx context.Context, upgradeCode string) ([]Product, error) {
	m := installer()
	named, err := windows.UTF16PtrFromString(upgradeCode)
	if err != nil {
		return nil, err
	}
	var out []Product
	for index := range maxRelated {
		var code [39]uint16 // "{…}" and a zero
		status, err := m.call("MsiEnumRelatedProductsW", uintptr(unsafe.Pointer(named)), 0, uintptr(index), uintptr(unsafe.Pointer(&code[0])))
		switch {
		case err != nil:
			return out, err
		case status == windows.ERROR_NO_MORE_ITEMS:
			return out, nil
		case status != windows.ERROR_SUCCESS:
			return out, fmt.Errorf("upgrade code %s: %w", upgradeCode, status)
		}
		p, err := s.Product(ctx, windows.UTF16ToString(code[:]))
		if err != nil {
			return out, err
		}
		out = append(out, p)
	}
	return out, registry.ErrTooMany
}

// listedAt returns the view in which a product is listed: Windows Installer
// itself does not say how wide it is.
func listedAt(code string) registry.View {
	for _, view := range []registry.View{registry.View64, registry.View32} {
		if key, err := registry.Open(view, uninstall+`\`+code); err == nil {
			key.Close()
			return view
		}
	}
	return 0
}
