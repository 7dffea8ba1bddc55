package msi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
	"github.com/releve-sante/releve/osdetect/registry"
)

// Windows is Windows Installer on this machine.
type Windows struct{ machine component.Machine }

var _ Service = Windows{}

// NewWindows returns Windows Installer.
func NewWindows() Windows { return Windows{component.System()} }

// Related implements Service.
func (w Windows) Related(ctx context.Context, upgradeCode string) ([]string, error) {
	found, err := w.machine.Related(ctx, upgradeCode)
	if err != nil {
		return nil, err
	}
	codes := make([]string, 0, len(found))
	for _, p := range found {
		codes = append(codes, p.Code)
	}
	return codes, nil
}

// Listed implements Service.
func (w Windows) Listed(ctx context.Context, name string) ([]string, error) {
	found, err := component.Find(ctx, w.machine, []manifest.Evidence{{Kind: manifest.EvidenceUninstall, Platform: manifest.Windows, Name: name}})
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, in := range found.Installs {
		codes = append(codes, in.Product)
	}
	return codes, nil
}

// Version implements Service. A product of another user only has none.
func (w Windows) Version(ctx context.Context, code string) (string, error) {
	p, err := w.machine.Product(ctx, code)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return p.Version, err
}

// Values implements Service.
func (w Windows) Values(ctx context.Context, path, name string) ([]string, error) {
	var out []string
	for _, view := range []registry.View{registry.View64, registry.View32} {
		value, err := w.machine.Value(ctx, view, path, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %q of %q: %w", name, path, err)
		}
		out = append(out, value)
	}
	return out, nil
}

// Hold implements Service.
func (w Windows) Hold(file, digest, signer string) (io.Closer, error) {
	f, err := authenticode.HoldSigned(file, digest, signer)
	if err != nil {
		return nil, err // not a nil *os.File in an io.Closer
	}
	return f, nil
}

// Run implements Service. What msiexec says on a console is nothing: the log
// has it.
func (w Windows) Run(ctx context.Context, line string, limit time.Duration) (uint32, error) {
	path, err := program.Msiexec.Path()
	if err != nil {
		return 0, err
	}
	result, err := program.Run(ctx, program.Command{Path: path, Line: line, Limit: limit, NoEnd: true, Discard: true})
	if errors.Is(err, program.ErrTime) {
		return 0, fmt.Errorf("%w: %w", ErrTime, err)
	}
	if err != nil {
		return 0, err
	}
	return uint32(result.Code), nil //nolint:gosec // an exit code of 32 bits
}

// Working implements Service.
func (w Windows) Working(ctx context.Context, logs string) (bool, error) {
	executing, err := taken(`Global\_MSIExecute`)
	if err != nil || executing {
		return executing, err
	}
	return program.Msiexec.GoesOn(ctx, logs)
}

// taken reports whether somebody has a mutex. Windows Installer has that of its
// name while it changes something. Source: Microsoft, "_MSIExecute Mutex".
func taken(name string) (bool, error) {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return false, err
	}
	h, err := windows.OpenMutex(windows.SYNCHRONIZE, false, text)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("opening the mutex %q: %w", name, err)
	}
	defer func() { _ = windows.CloseHandle(h) }()
	runtime.LockOSThread() // a mutex belongs to a thread
	defer runtime.UnlockOSThread()
	event, err := windows.WaitForSingleObject(h, 0)
	if err != nil {
		return false, fmt.Errorf("asking for the mutex %q: %w", name, err)
	}
	if event == uint32(windows.WAIT_TIMEOUT) {
		return true, nil
	}
	return false, windows.ReleaseMutex(h)
}

// Holder implements Service.
func (w Windows) Holder(ctx context.Context) string {
	all, err := process.List(ctx)
	if err != nil {
		return "" // it is only a name for a sentence
	}
	return holderAmong(all)
}

// Wait implements Service.
func (w Windows) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Limits of the search for packages.
const (
	maxFiles   = 256     // in all folders
	maxPackage = 2 << 30 // bytes
)

// Packages implements Service: the copy of Windows itself, the folder the
// product was installed from, and the one where ATSAM keeps its packages.
func (w Windows) Packages(ctx context.Context, code string) ([]Candidate, error) {
	p, err := w.machine.Product(ctx, code)
	if err != nil {
		return nil, err
	}
	var out []Candidate
	if p.Package != "" {
		out = append(out, Candidate{Package: diskFile(p.Package), Guarded: guarded(p.Package)})
	}
	places, err := w.Values(ctx, `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`+code, "InstallSource")
	if err != nil {
		return nil, err
	}
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return nil, fmt.Errorf("asking for the folder of program data: %w", err)
	}
	atsam := filepath.Join(data, "santesocial", "atsam")
	places = append(places, atsam)
	if below, err := os.ReadDir(atsam); err == nil {
		for _, e := range below[:min(len(below), maxFiles)] {
			if e.IsDir() {
				places = append(places, filepath.Join(atsam, e.Name()))
			}
		}
	}
	return append(out, search(places, code)...), nil
}

// guarded reports whether a file lies in the folder where only Windows
// Installer writes.
func guarded(file string) bool {
	dir, err := windows.GetSystemWindowsDirectory()
	return err == nil && strings.EqualFold(filepath.Dir(filepath.Clean(file)), filepath.Join(dir, "Installer"))
}

// search lists the packages of a product in folders. Folders that cannot be
// read hold none.
func search(places []string, code string) []Candidate {
	var out []Candidate
	left := maxFiles
	for _, place := range places {
		if !filepath.IsAbs(place) || strings.HasPrefix(place, `\\`) {
			continue // a share is not this machine, and may be nobody's any more
		}
		entries, err := os.ReadDir(place)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !strings.EqualFold(filepath.Ext(e.Name()), ".msi") {
				continue
			}
			if left--; left < 0 {
				return out
			}
			if file := diskFile(filepath.Join(place, e.Name())); file.isOf(code) {
				out = append(out, Candidate{Package: file})
			}
		}
	}
	return out
}

// diskFile is a package somewhere on this machine, by its path.
type diskFile string

func (f diskFile) Name() string { return filepath.Base(string(f)) }

// Open implements backend.Package. What is read is judged afterwards, from our
// own copy of it.
func (f diskFile) Open() (backend.PackageFile, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxPackage) {
		err = fmt.Errorf("%q is no package: %s, %d bytes", string(f), info.Mode(), info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// isOf reports whether the file is a package of a product.
func (f diskFile) isOf(code string) bool {
	file, err := f.Open()
	if err != nil {
		return false
	}
	p, err := readPackage(file)
	return errors.Join(err, file.Close()) == nil && p.ProductCode == code
}
