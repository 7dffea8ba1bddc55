package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/trust"
)

const (
	cacheDir    = "cache" // what the trust client keeps, as it keeps it
	trustedRoot = cacheDir + "/trusted-root"
	maxCached   = 16 << 20
)

// layout is a trust.Cache. Beside what the client stores it shows the suite
// what is trusted, each role under its name alone, and it keeps targets in the
// folder of the suite, as they are.
type layout struct {
	metadata *durable.Root
	targets  *durable.Root // nil unless something is downloaded
}

func open(o options) (*layout, error) {
	metadata, err := durable.Open(o.metadataDir)
	if err != nil {
		return nil, err
	}
	l := &layout{metadata: metadata}
	if err := metadata.MkdirAll(cacheDir, 0o700); err != nil {
		return nil, errors.Join(err, l.close())
	}
	if o.targetDir != "" {
		if err := os.MkdirAll(o.targetDir, 0o700); err != nil {
			return nil, errors.Join(err, l.close())
		}
		if l.targets, err = durable.Open(o.targetDir); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func (l *layout) close() error {
	err := l.metadata.Close()
	if l.targets != nil {
		err = errors.Join(err, l.targets.Close())
	}
	return err
}

// isTarget reports whether a name of the cache is that of a target.
func isTarget(name string) bool { return strings.HasPrefix(name, "doc-") }

// Load implements trust.Cache.
func (l *layout) Load(name string) ([]byte, error) {
	if !isTarget(name) {
		return durable.ReadFile(l.metadata, cacheDir+"/"+name, maxCached)
	}
	data, err := durable.ReadFile(l.targets, name, maxCached)
	if err != nil {
		return nil, err
	}
	return trust.Sealed(name, data), nil
}

// Store implements trust.Cache.
func (l *layout) Store(name string, stored []byte) error {
	data, err := trust.Unsealed(name, stored)
	if err != nil {
		return err
	}
	if isTarget(name) {
		return durable.WriteFile(l.targets, name, data, 0o600)
	}
	if err := durable.WriteFile(l.metadata, cacheDir+"/"+name, stored, 0o600); err != nil {
		return err
	}
	shown, err := roles(name, data)
	if err != nil {
		return err
	}
	for role, content := range shown {
		if err := durable.WriteFile(l.metadata, role+".json", content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// SetAside implements trust.Cache.
func (l *layout) SetAside(name string) error {
	if isTarget(name) {
		// It is not left beside the targets, where the suite would count it.
		return l.targets.RemoveAll(name)
	}
	to := cacheDir + "/" + trust.DamagedPrefix + name
	return errors.Join(l.metadata.RemoveAll(to), l.metadata.Rename(cacheDir+"/"+name, to))
}

// roles gives the metadata that a file of the cache holds, by role.
func roles(name string, data []byte) (map[string][]byte, error) {
	role, _ := strings.CutSuffix(name, ".json")
	switch {
	case strings.HasPrefix(role, "role-"):
		return map[string][]byte{strings.TrimPrefix(role, "role-"): data}, nil
	case strings.HasSuffix(role, ".root"):
		return map[string][]byte{"root": data}, nil
	case strings.HasPrefix(role, "targets-"):
		return map[string][]byte{"targets": data}, nil
	case role != "trusted" && role != "seen":
		return nil, nil
	}
	// A set, or the part of one that a refresh got to before it failed.
	var set struct{ Timestamp, Snapshot []byte }
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	all := map[string][]byte{"timestamp": set.Timestamp}
	if set.Snapshot != nil {
		all["snapshot"] = set.Snapshot
	}
	return all, nil
}
