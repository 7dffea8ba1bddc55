package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unicode/utf16"
	"unsafe"

	win "golang.org/x/sys/windows"
)

// windows is the machine itself.
type windows struct{}

// call is the command line of the real server, letter by letter. Source: a
// public replacement of wmic.exe that was made for it.
const call = `WMIC path win32_process where NAME="GALSVW64.EXE" get Commandline`

func (windows) instances(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "WMIC")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: call}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("WMIC: %w", err)
	}
	return answered(out)
}

func (windows) readers() ([]string, error) {
	const scopeSystem, none = 2, 0x8010002e
	dll := win.NewLazySystemDLL("winscard.dll")
	var context uintptr
	if code, _, _ := dll.NewProc("SCardEstablishContext").Call(scopeSystem, 0, 0, uintptr(unsafe.Pointer(&context))); code != 0 {
		return nil, fmt.Errorf("no card service: %#x", code)
	}
	defer func() { _, _, _ = dll.NewProc("SCardReleaseContext").Call(context) }()
	names := make([]uint16, 4096)
	size := uint32(len(names))
	code, _, _ := dll.NewProc("SCardListReadersW").Call(context, 0, uintptr(unsafe.Pointer(&names[0])), uintptr(unsafe.Pointer(&size)))
	if code == none {
		return nil, nil
	}
	if code != 0 {
		return nil, fmt.Errorf("no list of readers: %#x", code)
	}
	return strings.FieldsFunc(string(utf16.Decode(names[:size])), func(r rune) bool { return r == 0 }), nil
}
