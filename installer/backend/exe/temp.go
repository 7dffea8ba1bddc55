package exe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/osdetect/program"
)

// temps is where each run of a program has a folder of its own.
//
//	setups/.temp/<job>-<n>/temp         TEMP of the program
//	setups/.temp/<job>-<n>/users.json   what stayed when it had ended, and has the same TEMP
const temps = root + "/.temp"

const (
	tempName  = "temp"
	usersName = "users.json"
	maxTemps  = 100      // for one job
	maxUsers  = 64 << 10 // bytes
)

// makeTemp makes an empty folder to be TEMP for one run, and returns the folder
// that holds it. Setup programs run what they unpack there. In the TEMP of the
// system every user can put a library beside it; below the state folder nobody
// can.
func (b *Backend) makeTemp(job string) (string, error) {
	for n := 1; n <= maxTemps; n++ {
		name := path.Join(temps, job+"-"+strconv.Itoa(n))
		if _, err := b.dir.Lstat(name); err == nil { // what an earlier run left uses it
			continue
		}
		if err := b.dir.MkdirAll(path.Join(name, tempName), 0o700); err != nil {
			return "", fmt.Errorf("making a folder for temporary files: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("making a folder for temporary files: %d are in use", maxTemps)
}

// leaveTemp ends the use of a folder by the program that it was made for.
func (b *Backend) leaveTemp(ctx context.Context, name string, stayed []program.Left) error {
	if len(stayed) > 0 {
		data, err := json.Marshal(stayed)
		if err == nil {
			err = durable.WriteFile(b.dir, path.Join(name, usersName), data, 0o600)
		}
		if err != nil {
			return fmt.Errorf("keeping the folder for temporary files of what stays: %w", err)
		}
	}
	b.sweepTemps(ctx)
	return nil
}

// sweepTemps removes the folders that nothing uses. One that cannot be removed,
// because something still reads a file in it, is left to the next time: that
// is no reason to undo a change or to refuse one.
func (b *Backend) sweepTemps(ctx context.Context) {
	entries, err := b.dir.ReadDir(temps)
	if err != nil {
		return
	}
	rest := len(entries)
	for _, e := range entries {
		name := path.Join(temps, e.Name())
		if !b.used(ctx, name) && b.dir.RemoveAll(name) == nil {
			rest--
		}
	}
	if rest == 0 {
		_ = b.dir.Remove(temps) // a folder without anything in it
	}
}

// used reports whether processes that stayed use a folder still, or may.
func (b *Backend) used(ctx context.Context, name string) bool {
	data, err := durable.ReadFile(b.dir, path.Join(name, usersName), maxUsers)
	if errors.Is(err, fs.ErrNotExist) { // they were none, or ended with the power
		return false
	}
	var stayed []program.Left
	if err != nil || json.Unmarshal(data, &stayed) != nil {
		return true
	}
	running, err := b.system.Running(ctx, stayed)
	return running || err != nil
}
