package main

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// defaultState is where releve keeps its state when nothing else is named.
func defaultState(folder func(string) string) string { return under(folder("ProgramData"), "Releve") }

// defaultTarget is where bundles are installed when nothing else is named.
func defaultTarget(folder func(string) string) string {
	return under(folder("ProgramFiles"), "Releve", "components")
}

func under(base string, rest ...string) string {
	if base == "" {
		return ""
	}
	return filepath.Join(append([]string{base}, rest...)...)
}

// systemFolder is where a folder of the system lies, "" for one that is not
// known. The system is asked: an account may set any variable for itself, and
// must not lead the state of what runs with an administrator's rights to a
// folder of its own.
func systemFolder(name string) string {
	id, ok := map[string]*windows.KNOWNFOLDERID{
		"ProgramData": windows.FOLDERID_ProgramData, "ProgramFiles": windows.FOLDERID_ProgramFiles,
	}[name]
	if !ok {
		return ""
	}
	path, err := windows.KnownFolderPath(id, windows.KF_FLAG_DEFAULT)
	if err != nil {
		return ""
	}
	return path
}
