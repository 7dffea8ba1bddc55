package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

// Selection says what is copied of a repository. Its zero value is all.
type Selection struct {
	Channels   []string            // none: all channels
	Platforms  []manifest.Platform // none: all
	Components []string            // whose packages are taken; none: all
}

func (s Selection) isAll() bool {
	return len(s.Channels)+len(s.Platforms)+len(s.Components) == 0
}

// Package is a package in a copy.
type Package struct {
	Component string
	Version   string
	Platform  manifest.Platform
	Length    int64 // bytes
}

// source is the repository that is copied, after everything but the packages
// was read and verified.
type source struct {
	client    *trust.Client
	inventory trust.Inventory
	chosen    []trust.Target // sorted by path
	info      trust.BundleInfo
	report    Report
}

// read refreshes and chooses.
func (c Config) read(ctx context.Context, kept trust.Cache) (*source, error) {
	client, err := trust.New(trust.Config{Root: c.Root, Remote: c.Remote, Cache: kept, Now: c.Now})
	if err != nil {
		return nil, err
	}
	if err := client.Refresh(ctx); err != nil {
		return nil, err
	}
	inventory, err := client.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	s := &source{client: client, inventory: inventory, info: c.Select.info()}
	if err := s.choose(ctx, c.Select); err != nil {
		return nil, err
	}
	s.report.Info, s.report.Roles, s.report.Files = s.info, client.Status().Roles, len(s.chosen)
	s.report.UntilRole, s.report.Until = inventory.Expires()
	for _, t := range s.chosen {
		s.report.Bytes += t.Length
		s.report.Largest = max(s.report.Largest, t.Length)
	}
	return s, nil
}

// isDocument tells documents, which are read whole, from packages.
func isDocument(path string) bool {
	return path == manifest.AdvisoriesPath || isChannel(path) || strings.HasSuffix(path, "/component.json")
}

func isChannel(path string) bool {
	return strings.HasPrefix(path, "channels/") && strings.HasSuffix(path, ".json")
}

// choose lists the targets of a selection: the documents of its channels, the
// packages these offer for its platforms, and what belongs to no channel. For
// all of a repository no document is opened: it may be of a later schema.
func (s *source) choose(ctx context.Context, sel Selection) error {
	if sel.isAll() {
		s.chosen = s.inventory.Targets
		return nil
	}
	channels := sel.Channels
	if len(channels) == 0 {
		for _, t := range s.inventory.Targets {
			if isChannel(t.Path) {
				channels = append(channels, strings.TrimSuffix(strings.TrimPrefix(t.Path, "channels/"), ".json"))
			}
		}
	}
	wanted := map[string]*manifest.Artifact{} // nil for what is no package
	var known []string
	for _, channel := range channels {
		v, err := manifest.Open(ctx, s.client, channel)
		if err != nil {
			return err
		}
		wanted[manifest.ChannelPath(channel)] = nil
		for _, component := range v.Components() {
			known = append(known, component)
			wanted[manifest.ComponentPath(component)] = nil
			if len(sel.Components) == 0 || slices.Contains(sel.Components, component) {
				s.offered(v, component, sel, wanted)
			}
		}
	}
	for _, component := range sel.Components {
		if !slices.Contains(known, component) {
			slices.Sort(known)
			return &Error{
				Reason: CodeNotOffered, Name: component, Found: strings.Join(channels, ", "),
				Expected: strings.Join(slices.Compact(known), ", "),
			}
		}
	}
	return s.take(wanted)
}

// offered notes the packages of a component. What was withdrawn is left out:
// nobody is to install it.
func (s *source) offered(v manifest.Verified, component string, sel Selection, wanted map[string]*manifest.Artifact) {
	document, _ := v.Component(component)
	for _, release := range document.Releases {
		a := release.Artifact
		if a == nil || release.Withdrawn != nil || !isOffered(v, component, release, sel.Platforms) {
			continue
		}
		if _, twice := wanted[a.Path]; twice {
			continue
		}
		wanted[a.Path] = a
		if p := release.Provenance; p != nil {
			wanted[p.Path] = nil
		}
		for _, d := range release.Deltas {
			wanted[d.Path] = nil
		}
		s.report.Packages = append(s.report.Packages, Package{component, release.Version, release.Platform, a.Length})
	}
}

// isOffered tells whether the channel offers a release to one of platforms.
func isOffered(v manifest.Verified, component string, release manifest.Release, platforms []manifest.Platform) bool {
	if len(platforms) == 0 {
		platforms = []manifest.Platform{release.Platform}
	}
	for _, p := range platforms {
		if slices.ContainsFunc(v.Offered(component, p), func(o manifest.Release) bool {
			return o.Version == release.Version && o.Platform == release.Platform
		}) {
			return true
		}
	}
	return false
}

// take chooses the wanted targets, and all others where no channel or
// component can leave them out.
func (s *source) take(wanted map[string]*manifest.Artifact) error {
	for _, t := range s.inventory.Targets {
		a, named := wanted[t.Path]
		free := !strings.HasPrefix(t.Path, "components/") && !strings.HasPrefix(t.Path, "channels/")
		if !named && !free {
			continue
		}
		if a != nil && (a.SHA256 != t.SHA256 || a.Length != t.Length) {
			return &trust.Error{Reason: trust.CodeMismatch, Role: t.Role, File: t.File, Expected: a.SHA256, Found: t.SHA256}
		}
		s.chosen = append(s.chosen, t)
		delete(wanted, t.Path)
	}
	for path := range wanted {
		return &trust.Error{Reason: trust.CodeMissing, File: path, Cause: manifest.ErrNoDocument}
	}
	return nil
}

// info describes a selection for those who later ask the copy for more.
func (s Selection) info() trust.BundleInfo {
	if s.isAll() {
		return trust.BundleInfo{}
	}
	info := trust.BundleInfo{Schema: 1, Channels: sorted(s.Channels), Components: sorted(s.Components)}
	for _, p := range s.Platforms {
		info.Platforms = append(info.Platforms, string(p))
	}
	info.Platforms = sorted(info.Platforms)
	return info
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// selection is the other way round, for what a copy says about itself.
func selection(info trust.BundleInfo) Selection {
	s := Selection{Channels: info.Channels, Components: info.Components}
	for _, p := range info.Platforms {
		s.Platforms = append(s.Platforms, manifest.Platform(p))
	}
	return s
}

func encodeInfo(info trust.BundleInfo) ([]byte, error) {
	data, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding %q: %w", trust.BundleInfoName, err)
	}
	return append(data, '\n'), nil
}

// readInfo reads what a copy says about itself; without a word it is whole.
func readInfo(ctx context.Context, remote trust.Remote) (info trust.BundleInfo) {
	body, _, err := remote.Open(ctx, trust.BundleInfoName, 0)
	if err != nil {
		return info
	}
	data, err := io.ReadAll(io.LimitReader(body, infoLimit))
	if err := errors.Join(err, body.Close()); err != nil || json.Unmarshal(data, &info) != nil {
		return trust.BundleInfo{}
	}
	return info
}
