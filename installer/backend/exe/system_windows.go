package exe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/osdetect/program"
)

// Detect finds the installed version of a component by its evidence, "" for
// none.
type Detect func(ctx context.Context, s backend.Subject) (string, error)

// Windows is this machine.
type Windows struct {
	detect  Detect
	folders Folders
	named   map[string]string // folders by the names that manifests use, in small letters
}

var _ System = (*Windows)(nil)

// NewWindows returns this machine. The folders are asked of the system, since
// a user may have set the variables.
func NewWindows(detect Detect) (*Windows, error) {
	w := &Windows{detect: detect, named: map[string]string{}}
	for _, known := range []struct {
		id    *windows.KNOWNFOLDERID
		names []string
	}{
		{windows.FOLDERID_ProgramFiles, []string{"programfiles", "programw6432"}},
		{windows.FOLDERID_ProgramFilesX86, []string{"programfiles(x86)"}},
		{windows.FOLDERID_ProgramFilesCommon, []string{"commonprogramfiles", "commonprogramw6432"}},
		{windows.FOLDERID_ProgramFilesCommonX86, []string{"commonprogramfiles(x86)"}},
		{windows.FOLDERID_ProgramData, []string{"programdata", "allusersprofile"}},
		{windows.FOLDERID_Windows, []string{"systemroot", "windir"}},
	} {
		path, err := windows.KnownFolderPath(known.id, 0)
		if err != nil {
			return nil, fmt.Errorf("asking for the folder %q: %w", known.names[0], err)
		}
		for _, name := range known.names {
			w.named[name] = path
		}
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, fmt.Errorf("asking for the folder of the system: %w", err)
	}
	w.folders = Folders{
		Programs: []string{w.named["programfiles"], w.named["programfiles(x86)"]},
		Windows:  w.named["systemroot"], System: system,
	}
	return w, nil
}

// Detect implements System.
func (w *Windows) Detect(ctx context.Context, s backend.Subject) (string, error) {
	return w.detect(ctx, s)
}

const maxLine = 2048 // characters of a command line that is believed

// Registered implements System. It looks for the keys that the evidence
// leads to, in both views of the registry.
func (w *Windows) Registered(_ context.Context, s backend.Subject) (Removal, error) {
	var problems []error
	for _, e := range s.Evidence {
		for _, key := range keysOf(e) {
			for _, view := range []uint32{registry.WOW64_64KEY, registry.WOW64_32KEY} {
				entry, err := readEntry(key, view)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				found, bad := entry.Removal(w.folders)
				if err := errors.Join(err, bad); err != nil {
					problems = append(problems, err)
				} else if !found.None() {
					return found, nil
				}
			}
		}
	}
	return Removal{}, errors.Join(problems...)
}

// readEntry reads a key below Uninstall.
func readEntry(key string, view uint32) (entry Entry, err error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, uninstallKey+key, registry.QUERY_VALUE|view)
	if err != nil {
		return Entry{}, fmt.Errorf("reading how %q is removed: %w", key, err)
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	entry.Key = key
	for name, into := range map[string]*string{"QuietUninstallString": &entry.Quiet, "UninstallString": &entry.Plain} {
		line, kind, err := k.GetStringValue(name)
		switch {
		case errors.Is(err, registry.ErrNotExist):
			continue
		case err != nil:
			return Entry{}, fmt.Errorf("reading %q of %q: %w", name, key, err)
		case len(line) > maxLine:
			return Entry{}, fmt.Errorf("%q of %q has %d characters", name, key, len(line))
		case kind == registry.EXPAND_SZ && strings.Contains(line, "%"):
			continue // would go by variables that a user can set
		}
		*into = line
	}
	return entry, nil
}

// Check implements System.
func (w *Windows) Check(file, digest, signer string) error {
	f, err := hold(file, digest, signer)
	if err != nil {
		return err
	}
	return f.Close()
}

// hold opens a file for itself alone and makes sure what it is.
func hold(file, digest, signer string) (*os.File, error) {
	f, err := authenticode.Hold(file, digest)
	if err != nil {
		return nil, err
	}
	if err := authenticode.Check(f, signer); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Run implements System. Servers of the component that its setup program has
// started go on; everything else of it has to end.
func (w *Windows) Run(ctx context.Context, c Command) (result Result, err error) {
	path, err := w.expand(c.File)
	if err != nil {
		return Result{}, err
	}
	if c.Digest != "" {
		f, err := hold(path, c.Digest, c.Signer)
		if err != nil {
			return Result{}, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
	}
	got, err := program.Run(ctx, program.Command{
		Path: path, Args: c.Arguments, Limit: c.Limit, Family: true, Stays: w.folders.stays,
	})
	if errors.Is(err, program.ErrTime) {
		return Result{}, errors.Join(context.DeadlineExceeded, err)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Status: uint32(got.Code), Output: program.Text(got.Output, program.OEM)}, nil //nolint:gosec // 32 bits, as Windows counts them
}

// expand replaces the %NAME% at the beginning of a path of the manifest.
func (w *Windows) expand(file string) (string, error) {
	rest, variable := strings.CutPrefix(file, "%")
	if !variable {
		return file, nil
	}
	name, rest, _ := strings.Cut(rest, "%")
	folder, known := w.named[strings.ToLower(name)]
	if !known {
		return "", fmt.Errorf("path %q begins with a folder that is not known", file)
	}
	return folder + rest, nil
}
