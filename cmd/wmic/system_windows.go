package main

import (
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// commandLine is the command line as it was given, without the program: the
// quotes in it mean something to WMIC, and os.Args no longer has them.
func commandLine() string {
	line := windows.UTF16PtrToString(windows.GetCommandLine())
	if strings.HasPrefix(line, `"`) {
		_, rest, _ := strings.Cut(line[1:], `"`)
		return rest
	}
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[i:]
	}
	return ""
}

// sink is where an answer goes.
type sink struct{ file *os.File }

func standard(f *os.File) sink { return sink{f} }

// write writes lines. That nobody reads them any more is no error.
func (s sink) write(lines []string) {
	handle := windows.Handle(s.file.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) == nil {
		writeConsole(handle, strings.Join(lines, "\r\n")+"\r\n")
		return
	}
	to := toPipe
	if t, err := windows.GetFileType(handle); err == nil && t == windows.FILE_TYPE_DISK {
		to = toFile
	}
	_, _ = s.file.Write(encode(lines, to, narrow))
}

func writeConsole(handle windows.Handle, text string) {
	units := windows.StringToUTF16(strings.ReplaceAll(text, "\x00", ""))
	units = units[:len(units)-1]
	const most = 8192 // that a console takes at once
	for len(units) > 0 {
		n := min(len(units), most)
		var done uint32
		if err := windows.WriteConsole(handle, &units[0], uint32(n), &done, nil); err != nil || done == 0 {
			return
		}
		units = units[done:]
	}
}

// narrow writes text in the code page of the console, or in that of programs
// without windows where there is no console.
func narrow(text string) []byte {
	kernel := windows.NewLazySystemDLL("kernel32.dll")
	page, err := windows.GetConsoleOutputCP()
	if err != nil || page == 0 {
		oem, _, _ := kernel.NewProc("GetOEMCP").Call()
		page = uint32(oem)
	}
	units := windows.StringToUTF16(strings.ReplaceAll(text, "\x00", ""))
	units = units[:len(units)-1]
	if len(units) == 0 {
		return nil
	}
	convert := kernel.NewProc("WideCharToMultiByte")
	call := func(out []byte) int {
		n, _, _ := convert.Call(uintptr(page), 0,
			uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)),
			uintptr(unsafe.Pointer(unsafe.SliceData(out))), uintptr(len(out)), 0, 0)
		return int(n)
	}
	out := make([]byte, call(nil))
	return out[:call(out)]
}
