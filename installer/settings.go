package installer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
)

const (
	kits        = "kits"    // directory of the state: kits/<run>/<step>/<n>
	maxSettings = 16 << 20  // bytes of one settings file
	apartSuffix = ".releve" // of a settings file while it is being put back
)

// savedFile is a settings file with its copy in the kit. A file that did not
// exist is not in the list, and is left alone when it appears.
type savedFile struct {
	Path   string      `json:"path"`  // in Deps.Settings, see SettingName
	Named  string      `json:"named"` // as the manifest names it, for people
	Copy   string      `json:"copy"`  // in Deps.State
	SHA256 string      `json:"sha256"`
	Mode   fs.FileMode `json:"mode"`
}

// saveSettings copies the settings files of a step into its kit, durably.
func (r *run) saveSettings(s *step) ([]savedFile, error) {
	var saved []savedFile
	dir := path.Join(kits, r.id, strconv.Itoa(s.index))
	for n, setting := range s.Settings {
		file, err := r.saveFile(SettingName(setting.Path), path.Join(dir, strconv.Itoa(n)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, failed(CodeSettings, err, "Component", s.Component, "Path", setting.Path)
		}
		file.Named = setting.Path
		saved = append(saved, file)
	}
	if len(saved) == 0 {
		return nil, nil
	}
	for _, d := range []string{dir, path.Dir(dir), kits, "."} {
		if err := r.deps.State.SyncDir(d); err != nil {
			return nil, failed(CodeSettings, err, "Component", s.Component, "Path", s.Settings[0].Path)
		}
	}
	return saved, nil
}

// SettingsRoot is the directory of Deps.Settings in which the absolute paths
// of settings files begin: /Library/x is SettingsRoot/Library/x there, and
// C:\Windows\x is SettingsRoot/C/Windows/x.
const SettingsRoot = ".root"

// SettingName is the name in Deps.Settings of a settings file of the manifest.
// It is not cleaned, so that a path with ".." in it is refused as one.
func SettingName(file string) string {
	name := strings.ReplaceAll(file, `\`, "/")
	if len(name) > 2 && name[1] == ':' && name[2] == '/' {
		return SettingsRoot + "/" + name[:1] + name[2:]
	}
	if strings.HasPrefix(name, "/") {
		return SettingsRoot + name
	}
	return name
}

func (r *run) saveFile(name, copyName string) (savedFile, error) {
	if !fs.ValidPath(name) || name == "." {
		return savedFile{}, fmt.Errorf("%q is not a path inside the target directory", name)
	}
	info, err := r.deps.Settings.Lstat(name)
	if err != nil {
		return savedFile{}, fmt.Errorf("looking at settings file %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return savedFile{}, fmt.Errorf("settings file %q is not a regular file", name)
	}
	data, err := durable.ReadFile(r.deps.Settings, name, maxSettings)
	if err != nil {
		return savedFile{}, fmt.Errorf("reading settings file %q: %w", name, err)
	}
	if err := r.writeCopy(copyName, data); err != nil {
		return savedFile{}, fmt.Errorf("saving settings file %q: %w", name, err)
	}
	return savedFile{Path: name, Copy: copyName, SHA256: sum(data), Mode: info.Mode().Perm()}, nil
}

// writeCopy writes a file of the kit. Its entry is made durable by the caller,
// once for the whole kit.
func (r *run) writeCopy(name string, data []byte) (err error) {
	if err := r.deps.State.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := r.deps.State.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// guardSettings compares the settings files of a step with their copies and
// puts back those that were changed or removed.
func (r *run) guardSettings(s *step) error {
	for _, file := range s.settings {
		restored, err := r.guardFile(file)
		if err != nil {
			return failed(CodeSettingsBack, err, "Component", s.Component, "Path", file.Named)
		}
		if restored {
			r.deps.Log.Warn("settings file put back", "component", s.Component, "path", file.Named)
			r.deps.Emit(event.SettingRestored{Step: s.index, Path: file.Named})
		}
	}
	return nil
}

func (r *run) guardFile(file savedFile) (restored bool, err error) {
	if err := r.dropPutBack(file.Path); err != nil {
		return false, err
	}
	now, err := durable.ReadFile(r.deps.Settings, file.Path, maxSettings)
	if err == nil && sum(now) == file.SHA256 {
		return false, r.syncSetting(file.Path)
	}
	saved, err := durable.ReadFile(r.deps.State, file.Copy, maxSettings)
	if err != nil {
		return false, fmt.Errorf("reading the saved copy of %q: %w", file.Path, err)
	}
	if got := sum(saved); got != file.SHA256 {
		return false, fmt.Errorf("the saved copy of %q has digest %s, want %s", file.Path, got, file.SHA256)
	}
	return true, r.putBack(file, saved)
}

// syncSetting makes a settings file that is as it should be durable, when it
// may be so only because a killed process had just put it back.
func (r *run) syncSetting(name string) error {
	if !r.recovering {
		return nil
	}
	f, err := r.deps.Settings.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("making %q durable: %w", name, err)
	}
	if err := errors.Join(f.Sync(), f.Close(), r.deps.Settings.SyncDir(path.Dir(name))); err != nil {
		return fmt.Errorf("making %q durable: %w", name, err)
	}
	return nil
}

// putBack replaces a settings file, durably. What it writes first has a name
// that nobody takes for the user's, so that dropPutBack can remove what a
// crash leaves.
func (r *run) putBack(file savedFile, data []byte) error {
	d, apart := r.deps.Settings, file.Path+apartSuffix
	if err := d.MkdirAll(path.Dir(file.Path), 0o755); err != nil {
		return fmt.Errorf("making the directory of %q: %w", file.Path, err)
	}
	err := durable.Replace(d, apart, data, file.Mode)
	if err == nil {
		err = d.Rename(apart, file.Path)
	}
	if err == nil {
		err = d.SyncDir(path.Dir(file.Path))
	}
	if err != nil {
		return fmt.Errorf("putting back %q: %w", file.Path, err)
	}
	return nil
}

// dropPutBack removes what an interrupted putBack left, durably.
func (r *run) dropPutBack(name string) error {
	for _, left := range []string{name + apartSuffix, name + apartSuffix + ".tmp"} {
		if _, err := r.deps.Settings.Lstat(left); err != nil {
			continue
		}
		err := r.deps.Settings.Remove(left)
		if err == nil {
			err = r.deps.Settings.SyncDir(path.Dir(name))
		}
		if err != nil {
			return fmt.Errorf("removing %q: %w", left, err)
		}
	}
	return nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// removeKits removes the kits of runs that are over, which are all of them
// once the last run has ended.
func removeKits(d durable.Dir) error {
	if err := d.RemoveAll(kits); err != nil {
		return fmt.Errorf("removing old kits: %w", err)
	}
	return nil
}
