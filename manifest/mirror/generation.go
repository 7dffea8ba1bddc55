package mirror

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/trust"
)

// kept is how many snapshots a pruned mirror can serve: the current one, and
// the one before, which a workstation may have begun to read.
const kept = 2

const generationsName = "generations.json"

// generation is what one snapshot names.
type generation struct {
	Snapshot int64    `json:"snapshot"` // version
	Files    []string `json:"files"`    // documents, packages and metadata but root and timestamp
}

// notOlder refuses to replace a timestamp by an older one, also when what the
// client knew about the former was lost.
func (m *run) notOlder() error {
	last := m.source.inventory.Metadata[len(m.source.inventory.Metadata)-1]
	data, err := durable.ReadFile(m.dir, last.Name, metadataLimit)
	var held struct {
		Signed struct {
			Version int64 `json:"version"`
		} `json:"signed"`
	}
	if err != nil || json.Unmarshal(data, &held) != nil || held.Signed.Version <= last.Version {
		return nil
	}
	return &trust.Error{
		Reason: trust.CodeRolledBack, Role: last.Role, File: last.Name,
		Expected: strconv.FormatInt(held.Signed.Version, 10), Found: strconv.FormatInt(last.Version, 10),
	}
}

// current lists the files of the state that was just written.
func (m *run) current() generation {
	g := generation{}
	for _, f := range m.source.inventory.Metadata {
		switch f.Role {
		case "root", "timestamp":
			continue
		case "snapshot":
			g.Snapshot = f.Version
		}
		g.Files = append(g.Files, f.Name)
	}
	for _, t := range m.source.chosen {
		g.Files = append(g.Files, t.File)
	}
	return g
}

// remember notes the state that is served now, and with prune removes what
// belongs to none that is noted. A note that cannot be read costs one run
// without pruning: nobody knows then what is in use.
func (m *run) remember(prune bool) error {
	var noted []generation
	data, err := durable.ReadFile(m.work, generationsName, cacheLimit)
	known := err == nil && json.Unmarshal(data, &noted) == nil
	now := m.current()
	noted = slices.DeleteFunc(noted, func(g generation) bool { return g.Snapshot == now.Snapshot })
	noted = append([]generation{now}, noted...)
	noted = noted[:min(len(noted), kept)]
	if data, err = json.Marshal(noted); err != nil {
		return fmt.Errorf("encoding %q: %w", generationsName, err)
	}
	if err := durable.WriteFile(m.work, generationsName, data, 0o600); err != nil {
		return err
	}
	if !prune || !known {
		return nil
	}
	keep := map[string]bool{}
	for _, g := range noted {
		for _, name := range g.Files {
			keep[name] = true
		}
	}
	for _, f := range m.source.inventory.Metadata {
		keep[f.Name] = true
	}
	for _, name := range []string{"metadata", "targets"} {
		if _, err := m.prune(name, keep); err != nil {
			return err
		}
	}
	return nil
}

// prune removes what is not in keep below the directory name, and tells
// whether nothing is left there. Roots stay for ever: a workstation that was
// off for years walks through all of them.
func (m *run) prune(name string, keep map[string]bool) (empty bool, err error) {
	entries, err := m.dir.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("removing what is of no more use: %w", err)
	}
	left := len(entries)
	for _, e := range entries {
		child := path.Join(name, e.Name())
		gone := !keep[child] && !isRoot(child)
		if e.IsDir() {
			if gone, err = m.prune(child, keep); err != nil {
				return false, err
			}
		} else if gone {
			m.report.Removed++
		}
		if !gone {
			continue
		}
		if err := m.dir.Remove(child); err != nil {
			return false, fmt.Errorf("removing what is of no more use: %w", err)
		}
		left--
	}
	if left < len(entries) {
		return left == 0, m.dir.SyncDir(name)
	}
	return left == 0, nil
}

// isRoot reports whether name is metadata/N.root.json.
func isRoot(name string) bool {
	ok, err := path.Match("metadata/*.root.json", name)
	return ok && err == nil
}
