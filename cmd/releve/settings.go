package main

import (
	"io/fs"
	"os"
	"strings"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/durable"
)

// machineSettings finds settings files where the manifest names them: relative
// ones in the target, absolute ones on this machine. With --target the target
// stands for the whole machine, and this is not used.
type machineSettings struct {
	*durable.Root                          // the target
	volumes       map[string]*durable.Root // opened so far, by their path
}

// settings chooses where the settings files of a plan lie.
func (s *session) settings() durable.Dir {
	if s.a.flags.target != "" {
		return s.target
	}
	return &machineSettings{Root: s.target, volumes: map[string]*durable.Root{}}
}

// find returns the directory tree and the name in it for a name of the engine.
func (m *machineSettings) find(name string) (*durable.Root, string, error) {
	rest, absolute := strings.CutPrefix(name, installer.SettingsRoot+"/")
	if !absolute {
		return m.Root, name, nil
	}
	volume, rest := volumeOf(rest)
	if root, ok := m.volumes[volume]; ok {
		return root, rest, nil
	}
	root, err := durable.Open(volume)
	if err != nil {
		return nil, "", err
	}
	m.volumes[volume] = root
	return root, rest, nil
}

// OpenFile opens a settings file.
func (m *machineSettings) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	d, name, err := m.find(name)
	if err != nil {
		return nil, err
	}
	return d.OpenFile(name, flag, perm)
}

// MkdirAll makes the directory of a settings file again.
func (m *machineSettings) MkdirAll(name string, perm fs.FileMode) error {
	d, name, err := m.find(name)
	if err != nil {
		return err
	}
	return d.MkdirAll(name, perm)
}

// Rename puts a settings file in its place.
func (m *machineSettings) Rename(oldname, newname string) error {
	d, oldname, err := m.find(oldname)
	if err != nil {
		return err
	}
	other, newname, err := m.find(newname)
	if err != nil {
		return err
	}
	if d != other {
		return &os.LinkError{Op: "rename", Old: oldname, New: newname, Err: fs.ErrInvalid}
	}
	return d.Rename(oldname, newname)
}

// Remove removes what an interrupted run left beside a settings file.
func (m *machineSettings) Remove(name string) error {
	d, name, err := m.find(name)
	if err != nil {
		return err
	}
	return d.Remove(name)
}

// Lstat describes a settings file.
func (m *machineSettings) Lstat(name string) (fs.FileInfo, error) {
	d, name, err := m.find(name)
	if err != nil {
		return nil, err
	}
	return d.Lstat(name)
}

// SyncDir makes the entries of the directory of a settings file durable.
func (m *machineSettings) SyncDir(name string) error {
	d, name, err := m.find(name)
	if err != nil {
		return err
	}
	return d.SyncDir(name)
}

// KeepAccess lets a settings file be used by whoever could use another.
func (m *machineSettings) KeepAccess(from, to string) error {
	d, from, err := m.find(from)
	if err != nil {
		return err
	}
	other, to, err := m.find(to)
	if err != nil {
		return err
	}
	if d != other {
		return &os.LinkError{Op: "access", Old: from, New: to, Err: fs.ErrInvalid}
	}
	return d.KeepAccess(from, to)
}
