package exe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/installer/authenticode"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

// Installer is Windows Installer, by the rules of the backend of its packages.
type Installer interface {
	Free(ctx context.Context, j backend.Job) error
	RemoveProduct(ctx context.Context, j backend.Job, code string) (backend.Outcome, error)
}

// Windows is this machine.
type Windows struct {
	Installer

	machine component.Machine
	folders Folders
	named   map[string]string // folders by the names that manifests use, in small letters
}

var _ System = (*Windows)(nil)

// NewWindows returns this machine, whose components m finds and whose Windows
// Installer is i. The folders are
// asked of the system, since a user may have set the variables; one that it
// does not name is not known.
func NewWindows(m component.Machine, i Installer) *Windows {
	w := &Windows{Installer: i, machine: m, named: map[string]string{}}
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
			continue
		}
		for _, name := range known.names {
			w.named[name] = path
		}
	}
	w.folders = Folders{
		Programs: []string{w.named["programfiles"], w.named["programfiles(x86)"]},
		Windows:  w.named["systemroot"], System: w.named["systemroot"] + `\System32`,
	}
	return w
}

// Detect implements System.
func (w *Windows) Detect(ctx context.Context, s backend.Subject) (string, error) {
	found, err := component.Find(ctx, component.Snapshot(w.machine), s.Evidence)
	if err != nil {
		return "", err
	}
	return found.Version, found.Err()
}

// Registered implements System.
func (w *Windows) Registered(ctx context.Context, s backend.Subject) (Removal, error) {
	return w.folders.registered(ctx, component.Snapshot(w.machine), s.Evidence)
}

// Check implements System.
func (w *Windows) Check(file, digest, signer string) error {
	f, err := authenticode.HoldSigned(file, digest, signer)
	if err != nil {
		return err
	}
	return f.Close()
}

// Run implements System. Servers of the component that its setup program has
// started go on; everything else of it has to end.
func (w *Windows) Run(ctx context.Context, c Command) (result Result, err error) {
	path, err := w.expand(c.File)
	if err != nil {
		return Result{}, err
	}
	if c.Digest != "" {
		f, err := authenticode.HoldSigned(path, c.Digest, c.Signer)
		if err != nil {
			return Result{}, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
	}
	got, err := program.Run(ctx, program.Command{
		Path: path, Line: commandLine(c.Arguments), Limit: c.Limit, Family: true, Stays: w.folders.stays, Env: temporary(c.Temp),
	})
	if errors.Is(err, program.ErrTime) {
		return Result{}, errors.Join(context.DeadlineExceeded, err)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{
		Status: uint32(got.Code), //nolint:gosec // 32 bits, as Windows counts them
		Output: program.Text(got.Output, program.OEM), Stayed: got.Stayed,
	}, nil
}

// Running implements System.
func (w *Windows) Running(ctx context.Context, stayed []program.Left) (bool, error) {
	all, err := process.List(ctx)
	return goesOn(all, stayed), err
}

// temporary are the variables that lead a program to its folder for temporary
// files. SystemTemp is what GetTempPath2 goes by for SYSTEM, to which the other
// two mean nothing then. Source: Microsoft, "GetTempPath2W".
func temporary(folder string) []string {
	return []string{"TEMP=" + folder, "TMP=" + folder, "SystemTemp=" + folder}
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
