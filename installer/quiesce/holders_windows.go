package quiesce

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/component"
)

// The functions of the Restart Manager.
var (
	restartManager  = windows.NewLazySystemDLL("rstrtmgr.dll")
	rmStartSession  = restartManager.NewProc("RmStartSession")
	rmRegisterFiles = restartManager.NewProc("RmRegisterResources")
	rmGetList       = restartManager.NewProc("RmGetList")
	rmEndSession    = restartManager.NewProc("RmEndSession")
)

// rmProcess is RM_PROCESS_INFO of RestartManager.h.
type rmProcess struct {
	pid         uint32
	started     windows.Filetime
	application [256]uint16
	service     [64]uint16
	kind        uint32
	status      uint32
	session     uint32
	restartable int32
}

// It does not compile when the layout is another than that of the system.
var _ [668]byte = [unsafe.Sizeof(rmProcess{})]byte{}

const (
	rmKeyLength = 33   // CCH_RM_SESSION_KEY and its end
	rmMost      = 1024 // processes
)

// Holders asks the Restart Manager which processes use the files.
func (Machine) Holders(files []string) (holders []Holder, err error) {
	names := make([]*uint16, len(files))
	for i, file := range files {
		if names[i], err = windows.UTF16PtrFromString(file); err != nil {
			return nil, err
		}
	}
	var session uint32
	var key [rmKeyLength]uint16
	if err := rmCall(rmStartSession, uintptr(unsafe.Pointer(&session)), 0, uintptr(unsafe.Pointer(&key[0]))); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rmCall(rmEndSession, uintptr(session))) }()
	err = rmCall(rmRegisterFiles, uintptr(session), uintptr(len(names)), uintptr(unsafe.Pointer(&names[0])), 0, 0, 0, 0)
	if err != nil {
		return nil, err
	}
	found, err := rmList(session)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		name := windows.UTF16ToString(p.application[:])
		if name == "" {
			name = windows.UTF16ToString(p.service[:])
		}
		holders = append(holders, Holder{PID: p.pid, Name: name})
	}
	return holders, nil
}

// rmList returns the processes of a session. How many they are can grow
// between two questions.
func rmList(session uint32) ([]rmProcess, error) {
	room := uint32(16)
	for {
		found := make([]rmProcess, room)
		var needed, reasons uint32
		count := room
		err := rmCall(rmGetList, uintptr(session), uintptr(unsafe.Pointer(&needed)), uintptr(unsafe.Pointer(&count)),
			uintptr(unsafe.Pointer(&found[0])), uintptr(unsafe.Pointer(&reasons)))
		if errors.Is(err, windows.ERROR_MORE_DATA) && room < rmMost {
			room = min(max(needed, 2*room), rmMost)
			continue
		}
		if err != nil {
			return nil, err
		}
		return found[:min(count, room)], nil
	}
}

func rmCall(proc *windows.LazyProc, args ...uintptr) error {
	if err := proc.Find(); err != nil {
		return err
	}
	if code, _, _ := proc.Call(args...); code != 0 {
		return fmt.Errorf("%s: %w", proc.Name, windows.Errno(code))
	}
	return nil
}

// Resolve returns the path that the manifest means, "" for none, and whether
// it lies in a folder of the system, whose other files are not the component's.
func (Machine) Resolve(path string) (resolved string, shared bool) {
	resolved, err := component.Path(path)
	if err != nil {
		return "", false
	}
	system, err := windows.GetSystemWindowsDirectory()
	return resolved, err != nil || strings.HasPrefix(strings.ToLower(resolved), strings.ToLower(system)+`\`)
}
