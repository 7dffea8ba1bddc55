package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/backend/capability"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// fakeWindows is the Windows of a script: a folder that MACHINE_WINDOWS names.
//
//	wmic     the file of the feature
//	path     the PATH of the machine
//	server   the value of UseWUServer
//	dism     code that DISM ends with when it changes something, or when it is asked: "add 0x800f0954", "ask 87"
//	servers  the processes, one name a line
//	keep     there: a GALSS that is started stays
//	short    there: it stays for as many looks as there are bytes in it
type fakeWindows string

// scriptWindows is the Windows of the script, if it has one.
func scriptWindows(string) (wmicSystem, bool) {
	w := fakeWindows(os.Getenv("MACHINE_WINDOWS"))
	return wmicSystem{w, w}, w != ""
}

// scriptDesk sees and starts the programs of the script.
func scriptDesk() desk {
	w := fakeWindows(os.Getenv("MACHINE_WINDOWS"))
	if w == "" {
		return desk{process.List, program.Start, machinePath}
	}
	return desk{w.processes, w.start, func() string { text, _ := w.Path(); return text }}
}

func (w fakeWindows) file(name string) string { return filepath.Join(string(w), name) }

func (w fakeWindows) Present() (bool, error) {
	_, err := os.Stat(w.file("wmic"))
	return err == nil, nil
}

func (w fakeWindows) DISM(_ context.Context, _ time.Duration, args ...string) (capability.Answer, error) {
	line := strings.Join(args, " ")
	verb := map[bool]string{true: "ask", false: "add"}[strings.Contains(line, "/Get-CapabilityInfo")]
	if strings.Contains(line, "/Remove-Capability") {
		verb = "remove"
	}
	setting, err := os.ReadFile(w.file("dism"))
	if errors.Is(err, fs.ErrNotExist) {
		setting, err = []byte("well 0"), nil
	}
	var when string
	var code uint32
	if _, scanned := fmt.Sscanf(string(setting), "%s %v", &when, &code); err != nil || scanned != nil {
		return capability.Answer{}, errors.Join(err, scanned)
	}
	server, err := w.UpdateServer()
	switch {
	case err != nil:
		return capability.Answer{}, err
	case when == verb:
		return capability.Answer{Code: code, Output: fmt.Appendf(nil, "\r\nError: %#x\r\n\r\nas the script wants\r\n", code)}, nil
	case verb == "add" && server != nil && *server != 0 && !strings.Contains(line, "/LimitAccess"):
		return capability.Answer{Code: 0x800f0954}, nil
	case verb == "add":
		return capability.Answer{}, os.WriteFile(w.file("wmic"), nil, 0o600)
	case verb == "remove":
		return capability.Answer{}, os.Remove(w.file("wmic"))
	}
	present, _ := w.Present()
	return capability.Answer{Output: []byte("State : " + map[bool]string{true: "Installed", false: "Not Present"}[present])}, nil
}

func (w fakeWindows) Working(context.Context) (bool, error) { return false, nil }

func (w fakeWindows) Wait(context.Context, time.Duration) error { return nil }

func (w fakeWindows) UpdateServer() (*uint32, error) {
	data, err := os.ReadFile(w.file("server"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var value uint32
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	return &value, err
}

func (w fakeWindows) SetUpdateServer(_ context.Context, value uint32) error {
	if err := os.WriteFile(w.file("log"), fmt.Appendf(nil, "UseWUServer %d\n", value), 0o600); err != nil {
		return err
	}
	return os.WriteFile(w.file("server"), fmt.Appendln(nil, value), 0o600)
}

func (w fakeWindows) Path() (string, error) {
	data, err := os.ReadFile(w.file("path"))
	return string(data), err
}

func (w fakeWindows) SetPath(text string) error {
	return os.WriteFile(w.file("path"), []byte(text), 0o600)
}

func (w fakeWindows) processes(context.Context) ([]process.Process, error) {
	data, err := os.ReadFile(w.file("servers"))
	var all []process.Process
	if left, err := os.ReadFile(w.file("looks")); err == nil {
		err = os.WriteFile(w.file("looks"), left[1:], 0o600)
		if len(left) == 1 {
			err = errors.Join(os.Remove(w.file("looks")), os.Remove(w.file("servers")))
		}
		if err != nil {
			return nil, err
		}
	}
	for i, name := range strings.Fields(string(data)) {
		all = append(all, process.Process{PID: uint32(100 + i), Session: 1, Name: name})
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}

func (w fakeWindows) start(c program.Command) (int, error) {
	if _, err := os.Stat(w.file("keep")); err != nil {
		return 100, nil // it ends at once
	}
	dirs, _ := w.Path()
	if !slices.Contains(c.Env, "PATH="+dirs) {
		return 0, errors.New("it would not find a stand-in for WMIC")
	}
	err := os.WriteFile(w.file("servers"), []byte(`galsvw64.exe`), 0o600)
	if _, short := os.Stat(w.file("short")); short == nil {
		err = errors.Join(err, os.Rename(w.file("short"), w.file("looks")))
	}
	return 100, err
}
