package process

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// list copies a snapshot of the system and asks each process for the rest.
func list(ctx context.Context) ([]Process, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, fmt.Errorf("taking a snapshot: %w", err)
	}
	defer func() { _ = windows.CloseHandle(snapshot) }()
	var (
		out   []Process
		ask   = inquiry{answer: make([]byte, maxCommand), path: make([]uint16, windows.MAX_LONG_PATH)}
		entry = windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	)
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(out) == maxProcesses {
			return nil, tooMany(len(out) + 1)
		}
		p := Process{
			PID: entry.ProcessID, Parent: entry.ParentProcessID,
			Name: filepath.Base(windows.UTF16ToString(entry.ExeFile[:])),
		}
		ask.about(&p)
		out = append(out, p)
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	return out, nil
}

// inquiry holds the buffers that one process after the other answers into.
type inquiry struct {
	answer []byte
	path   []uint16
}

// about fills in what the snapshot does not say. What is refused stays empty.
func (q inquiry) about(p *Process) {
	_ = windows.ProcessIdToSessionId(p.PID, &p.Session)
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, p.PID)
	if err != nil {
		return
	}
	defer func() { _ = windows.CloseHandle(handle) }()
	size := uint32(len(q.path))
	if err := windows.QueryFullProcessImageName(handle, 0, &q.path[0], &size); err == nil {
		p.Path = windows.UTF16ToString(q.path[:size])
	}
	p.CommandLine = q.commandLine(handle, p.PID)
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err == nil && created != (windows.Filetime{}) {
		p.Started = time.Unix(0, created.Nanoseconds())
	}
}

// commandLine asks the kernel, which has answered since Windows 8.1 and needs
// no right to read the memory of the process. Wine does not know the question.
func (q inquiry) commandLine(handle windows.Handle, pid uint32) string {
	var size uint32
	err := windows.NtQueryInformationProcess(handle, windows.ProcessCommandLineInformation,
		unsafe.Pointer(&q.answer[0]), uint32(len(q.answer)), &size)
	if errors.Is(err, windows.STATUS_INVALID_INFO_CLASS) {
		return q.ownParameters(pid)
	}
	if err != nil || int(size) > len(q.answer) {
		return ""
	}
	return counted(q.answer[:size], uintptr(unsafe.Pointer(&q.answer[0])))
}

// ownParameters reads the command line where the process itself finds it. The
// process may have written anything there.
func (q inquiry) ownParameters(pid uint32) string {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_INFORMATION|windows.PROCESS_VM_READ, false, pid)
	if err != nil {
		return ""
	}
	defer func() { _ = windows.CloseHandle(handle) }()
	var basic struct{ status, peb, affinity, priority, pid, parent uintptr } // PROCESS_BASIC_INFORMATION
	err = windows.NtQueryInformationProcess(handle, windows.ProcessBasicInformation, unsafe.Pointer(&basic), uint32(unsafe.Sizeof(basic)), nil)
	if err != nil {
		return ""
	}
	var at uintptr
	var text struct {
		length, room uint16
		at           uintptr
	}
	if !readMemory(handle, basic.peb+unsafe.Offsetof(windows.PEB{}.ProcessParameters), unsafe.Pointer(&at), unsafe.Sizeof(at)) ||
		!readMemory(handle, at+unsafe.Offsetof(windows.RTL_USER_PROCESS_PARAMETERS{}.CommandLine), unsafe.Pointer(&text), unsafe.Sizeof(text)) ||
		int(text.length) > len(q.answer) ||
		!readMemory(handle, text.at, unsafe.Pointer(&q.answer[0]), uintptr(text.length)) {
		return ""
	}
	return wide(q.answer[:text.length])
}

// readMemory copies memory of another process, wholly or not at all.
func readMemory(handle windows.Handle, from uintptr, to unsafe.Pointer, size uintptr) bool {
	var read uintptr
	err := windows.ReadProcessMemory(handle, from, (*byte)(to), size, &read)
	return err == nil && read == size
}
