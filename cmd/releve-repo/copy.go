package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/trust"
)

// transferring tells what is being read, unless one object is the answer.
func (s *source) transferring(t trust.Target) {
	if !s.json {
		s.a.say("reading %s, %d bytes", t.Path, t.Length)
	}
}

// copyLine is a copy in the JSON answer.
type copyLine struct {
	Type       string        `json:"type"` // "copy"
	Place      string        `json:"place"`
	Until      time.Time     `json:"until"`      // workstations take it until then
	UntilRole  string        `json:"until_role"` // the role that says so
	Channels   []string      `json:"channels"`   // empty: all, here and in the next two
	Platforms  []string      `json:"platforms"`
	Components []string      `json:"components"`
	Packages   []packageLine `json:"packages"` // empty where all of a repository was copied
	Files      int           `json:"files"`
	Bytes      int64         `json:"bytes"`
	NewFiles   int           `json:"new_files"`
	NewBytes   int64         `json:"new_bytes"`
	Removed    int           `json:"removed"` // files
}

type packageLine struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	Platform  string `json:"platform"`
	Bytes     int64  `json:"bytes"`
}

// encode answers with one JSON object.
func (s *source) encode(place string, r mirror.Report) error {
	line := copyLine{
		Type: "copy", Place: place, Until: r.Until.UTC(), UntilRole: r.UntilRole,
		Channels: orEmpty(r.Info.Channels), Platforms: orEmpty(r.Info.Platforms), Components: orEmpty(r.Info.Components),
		Packages: []packageLine{}, Files: r.Files, Bytes: r.Bytes,
		NewFiles: r.NewFiles, NewBytes: r.NewBytes, Removed: r.Removed,
	}
	for _, p := range r.Packages {
		line.Packages = append(line.Packages, packageLine{p.Component, p.Version, string(p.Platform), p.Length})
	}
	if err := json.NewEncoder(s.a.out).Encode(line); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

// made says what a bundle holds.
func (s *source) made(name string, r mirror.Report) error {
	if s.json {
		return s.encode(name, r)
	}
	s.a.printCopy(r)
	s.a.say("made the bundle %s", name)
	s.a.printUntil(r)
	return nil
}

// printCopy says what a copy holds.
func (a *app) printCopy(r mirror.Report) {
	for _, role := range r.Roles {
		a.say("%-12s version %-4d good until %s", role.Name, role.Version, role.Expires.UTC().Format(time.DateOnly))
	}
	if r.Info.Schema != 0 {
		a.say("channels: %s; systems: %s; components: %s",
			orAll(r.Info.Channels), orAll(r.Info.Platforms), orAll(r.Info.Components))
	}
	for _, p := range r.Packages {
		a.say("package: %s %s (%s), %d bytes", p.Component, p.Version, p.Platform, p.Length)
	}
	a.say("files: %d, bytes: %d", r.Files, r.Bytes)
}

func orAll(list []string) string {
	if len(list) == 0 {
		return "all"
	}
	return strings.Join(list, ", ")
}

// printUntil says how long workstations take a copy, which decides whether it
// is worth carrying.
func (a *app) printUntil(r mirror.Report) {
	until := r.Until.UTC().Format("2006-01-02 15:04 UTC")
	a.say("workstations take it until %s (%s)", until, r.UntilRole)
	if r.Until.Sub(a.now()) < shortLife {
		a.report(&usageError{reason: CodeShortLife, args: map[string]string{"Until": until, "Role": r.UntilRole}})
	}
}
