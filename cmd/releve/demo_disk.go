//go:build !nodemo

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
)

// writeFacts puts the facts of the story's machine where --facts points.
func (d *demo) writeFacts() error {
	return os.WriteFile(d.a.flags.facts, d.facts.Encode(), 0o600)
}

// systemName is the name of the story's system, for people.
func (d *demo) systemName() string {
	return strings.TrimSpace(d.fact("os.name") + " " + d.fact("os.version"))
}

// fact is a fact of the story's machine as text, "" when it is unknown.
func (d *demo) fact(path string) string {
	v, _ := d.facts.Lookup(path)
	s, _ := v.(string)
	return s
}

// version detects a component on the disk again.
func (d *demo) version(ctx context.Context, component string) (string, error) {
	s, err := d.a.open()
	if err != nil {
		return "", err
	}
	defer s.close()
	found, err := installer.Inspect(ctx, s.deps(event.Discard), []backend.Subject{{Name: component}})
	if err != nil {
		return "", err
	}
	return found[component].Version, nil
}

// claimInstalled states which versions were detected on the disk.
func (d *demo) claimInstalled(ctx context.Context, components ...string) error {
	for _, c := range components {
		v, err := d.version(ctx, c)
		if err != nil {
			return err
		}
		if v == "" {
			return d.broken(c, "not installed", nil)
		}
		d.claim("demo-detected", args("Component", c, "Version", v))
	}
	return d.claimBystanders()
}

// claimBystanders states that the settings and a foreign file are untouched.
func (d *demo) claimBystanders() error {
	now, _, err := d.digest("settings", "other-software")
	if err != nil {
		return err
	}
	if d.bystanders == "" {
		d.bystanders = now
	}
	if now != d.bystanders {
		return d.broken(d.bystanders, now, nil)
	}
	d.claim("demo-settings", args("Digest", short(now)))
	return nil
}

// unchanged runs change and compares some components before and after.
func (d *demo) unchanged(components []string, change func() error) (string, error) {
	before, _, err := d.digest(components...)
	if err != nil {
		return "", err
	}
	if err := change(); err != nil {
		return "", err
	}
	after, _, err := d.digest(components...)
	if err != nil {
		return "", err
	}
	if before != after {
		return "", d.broken(before, after, nil)
	}
	return after, nil
}

// digest hashes the names, links and bytes below folders of the workstation,
// and counts the files.
func (d *demo) digest(folders ...string) (sum string, files int, err error) {
	h := sha256.New()
	for _, folder := range folders {
		root := filepath.Join(d.a.flags.target, folder)
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			rel, err := filepath.Rel(d.a.flags.target, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "%s\x00%s\x00", filepath.ToSlash(rel), e.Type())
			files++
			return hashEntry(h, path, e)
		})
		if err != nil {
			return "", 0, fmt.Errorf("hashing %q: %w", root, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), files, nil
}

func hashEntry(w io.Writer, path string, e fs.DirEntry) error {
	if e.Type()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(path)
		if err == nil {
			_, err = io.WriteString(w, to)
		}
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// broken is the error of a statement that does not hold.
func (d *demo) broken(expected, found string, cause error) error {
	return &cliError{code: CodeDemoBroken, args: args("Expected", expected, "Found", found), cause: cause}
}
