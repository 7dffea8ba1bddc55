package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

const key = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\SrvSvCnam`

// at is a file of the component, which is one of 32 bits.
func at(name string) string {
	return filepath.Join(os.Getenv("ProgramFiles(x86)"), "santesocial", "srvsvcnam", name)
}

// carryOut does what the command line says and returns the exit code.
func carryOut(o order, args []string) (int, error) {
	if o.report != "" && !o.child {
		if err := report(o.report); err != nil {
			return 0, err
		}
	}
	if o.log != "" && !o.child {
		words := "Composant SrvSvCnam " + o.version + "\r\n\r\nEnregistrement du composant refus\xe9\r\n"
		if err := os.WriteFile(o.log, []byte(words), 0o644); err != nil {
			return 0, err
		}
	}
	switch now, err := installed(); {
	case err != nil:
		return 0, err
	case o.remove:
		return 0, uninstall(args)
	case now != "" && newer(now, o.version):
		return statusNewer, nil
	case o.half != 0:
		own := os.WriteFile(filepath.Join(os.TempDir(), "setup of the component.log"), []byte("Fichier en cours d'utilisation\r\n"), 0o644)
		return o.half, errors.Join(own, copySelf("SRVSVCNAM.exe"))
	case o.late != 0 || o.child:
		return o.late, install(o.version)
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	return 0, exec.CommandContext(context.Background(), self, append(args, "/child")...).Start()
}

// report says what TEMP is, and unpacks something there.
func report(file string) error {
	temp := os.TempDir()
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s files: %d\n", temp, len(entries))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	unpacked := filepath.Join(temp, "{0}", "engine.dll")
	if err := os.MkdirAll(filepath.Dir(unpacked), 0o755); err != nil {
		return err
	}
	return os.WriteFile(unpacked, []byte("engine"), 0o444)
}

// installed is the version that is there, "" for none.
func installed() (string, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, key, registry.QUERY_VALUE|registry.WOW64_32KEY)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	version, _, err := k.GetStringValue("DisplayVersion")
	return version, errors.Join(err, k.Close())
}

// step is how long one thing takes that an installer does.
const step = 300 * time.Millisecond

func install(version string) error {
	for _, name := range []string{"SRVSVCNAM.exe", "uninstall.exe"} {
		time.Sleep(step)
		if err := copySelf(name); err != nil {
			return err
		}
	}
	time.Sleep(step)
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, key, registry.SET_VALUE|registry.WOW64_32KEY)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"DisplayName": "Composant SrvSvCnam " + version, "DisplayVersion": version,
		"QuietUninstallString": fmt.Sprintf(`"%s" /s /remove`, at("uninstall.exe")),
	} {
		if err := k.SetStringValue(name, text); err != nil {
			return errors.Join(err, k.Close())
		}
	}
	return k.Close()
}

// copySelf puts this program to where the component has name.
func copySelf(name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(at("."), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at(name), data, 0o755)
}

// uninstall removes the component. A program that runs cannot be removed, so
// that the one of the component hands its work to a copy in TEMP and ends.
func uninstall(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if !strings.EqualFold(self, at("uninstall.exe")) {
		return remove()
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	other := filepath.Join(os.TempDir(), "au_.exe")
	if err := os.WriteFile(other, data, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(context.Background(), other, append(args, "/child")...)
	// The folder that a program runs in, or its console, is not removed.
	cmd.Dir = filepath.Dir(other)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS}
	return cmd.Start()
}

// patience is how long the uninstaller of the component may take to end.
const patience = 10 * time.Second

// remove removes the files and the entry in the list of programs.
func remove() error {
	time.Sleep(step)
	for until := time.Now().Add(patience); ; time.Sleep(step / 10) {
		err := os.RemoveAll(at("."))
		if err == nil {
			break
		}
		if time.Now().After(until) {
			return err
		}
	}
	time.Sleep(step)
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, filepath.Dir(key), registry.SET_VALUE|registry.WOW64_32KEY)
	if err != nil {
		return err
	}
	err = registry.DeleteKey(k, filepath.Base(key))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, k.Close())
}
