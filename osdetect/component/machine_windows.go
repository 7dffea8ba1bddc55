package component

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/registry"
)

// System returns this machine.
func System() Machine { return system{} }

type system struct{}

// Value implements Machine.
func (system) Value(_ context.Context, view registry.View, path, name string) (string, error) {
	key, err := registry.Open(view, path)
	if err != nil {
		return "", err
	}
	defer key.Close()
	value, err := key.Value(name)
	if err != nil {
		return "", err
	}
	if n, err := value.Number(); err == nil {
		return strconv.FormatUint(n, 10), nil
	}
	return value.Text()
}

// uninstall is where installers list what can be removed.
const uninstall = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`

// patience is how long reading the list may take. Some hundred entries take
// some milliseconds.
const patience = 10 * time.Second

// Listed implements Machine.
func (system) Listed(ctx context.Context) ([]Entry, error) {
	var out []Entry
	var failed error
	for _, view := range []registry.View{registry.View64, registry.View32} {
		entries, err := listedIn(ctx, view)
		out = append(out, entries...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	return out, failed
}

// listedIn reads the list of one view.
func listedIn(ctx context.Context, view registry.View) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	list, err := registry.Open(view, uninstall)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	names, failed := list.Keys(ctx)
	var out []Entry
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		e, err := readEntry(view, name)
		if err == nil {
			out = append(out, e)
		} else if !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	return out, failed
}

// readEntry reads one entry. One that shows no name to people is none.
func readEntry(view registry.View, name string) (Entry, error) {
	key, err := registry.Open(view, uninstall+`\`+name)
	if err != nil {
		return Entry{}, err
	}
	defer key.Close()
	text := func(name string) string {
		v, err := key.Value(name)
		if err != nil {
			return ""
		}
		text, err := v.Text()
		if err != nil {
			return ""
		}
		return text
	}
	e := Entry{View: view, Key: name, Name: text("DisplayName")}
	if e.Name == "" {
		return Entry{}, fs.ErrNotExist
	}
	e.Version, e.Folder, e.Removal = text("DisplayVersion"), text("InstallLocation"), text("QuietUninstallString")
	if v, err := key.Value("WindowsInstaller"); err == nil {
		n, err := v.Number()
		e.Installer = err == nil && n == 1
	}
	return e, nil
}

// Processes implements Machine.
func (system) Processes(ctx context.Context) ([]process.Process, error) { return process.List(ctx) }

// Receipt implements Machine.
func (system) Receipt(context.Context, string) (string, error) { return "", errors.ErrUnsupported }

// Property implements Machine.
func (system) Property(context.Context, string, string) (string, error) {
	return "", errors.ErrUnsupported
}

// Path returns where a path of the manifest leads on this machine.
func Path(path string) (string, error) { return expand(path, folder) }

// FileVersion implements Machine.
func (system) FileVersion(_ context.Context, path string) (File, error) {
	path, err := Path(path)
	if err != nil {
		return File{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() {
		return File{}, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return File{Path: path, Version: resource(path)}, nil
}

// maxResource is the largest version resource that is read, in bytes.
const maxResource = 1 << 20

// resource reads the version that a file carries, "" for one without.
func resource(path string) string {
	var ignored windows.Handle
	size, err := windows.GetFileVersionInfoSize(path, &ignored)
	if err != nil || size == 0 || size > maxResource {
		return ""
	}
	block := make([]byte, size)
	if err := windows.GetFileVersionInfo(path, 0, size, unsafe.Pointer(&block[0])); err != nil {
		return ""
	}
	var fixed *windows.VS_FIXEDFILEINFO
	var length uint32
	err = windows.VerQueryValue(unsafe.Pointer(&block[0]), `\`, unsafe.Pointer(&fixed), &length)
	if err != nil || fixed == nil || length < uint32(unsafe.Sizeof(*fixed)) {
		return ""
	}
	return dotted(fixed.FileVersionMS, fixed.FileVersionLS)
}

// folder returns where a variable leads. The system is asked, not the
// environment, which whoever started this program wrote.
func folder(variable string) (string, error) {
	known := map[string]*windows.KNOWNFOLDERID{
		"programfiles": windows.FOLDERID_ProgramFiles, "programw6432": windows.FOLDERID_ProgramFiles,
		"programfiles(x86)":  windows.FOLDERID_ProgramFilesX86,
		"commonprogramfiles": windows.FOLDERID_ProgramFilesCommon, "commonprogramfiles(x86)": windows.FOLDERID_ProgramFilesCommonX86,
		"programdata": windows.FOLDERID_ProgramData, "allusersprofile": windows.FOLDERID_ProgramData,
		"systemroot": windows.FOLDERID_Windows, "windir": windows.FOLDERID_Windows, "public": windows.FOLDERID_Public,
	}
	id, ok := known[strings.ToLower(variable)]
	if !ok {
		return "", errVariable
	}
	path, err := windows.KnownFolderPath(id, windows.KF_FLAG_DEFAULT)
	if err != nil {
		return "", err
	}
	return filepath.Clean(path), nil
}
